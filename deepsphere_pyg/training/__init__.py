"""Training with Lightning: modules, loop, checkpoints and predictions."""
