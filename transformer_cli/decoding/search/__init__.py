"""Search algorithms over any `StepDecoder`, independent of the model."""
