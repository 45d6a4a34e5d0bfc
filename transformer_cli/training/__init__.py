"""Training: loss, schedule, single update, training loop, and the record of the best validation."""
