"""The model in the format of another library: its weights under other names, its positions in another order."""
