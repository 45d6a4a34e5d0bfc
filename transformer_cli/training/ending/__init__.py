"""The end of a training: by patience or by the time limit, and the time left until then."""
