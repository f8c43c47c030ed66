"""The networks that ``deepsphere-pyg digits`` compares, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

# Its names load PyTorch, which takes seconds, when a network is built.
from deepsphere_pyg import models
from samplings import Equiangular, HEALPix, Sampling

if TYPE_CHECKING:
    from deepsphere_pyg.models import SavedModel

#: Largest number of parameters of a network.
MOST_PARAMETERS = 60_000
CLASSES = 10


def grid() -> Sampling:
    """Return the grid of Cohen et al. 2018 for digits, exact up to L = 30."""
    return Equiangular(60, 60, "driscoll-healy")


def pixels() -> Sampling:
    """Return 3,072 pixels of equal area, about as many as the grid has points."""
    return HEALPix(16)


def _generalized(sampling: Sampling) -> SavedModel:
    return models.GeneralizedClassifier(1, CLASSES, sampling)


def _generalized_silu(sampling: Sampling) -> SavedModel:
    return models.GeneralizedClassifier(1, CLASSES, sampling, activation="silu")


def _hybrid(sampling: Sampling) -> SavedModel:
    return models.HybridClassifier(1, CLASSES, sampling)


def _so3(sampling: Sampling) -> SavedModel:
    from deepsphere_pyg.layers import LocalGrid

    return models.SO3Classifier(
        1,
        CLASSES,
        sampling,
        channels=(12, 24),
        bandlimits=(12, 6),
        azimuthal_bandlimits=(3, 3),
        local=LocalGrid(3, 8),
        normalization="running",
    )


def _zonal(sampling: Sampling) -> SavedModel:
    return models.ZonalClassifier(
        1, CLASSES, sampling, bandlimits=(16, 12, 6), channels=(24, 48, 80)
    )


def _chebyshev(sampling: Sampling) -> SavedModel:
    return models.SphericalClassifier(1, CLASSES, sampling, widths=(16, 32, 64, 128))


def _planar(sampling: Sampling) -> SavedModel:
    return models.PlanarClassifier(1, CLASSES, sampling, channels=(16, 32, 48, 48))


#: Sampling of the digits, and the network on it.
DIGIT_NETWORKS: dict[
    str, tuple[Callable[[], Sampling], Callable[[Sampling], SavedModel]]
] = {
    "generalized": (grid, _generalized),
    "generalized-silu": (grid, _generalized_silu),
    "hybrid": (pixels, _hybrid),
    "so3": (grid, _so3),
    "zonal": (grid, _zonal),
    "chebyshev": (pixels, _chebyshev),
    "planar": (grid, _planar),
}

#: Networks that begin with a transform, which has no parameters.
ON_COEFFICIENTS = ("generalized", "generalized-silu", "so3", "zonal")
