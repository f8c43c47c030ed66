"""What a rotation of the states that networks start from changes in their forecasts."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.studies.barotropic_forecasts.networks import NetworkForecast, Place
from benchmarks.studies.barotropic_forecasts.scores import error_spectra, relative
from benchmarks.studies.barotropic_forecasts.truth import Array
from deepsphere_pyg.harmonics import Rotation, rotate
from deepsphere_pyg.training.tasks import ForecastTask


class Turned(NamedTuple):
    """Forecasts from rotated states, rotated back.

    Attributes
    ----------
    change
        Relative difference from the forecasts without a rotation after the first step,
        and after the last.
    errors
        Mean squared errors by lead and degree.
    """

    change: tuple[float, float]
    errors: Array


def turned(
    task: ForecastTask,
    place: Place,
    present: Array,
    later: Array,
    plain: Array,
    *,
    tilt: bool,
    seed: int = 0,
) -> Turned:
    """Forecast from states that are rotated, and rotate the forecasts back.

    The equation is that of a planet that turns about an axis. About this axis the
    states are rotated by an angle; with ``tilt`` the planet is rotated with its flow to
    an axis anywhere, and the network is told the latitudes about that axis. Exact
    solutions are rotated in either case.

    Parameters
    ----------
    task, place
        A trained network, and its sampling.
    present, later, plain
        States, those that follow, and the forecasts without a rotation.
    tilt
        Whether the axis is rotated, too.
    seed
        Of the rotation.
    """
    generator = torch.Generator().manual_seed(seed)
    if tilt:
        rotation = Rotation.random((), generator)
    else:
        angle = 2 * math.pi * float(torch.rand((), generator=generator))
        rotation = Rotation.from_euler(angle, 0.0, 0.0)
    axis = tuple(rotation.matrix()[:, 2].tolist())
    forecast = NetworkForecast(task, place, axis)
    found = _rotated(
        forecast(_rotated(present, rotation), later.shape[1]), rotation.inverse()
    )
    first, last = (relative(found[:, lead], plain[:, lead]) for lead in (0, -1))
    return Turned((first, last), error_spectra(found, later))


def _rotated(c: Array, rotation: Rotation) -> Array:
    """Return coefficients ``(..., row)`` of rotated fields."""
    L = round(c.shape[-1] ** 0.5)
    x = torch.from_numpy(np.ascontiguousarray(c))[..., None]
    y: Array = rotate(x, rotation, L)[..., 0].numpy()
    return y
