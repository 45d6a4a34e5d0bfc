"""The files of pairs that models make from text."""
