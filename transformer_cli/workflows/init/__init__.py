"""The ``tfm init`` workflow: writes a recipe that fits the corpora and the machine."""
