"""Export of the model to the formats of other libraries, with their weight names and order of positions."""
