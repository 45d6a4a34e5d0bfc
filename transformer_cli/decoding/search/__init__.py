"""Search over any `StepDecoder`: knows no model."""
