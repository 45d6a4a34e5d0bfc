"""The prepared data on disk: training, validation and test set."""
