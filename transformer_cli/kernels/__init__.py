"""Fast implementations of the model's and the loss's plain formulas. This package imports only torch."""
