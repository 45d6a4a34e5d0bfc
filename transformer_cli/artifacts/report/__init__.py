"""``report/`` of a run directory: what the report shows of each version beside the model's own records."""
