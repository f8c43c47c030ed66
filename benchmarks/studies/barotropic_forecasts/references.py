"""Forecasts without a network: statistics, and the solver itself at less degrees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from benchmarks.studies.barotropic_forecasts.truth import (
    Array,
    Truth,
    forecast_of,
    truncated,
)
from deepsphere_pyg.datasets.flows import BarotropicVorticity
from deepsphere_pyg.harmonics import HarmonicLayout

#: From states ``(start, row)`` and a number of leads to forecasts ``(start, lead,
#: row)``.
Forecast = Callable[[Array, int], Array]
# Relative size of the difference from which a second run of the truth starts.
TWIN = 0.01


def persistence(present: Array, leads: int) -> Array:
    """Forecast that nothing changes."""
    return np.repeat(present[:, None], leads, axis=1)


def climatology(truth: Truth) -> Forecast:
    """Return the forecast of the mean of all states of the training runs."""
    mean = truth.part("training").mean(axis=(0, 1), dtype=np.float64)

    def forecast(present: Array, leads: int) -> Array:
        shape = (len(present), leads, len(mean))
        return np.broadcast_to(mean.astype(np.float32), shape)

    return forecast


def regression(truth: Truth) -> Forecast:
    """Return the linear regression of the anomaly of each degree on the present one."""
    runs = truth.part("training")
    mean = runs.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    degrees = HarmonicLayout(truth.sizes.L).degrees

    def by_degree(products: Array) -> Array:
        sums = products.sum(axis=(0, 1), dtype=np.float64)
        return np.bincount(degrees, weights=sums)

    def forecast(present: Array, leads: int) -> Array:
        found = np.empty((len(present), leads, len(mean)), np.float32)
        for lead in range(1, leads + 1):
            before, after = runs[:, :-lead] - mean, runs[:, lead:] - mean
            squares = by_degree(before**2)
            factors = by_degree(before * after) / np.where(squares > 0, squares, 1)
            scaled = factors[degrees].astype(np.float32) * (present - mean)
            found[:, lead - 1] = mean + scaled
        return found

    return forecast


def solver(truth: Truth, L: int, difference: float = 0.0) -> Forecast:
    """Return the forecast of the solver with the degrees below L, damped alike.

    Parameters
    ----------
    truth
        Its units and time step.
    L
        Bandlimit. Degree L - 1 is damped as the highest degree of the truth is.
    difference
        Relative size of the random difference of the initial states from the truth.
    """
    model = BarotropicVorticity(L, step=truth.sizes.step)

    def forecast(present: Array, leads: int) -> Array:
        start = truncated(present, L) * truth.spread
        if difference:
            noise = np.random.default_rng(0).standard_normal(start.shape)
            start = start * (1 + difference * torch.from_numpy(noise))
        found = np.zeros((len(present), leads, present.shape[1]), np.float32)
        series = forecast_of(model, start, leads, truth.sizes.hours)
        next(series)
        for lead, state in enumerate(series):
            found[:, lead, : L * L] = state / truth.spread
        return found

    return forecast


def reference_names(L: int) -> tuple[str, ...]:
    """Return the names of the references of a truth of a bandlimit."""
    solvers = (f"T{n - 1}" for n in _coarse(L))
    return ("persistence", "climatology", "regression", *solvers, "twin")


def reference(name: str, truth: Truth) -> Forecast:
    """Return a reference by its name."""
    if name == "persistence":
        return persistence
    if name == "twin":
        return solver(truth, truth.sizes.L, TWIN)
    if name.startswith("T"):
        return solver(truth, int(name[1:]) + 1)
    return {"climatology": climatology, "regression": regression}[name](truth)


def _coarse(L: int) -> tuple[int, int]:
    """Return half and three quarters of the degrees: T21 and T31 for T42."""
    return L // 2 + 1, 3 * L // 4
