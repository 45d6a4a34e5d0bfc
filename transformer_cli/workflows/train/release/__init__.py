"""From a finished training to a version in service, or not."""
