"""The ``tfm score`` workflow: metrics of translations, and the model's log-probabilities of pairs."""
