"""``tfm export``: the model in another engine's format, checked against this one."""
