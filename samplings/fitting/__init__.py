"""Edge weights of least equivariance error."""

from samplings.fitting.fitted import fit_weights
from samplings.fitting.fitted_weights import FittedWeights

__all__ = ["FittedWeights", "fit_weights"]
