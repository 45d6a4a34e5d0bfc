"""Training: loss, schedule, one update, the loop around it, and the tracking of what is best."""
