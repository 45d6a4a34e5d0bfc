"""The processes that train one model together: their common interface, and how they connect."""
