"""Anomalies of the runs of a climate model, with all climatology from training runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.datasets import Regridder
from samplings import HEALPix

Array = npt.NDArray[np.float64]

#: Members with all forcings, and with natural forcings alone.
FORCED = (57, 59, 60, 61)
NATURAL = (66, 67, 68, 69)
TASKS = ("year", "forcing")
#: Years in which forced and natural runs are told apart.
LATE = slice(1960, 1999)
#: Fewer vertices than the file's grid has, in the hope that what lasts a year is large.
PIXELS = HEALPix(8)
#: Inputs of the networks: the field, and what tells one place from another.
INPUTS = ("scaled", "spread", "climate", "x", "y", "z")
# Gaussian latitudes are stored in float32.
LATITUDE_ERROR = 1e-3


@dataclass(frozen=True, eq=False)
class Fold:
    """Fields with the mean and the spread of the training runs.

    Attributes
    ----------
    fields
        ``raw``, anomalies in K; ``scaled``, these over the local spread of the years,
        both ``(member, year, lat, lon)``; and maps that are the same in all years.
    training
        Members to train and validate on.
    """

    fields: xr.Dataset
    training: tuple[int, ...]

    def maps(self, name: str, members: Sequence[int]) -> Array:
        """Return fields of members, shape ``(map, lat, lon)``."""
        found = self.fields[name].sel(member=list(members)).to_numpy()
        maps: Array = found.reshape(-1, *found.shape[2:]).astype(np.float64)
        return maps

    @cached_property
    def to_pixels(self) -> Regridder:
        """Regridding of maps to ``PIXELS``, as for the networks there."""
        return Regridder(from_xarray(self.fields["raw"]), PIXELS)


def read_runs(path: Path) -> xr.DataArray:
    """Return annual mean temperatures in K, ``(member, year, lat, lon)``."""
    with xr.open_dataset(path) as dataset:
        runs = dataset["TREFHT"].transpose("member", "year", "lat", "lon").load()
    areas(runs)
    return runs


def runs_of(runs: xr.DataArray, task: str) -> xr.DataArray:
    """Return the runs and years of a task."""
    if task == "year":
        return runs.sel(member=list(FORCED))
    return runs.sel(year=LATE)


def folds_of(task: str) -> Iterator[tuple[list[list[int]], list[int]]]:
    """Yield the groups of training runs, and the runs held out, of each fold.

    Of the task ``"year"``, the runs with all forcings but one; of ``"forcing"``, all
    but one of each kind.
    """
    if task == "year":
        for held in FORCED:
            yield [[member for member in FORCED if member != held]], [held]
        return
    for forced, natural in itertools.product(FORCED, NATURAL):
        groups = [
            [member for member in group if member not in (forced, natural)]
            for group in (FORCED, NATURAL)
        ]
        yield groups, [forced, natural]


def areas(runs: xr.DataArray) -> Array:
    """Return the share of the sphere of each cell, ``(lat, lon)``.

    If the latitudes are not those of the Gaussian grid, ``ValueError`` is raised.
    """
    nodes, weights = np.polynomial.legendre.leggauss(runs.sizes["lat"])
    found = np.sin(np.deg2rad(runs["lat"].to_numpy().astype(np.float64)))
    if np.abs(nodes - found).max() > LATITUDE_ERROR:
        raise ValueError(
            "the latitudes must be those of a Gaussian grid, from south to north, got "
            f"{runs['lat'].to_numpy()}"
        )
    n_lon = runs.sizes["lon"]
    return np.repeat(weights[:, None] / (2 * n_lon), n_lon, axis=1)


def fold_of(
    runs: xr.DataArray, groups: Sequence[Sequence[int]], *, keep_mean: bool
) -> Fold:
    """Return anomalies from the mean of training runs.

    Parameters
    ----------
    runs
        Temperatures ``(member, year, lat, lon)``.
    groups
        Training members, those with the same forcings together. The spread of the
        years at a place is that of the runs about the mean of their group.
    keep_mean
        Whether to leave the global mean of each map as it is, or subtract it.
    """
    training = [member for group in groups for member in group]
    climate = runs.sel(member=training).mean(("member", "year"))
    raw = runs - climate
    if not keep_mean:
        area = xr.DataArray(areas(runs), dims=("lat", "lon"))
        raw = raw - (raw * area).sum(("lat", "lon"))
    squares = []
    for group in groups:
        own = raw.sel(member=list(group))
        # The mean of n runs has 1/n of their variance.
        unbiased = len(group) / (len(group) - 1)
        deviations = ((own - own.mean("member")) ** 2).mean(("member", "year"))
        squares.append(deviations * unbiased)
    spread = (sum(squares) / len(squares)) ** 0.5
    lat, lon = (np.deg2rad(runs[name].astype(np.float64)) for name in ("lat", "lon"))
    fields = xr.Dataset(
        {
            "raw": raw,
            "scaled": raw / spread,
            "spread": np.log(spread),
            "climate": climate,
            "x": np.cos(lat) * np.cos(lon),
            "y": np.cos(lat) * np.sin(lon),
            "z": np.sin(lat) + 0 * lon,
        }
    ).transpose("member", "year", "lat", "lon")
    return Fold(fields.astype(np.float32), tuple(training))
