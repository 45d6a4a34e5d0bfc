"""``tfm score``: metrics of texts, and the model's own score of pairs."""
