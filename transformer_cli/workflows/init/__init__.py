"""``tfm init``: a recipe that fits the corpora and the machine."""
