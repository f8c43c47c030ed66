"""Simple interpolations between stations at one time, each from the others alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from deepsphere_pyg.commands.stations.kriging import (
    Covariance,
    Kriging,
    fit_covariance,
)
from deepsphere_pyg.datasets import StationSeries
from samplings.arrays import FloatArray, IntArray

#: Simple methods, in the order of tables. The last one is corrected by networks.
BASELINES = (
    "nearest",
    "inverse-distance",
    "regression",
    "kriging",
    "kriging-covariates",
)
BEST = BASELINES[-1]
# Neighbours of inverse distances, and the power of these.
_NEIGHBOURS, _POWER = 8, 2


@dataclass(frozen=True, eq=False)
class Places:
    """Stations, and what is known of them without any report.

    Attributes
    ----------
    xyz
        Unit vectors, shape ``(V, 3)``.
    covariates
        Latitude, longitude and, if it is known of any station, elevation, of mean zero
        and spread one, shape ``(V, 2)`` or ``(V, 3)``.
    n_filled
        Stations of unknown elevation, which count as of the mean of the others.
    """

    xyz: FloatArray
    covariates: FloatArray
    n_filled: int

    @classmethod
    def of(cls, series: StationSeries) -> Places:
        """Return the places of a series."""
        columns = [series.lat, series.lon]
        known = np.isfinite(series.heights)
        if known.any():
            height = np.where(known, series.heights, series.heights[known].mean())
            columns.append(height)
        table = np.stack(columns, axis=1)
        spread = table.std(axis=0)
        scaled = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)
        filled = int((~known).sum()) if known.any() else 0
        return cls(series.xyz, scaled, filled)


@dataclass(frozen=True)
class Interpolators:
    """Simple methods with the covariances that kriging needs.

    Attributes
    ----------
    places
        The stations.
    plain, detrended
        Covariance of the reports, and of what covariates leave of them.
    """

    places: Places
    plain: Covariance
    detrended: Covariance

    @classmethod
    def fit(
        cls,
        places: Places,
        reports: FloatArray,
        times: Sequence[int],
        seed: int = 0,
    ) -> Interpolators:
        """Fit covariances at some times, and take their geometric means.

        Parameters
        ----------
        places
            The stations.
        reports
            Shape ``(T, V)``, NaN where a report is missing or must not be seen.
        times
            Rows to fit to.
        seed
            Seed of the stations that are drawn.
        """
        plain, detrended = [], []
        for time in times:
            known = np.isfinite(reports[time])
            xyz, values = places.xyz[known], reports[time, known]
            table = _with_ones(places.covariates[known])
            rest = values - table @ np.linalg.lstsq(table, values, rcond=None)[0]
            plain.append(fit_covariance(xyz, values, seed))
            detrended.append(fit_covariance(xyz, rest, seed))
        return cls(places, _mean(plain), _mean(detrended))

    def at(self, known: npt.NDArray[np.bool_]) -> InterpolatorsAt:
        """Return the methods for one time.

        Parameters
        ----------
        known
            True where there is a report, shape ``(V,)``.
        """
        xyz, table = self.places.xyz, self.places.covariates
        covariates = (table[known], table[~known])
        return InterpolatorsAt(
            self.places,
            known,
            {
                "kriging": Kriging(self.plain, xyz[known], xyz[~known]),
                BEST: Kriging(self.detrended, xyz[known], xyz[~known], *covariates),
            },
        )


@dataclass(frozen=True, eq=False)
class InterpolatorsAt:
    """Simple methods for the reports of one time.

    Attributes
    ----------
    places
        The stations.
    known
        True where there is a report, shape ``(V,)``.
    kriging
        The two kinds of kriging.
    """

    places: Places
    known: npt.NDArray[np.bool_]
    kriging: Mapping[str, Kriging]

    def __call__(
        self, values: FloatArray, hidden: npt.NDArray[np.bool_] | None = None
    ) -> dict[str, FloatArray]:
        """Estimate the value at each station from the visible ones but itself.

        Parameters
        ----------
        values
            Reports, shape ``(V,)``, of which known and visible ones are used.
        hidden
            True where a report is not used, shape ``(V,)``.

        Returns
        -------
        dict
            Estimates of each method, shape ``(V,)``.
        """
        visible = self.known if hidden is None else self.known & ~hidden
        seen = np.flatnonzero(visible)
        xyz, known = self.places.xyz, values[seen]
        found = {
            "nearest": _of_neighbours(xyz, seen, known, 1),
            "inverse-distance": _of_neighbours(xyz, seen, known, _NEIGHBOURS),
            "regression": _regression(self.places.covariates, seen, known),
        }
        own = None if hidden is None else hidden[self.known]
        for name, kriging in self.kriging.items():
            kriged = kriging(values[self.known], own)
            found[name] = np.empty(len(values))
            found[name][self.known] = kriged.at_known
            found[name][~self.known] = kriged.at_others
        return found


def _of_neighbours(
    xyz: FloatArray, seen: IntArray, known: FloatArray, count: int
) -> FloatArray:
    """Mean of the nearest visible stations but itself, by inverse squared distance."""
    count = min(count, len(seen) - 1)
    chords, index = map(np.asarray, cKDTree(xyz[seen]).query(xyz, k=count + 1))
    itself = np.full(len(xyz), -1)
    itself[seen] = np.arange(len(seen))
    # A visible station finds itself first, others drop the farthest.
    own = index == itself[:, None]
    own[~own.any(axis=1), -1] = True
    kept = (len(xyz), count)
    weight = 1 / chords[~own].reshape(kept) ** _POWER
    near = known[index[~own].reshape(kept)]
    return np.asarray((weight * near).sum(axis=1) / weight.sum(axis=1))


def _regression(
    covariates: FloatArray, seen: IntArray, known: FloatArray
) -> FloatArray:
    """Linear function of the covariates, fitted without the station itself."""
    table = _with_ones(covariates)
    inverse = np.linalg.pinv(table[seen])
    found = table @ (inverse @ known)
    leverage = np.einsum("np,pn->n", table[seen], inverse)
    found[seen] = known - (known - found[seen]) / (1 - leverage)
    return np.asarray(found)


def _with_ones(table: FloatArray) -> FloatArray:
    return np.hstack([np.ones((len(table), 1)), table])


def _mean(covariances: Sequence[Covariance]) -> Covariance:
    """Geometric means of the numbers of covariances."""
    rows = [(one.sill, one.length, one.nugget) for one in covariances]
    return Covariance(*np.exp(np.log(rows).mean(axis=0)).tolist())
