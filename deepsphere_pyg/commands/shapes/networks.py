"""The networks that ``deepsphere-pyg shapes`` compares, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

# Its names load PyTorch, which takes seconds, when a network is built.
from deepsphere_pyg import models
from samplings import Equiangular, HEALPix, Sampling, build_pyramid

if TYPE_CHECKING:
    from deepsphere_pyg.models import SavedModel

#: Channels of the network of Defferrard et al. 2020, from nside 32 on.
WIDTHS = (16, 32, 64, 128, 256)
CHANNELS = 6
#: Nearest neighbour of the power spectra of the maps, in place of a network.
SPECTRUM = "spectrum"


def pixels(nside: int) -> Sampling:
    """Return the pixels of a resolution, in the nested order of the published maps."""
    return HEALPix(nside, nest=True)


def grid(nside: int) -> Sampling:
    """Return the equiangular grid of a resolution: b = 2 nside, as published."""
    return Equiangular(4 * nside, 4 * nside)


def _widths(nside: int) -> tuple[int, ...]:
    """Channels of each level, down to nside 2."""
    return WIDTHS[-int(math.log2(nside)) :]


def _chebyshev(sampling: Sampling, nside: int, classes: int) -> SavedModel:
    # The published network has the normalized Laplacian on a grid of equal areas.
    return models.SphericalClassifier(
        CHANNELS,
        classes,
        sampling,
        widths=_widths(nside),
        normalization="batch-shift",
        laplacian="normalized",
        bias=False,
    )


def _equiangular(sampling: Sampling, nside: int, classes: int) -> SavedModel:
    widths = _widths(nside)
    pyramid = build_pyramid(sampling, len(widths) + 1, 4, weighting="inverse-distance")
    return models.SphericalClassifier(
        CHANNELS,
        classes,
        pyramid,
        widths=widths,
        normalization="batch-shift",
        laplacian="normalized",
        bias=False,
    )


def _zonal(sampling: Sampling, nside: int, classes: int) -> SavedModel:
    return models.ZonalClassifier(
        CHANNELS,
        classes,
        sampling,
        bandlimits=(nside, nside, nside // 2, nside // 4),
        channels=(32, 64, 128, 256),
    )


def _so3(sampling: Sampling, nside: int, classes: int) -> SavedModel:
    from deepsphere_pyg.layers import LocalGrid

    return models.SO3Classifier(
        CHANNELS,
        classes,
        sampling,
        channels=(32, 48),
        bandlimits=(min(16, nside), min(10, nside)),
        azimuthal_bandlimits=(4, 4),
        local=LocalGrid(3, 8),
        normalization="running",
    )


def _generalized(sampling: Sampling, nside: int, classes: int) -> SavedModel:
    return models.GeneralizedClassifier(
        CHANNELS,
        classes,
        sampling,
        lift_bandlimits=(min(16, nside), min(10, nside)),
        lift_channels=(24, 48),
        channels=(40, 40, 40),
        hidden=(192,),
    )


def _hybrid(sampling: Sampling, nside: int, classes: int) -> SavedModel:
    # The transform is at nside / 4, where its degrees must be resolved.
    highest = min(10, nside // 2 + 1)
    return models.HybridClassifier(
        CHANNELS,
        classes,
        sampling,
        widths=(16, 32),
        bandlimits=(highest, min(6, highest), 3),
        hidden=(128,),
    )


def _planar(sampling: Sampling, nside: int, classes: int) -> SavedModel:
    return models.PlanarClassifier(
        CHANNELS, classes, sampling, channels=(32, 64, 128, 128)
    )


@dataclass(frozen=True)
class ShapeNetwork:
    """A network, and what it is made for.

    Attributes
    ----------
    sampling
        Function from nside to the points of the maps.
    build
        Function from the sampling, nside and the number of classes to the network; None
        for the nearest neighbour of spectra.
    """

    sampling: Callable[[int], Sampling]
    build: Callable[[Sampling, int, int], SavedModel] | None


SHAPE_NETWORKS = {
    "chebyshev": ShapeNetwork(pixels, _chebyshev),
    "chebyshev-equiangular": ShapeNetwork(grid, _equiangular),
    "generalized": ShapeNetwork(grid, _generalized),
    "hybrid": ShapeNetwork(pixels, _hybrid),
    "so3": ShapeNetwork(grid, _so3),
    "zonal": ShapeNetwork(grid, _zonal),
    "planar": ShapeNetwork(grid, _planar),
    SPECTRUM: ShapeNetwork(grid, None),
}
