"""The ``tfm translate`` workflow: reads lines and writes their translations."""
