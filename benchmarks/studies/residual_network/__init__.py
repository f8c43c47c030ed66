"""The residual network of partial skies against the same one on sparse COO matrices."""
