"""One layer that ``deepsphere-pyg equivariance --layers`` measures, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from deepsphere_pyg.harmonics import HarmonicLayout
from deepsphere_pyg.metrics import LayerEquivarianceError, layer_equivariance_error
from samplings import Sampling, SO3Grid

DTYPES = {"float32": torch.float32, "float64": torch.float64}
# Of layers that mix channels. Activations act on single channels and have one.
CHANNELS = 4


@dataclass(frozen=True)
class ComparedLayer:
    """A layer to be measured, as one row of the table.

    Parameters
    ----------
    layer
        Its name.
    build
        Makes it, with random weights.
    layout, layout_out
        Rows of coefficients before and after; None after a read-out of invariants.
    grid
        Where values are computed in between; None for a layer on coefficients alone.
    N
        Azimuthal bandlimit, where it has one.
    channels
        Of its input.
    published
        Error printed by others for such a layer, in single precision.
    """

    layer: str
    build: Callable[[], nn.Module]
    layout: HarmonicLayout
    layout_out: HarmonicLayout | None
    grid: Sampling | SO3Grid | None = None
    N: int | None = None
    channels: int = CHANNELS
    published: float | None = None

    @property
    def grid_name(self) -> str:
        """Name of the grid, empty for a layer without a grid."""
        return "" if self.grid is None else self.grid.name


@dataclass(frozen=True)
class MeasuredLayer:
    """Errors of a layer, by the name of the dtype in which it computed."""

    case: ComparedLayer
    errors: dict[str, LayerEquivarianceError]


def measure_layer(case: ComparedLayer, n_samples: int, seed: int) -> MeasuredLayer:
    """Measure a layer in both dtypes, with the same weights, signals and rotations."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = case.build()
    errors = {
        name: layer_equivariance_error(
            layer,
            case.layout,
            case.layout_out,
            in_channels=case.channels,
            n_samples=n_samples,
            seed=seed,
            dtype=dtype,
        )
        for name, dtype in DTYPES.items()
    }
    return MeasuredLayer(case, errors)
