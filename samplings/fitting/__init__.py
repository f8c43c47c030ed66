"""Edge weights of least equivariance error."""

from samplings.fitting.fitted import FittedWeights, fit_weights

__all__ = ["FittedWeights", "fit_weights"]
