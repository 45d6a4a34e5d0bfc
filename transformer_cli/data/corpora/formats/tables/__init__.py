"""Text tables: delimiter, quoting, header and columns are found by content."""
