"""How people spell, and how a training text does: invisible characters, variants, capitals, accents."""
