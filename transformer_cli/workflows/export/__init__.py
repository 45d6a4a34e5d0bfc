"""The ``tfm export`` workflow: writes a model in the format of another engine and checks its translations."""
