"""When a training ends: by patience, at the last update that the time suffices for, and what is left until then."""
