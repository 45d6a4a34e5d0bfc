"""Makes further training pairs from text, with models that translate it."""
