"""Task ``interpolate``: values at stations from the others at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from deepsphere_pyg.commands.stations.answers import (
    Answer,
    Samples,
    train_network,
)
from deepsphere_pyg.commands.stations.interpolators import (
    BASELINES,
    BEST,
    Interpolators,
    InterpolatorsAt,
    Places,
)
from deepsphere_pyg.datasets import StationSeries
from samplings.arrays import FloatArray
from samplings.points.neighbours import nearest_neighbours

# Share of the other stations that select the epoch, and of those left that each
# training sample hides.
VALIDATION, HIDDEN = 0.1, 0.2
# Times that covariances are fitted to, and times of longer series that are used.
_FITTED, _MOST_TIMES = 4, 48
# Differences beyond these are errors of reports: inputs are clipped there.
_CLIP, _SMALL = 15.0, 2.0
# Reports that a time must have of stations that are not held out.
LEAST_REPORTS = 20
Mask = npt.NDArray[np.bool_]


class Interpolation:
    """Values at stations held out, from the others at the same time.

    Stations are dealt into folds at random; each fold in turn is held out at all times.

    Parameters
    ----------
    options
        Options of the command.
    series
        Reports.

    Raises
    ------
    ValueError
        If there are too few stations or reports.
    """

    part_name = "fold"
    #: Whether answers are of single stations, else of all together.
    per_station = True
    #: Methods that know more than a user can, and least errors there can be.
    ideal: tuple[str, ...] = ()

    def __init__(self, options: Any, series: StationSeries) -> None:
        self.options, self.series = options, series
        n = len(series.names)
        if options.folds < 2 or options.folds > n // LEAST_REPORTS:
            raise ValueError(
                f"--folds must be from 2 to a twentieth of the {n} stations, got "
                f"{options.folds}; pass another number, or more stations"
            )
        self.parts = tuple(range(options.folds))
        order = np.random.default_rng(options.seed).permutation(n)
        self.fold = order % options.folds
        self.places = Places.of(series)
        reports = series.values[..., 0]
        # Of long series, times at equal distances, the last one among them.
        count = min(len(reports), _MOST_TIMES)
        self.times = np.linspace(0, len(reports) - 1, count).round().astype(int)
        self.reports = reports[self.times]

    @classmethod
    def methods_of(cls, options: Any) -> tuple[str, ...]:
        """Return the methods that there are for the data."""
        return (*BASELINES, "order-2")

    def each_part(self, method: str) -> bool:
        """Whether a method has a result for each fold."""
        return True

    @property
    def unit(self) -> str:
        """Unit of the errors."""
        return self.series.unit

    @property
    def limits(self) -> dict[str, float]:
        """Least errors there can be, where they are known."""
        return {}

    @property
    def truth(self) -> FloatArray:
        """Reports, shape ``(T, V, 1)``."""
        reports: FloatArray = self.reports[..., None]
        return reports

    def scored(self, part: int) -> Mask:
        """Where answers count, shape ``(T, V, 1)``."""
        known: Mask = np.isfinite(self.reports) & (self.fold == part)
        return known[..., None]

    @property
    def notes(self) -> list[str]:
        """What a user must know of the data."""
        filled = self.places.n_filled
        text = f"{filled} stations of unknown elevation count as of the mean elevation"
        return [text] if filled else []

    def answer(self, method: str, part: int) -> Answer:
        """Return the answers of a method for a fold."""
        if method in BASELINES:
            shape = self.reports.shape
            found = np.full(shape, np.nan)
            for t, estimates in enumerate(self._tested(part)):
                found[t] = estimates[method]
            return Answer(np.where(self.fold == part, found, np.nan)[..., None])
        return self._network(method, part)

    # -- estimates of simple methods --------------------------------------------------
    def _at(self, part: int) -> list[InterpolatorsAt]:
        """Return the simple methods for all times, without the stations of a fold."""
        if self._kept[0] != part:
            reports = np.where(self.fold == part, np.nan, self.reports)
            few = np.isfinite(reports).sum(axis=1)
            if few.min() < LEAST_REPORTS:
                raise ValueError(
                    f"each time must have {LEAST_REPORTS} reports of stations that are "
                    f"not held out, got {few.min()} at time "
                    f"{self.series.times[self.times[int(few.argmin())]]}; leave that "
                    "time out"
                )
            step = max(1, len(reports) // _FITTED)
            fitted = Interpolators.fit(
                self.places, reports, range(0, len(reports), step)[:_FITTED], part
            )
            steps = tqdm(reports, desc="kriging", leave=False, disable=None)
            kept = [fitted.at(np.isfinite(one)) for one in steps]
            self._kept = (
                part,
                kept,
                [a(r) for a, r in zip(kept, reports, strict=True)],
            )
        found: list[InterpolatorsAt] = self._kept[1]
        return found

    @cached_property
    def _kept(self) -> Any:
        return (None, [], [])

    def _tested(self, part: int) -> list[dict[str, FloatArray]]:
        """Estimates at all times from all stations that are not held out."""
        self._at(part)
        found: list[dict[str, FloatArray]] = self._kept[2]
        return found

    # -- networks ---------------------------------------------------------------------
    def _network(self, method: str, part: int) -> Answer:
        """Train a network that corrects kriging, and let it answer."""
        options = self.options
        random = np.random.default_rng([options.seed, part])
        others = np.flatnonzero(self.fold != part)
        n_validation = max(1, round(VALIDATION * len(others)))
        validating = np.zeros(len(self.fold), dtype=bool)
        validating[random.permutation(others)[:n_validation]] = True
        trained, parameters = train_network(
            options,
            method,
            options.folder / f"{method}-fold{part}",
            self.series.sampling,
            self._samples(part, self._masks(part, validating, random), validating),
            self._samples(part, [validating] * len(self.reports)),
            options.seed,
            robust=True,
        )
        inputs, best = [], []
        for t, estimates in enumerate(self._tested(part)):
            known = np.isfinite(self.reports[t]) & (self.fold != part)
            inputs.append(self._inputs(t, estimates, known))
            best.append(estimates[BEST])
        correction = trained.predict(
            np.stack(inputs), batch_size=options.batch_size, progress=False
        )
        found = np.stack(best) + correction[..., 0]
        values = np.where(self.fold == part, found, np.nan)[..., None]
        return Answer(values, parameters)

    def _masks(
        self, part: int, validating: Mask, random: np.random.Generator
    ) -> Iterator[Mask]:
        """Yield stations to hide, for all times in turn, so many times."""
        for _ in range(self.options.masks):
            for _ in self.reports:
                yield validating | (random.uniform(size=len(self.fold)) < HIDDEN)

    def _samples(self, part: int, masks: Any, left_out: Mask | None = None) -> Samples:
        """Return samples whose targets are what hidden stations differ by from kriging.

        Estimates, also those at hidden stations, come from visible ones alone, so that
        no input knows a target.
        """
        X, y = [], []
        steps = tqdm(masks, desc="masks", leave=False, disable=None)
        for i, hidden in enumerate(steps):
            t = i % len(self.reports)
            known = np.isfinite(self.reports[t]) & (self.fold != part)
            estimates = self._at(part)[t](self.reports[t], hidden)
            X.append(self._inputs(t, estimates, known & ~hidden))
            counts = known & hidden
            if left_out is not None:
                counts &= ~left_out
            error = self.reports[t] - estimates[BEST]
            y.append(np.where(counts, error, np.nan)[:, None])
        return Samples(np.stack(X), np.stack(y).astype(np.float32))

    def _inputs(
        self, t: int, estimates: dict[str, FloatArray], visible: Mask
    ) -> npt.NDArray[np.float32]:
        """Return the channels of one time, shape ``(V, C)``."""
        best = estimates[BEST]
        error = np.where(visible, np.nan_to_num(self.reports[t]) - best, 0)
        hour = self.series.hours[self.times[t]]
        solar = 2 * np.pi * (hour / 24 + self.series.lon / 360)
        channels = [
            visible,
            np.clip(error, -_CLIP, _CLIP),
            np.tanh(error / _SMALL),
            *(
                np.clip(estimates[name] - best, -_CLIP, _CLIP)
                for name in ("nearest", "inverse-distance", "kriging")
            ),
            best - best.mean(),
            np.sin(solar),
            np.cos(solar),
            *self.places.covariates.T,
            *self._surroundings.T,
        ]
        return np.stack(channels, axis=1).astype(np.float32)

    @cached_property
    def _surroundings(self) -> FloatArray:
        """Covariates less the means of neighbours, and the distance of these."""
        k = min(8, len(self.fold) - 1)
        graph = nearest_neighbours(self.places.xyz, k)
        count = np.diff(graph.indptr)[:, None]
        chords = np.asarray(graph.sum(axis=1)).reshape(-1, 1) / count
        linked = graph.copy()
        linked.data = np.ones_like(linked.data)
        means = (linked @ self.places.covariates) / count
        return np.hstack([self.places.covariates - means, np.log(chords)])
