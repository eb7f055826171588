"""A training step: optimiser wrappers, and the methods within it."""
