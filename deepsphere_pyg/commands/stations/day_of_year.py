"""Task ``day-of-year``: how far the year is from its beginning, from one day's map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.commands.stations.answers import (
    Answer,
    Samples,
    train_network,
)
from deepsphere_pyg.commands.stations.climatology import climatology
from deepsphere_pyg.commands.stations.options import order_of
from deepsphere_pyg.commands.stations.regressions import ridge_regression
from deepsphere_pyg.datasets import StationSeries
from samplings.arrays import FloatArray

# Shares of the days: the first ones train, the last ones of these validate.
_TRAIN, _VALIDATION = 0.7, 0.1
# Days of training that there must be: a year, so that all seasons were seen.
_LEAST = 366
# Of a cosine that begins and ends with the year, as published.
_PERIOD = 367
Mask = npt.NDArray[np.bool_]


def day_number(times: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """Return the day of the year, from 1.

    Examples
    --------
    >>> day_number(np.array(["2012-01-01", "2012-12-31"], dtype="datetime64[D]"))
    array([  1, 366])
    """
    days = times.astype("datetime64[D]")
    first = days.astype("datetime64[Y]").astype("datetime64[D]")
    number: npt.NDArray[np.int64] = (days - first).astype(np.int64) + 1
    return number


def season(number: npt.ArrayLike) -> FloatArray:
    r"""Return :math:`(1 - \cos(2 \pi d / 367)) / 2` of days of the year d.

    Zero at the turn of the year and one in July.

    Examples
    --------
    >>> season([0, 367]), season(183.5)
    (array([0., 0.]), array(1.))
    """
    turns = np.asarray(number, dtype=np.float64) / _PERIOD
    return np.asarray((1 - np.cos(2 * np.pi * turns)) / 2)


class DayOfYear:
    """The season of a day from the reports of that day at all stations.

    Persistence has no place here: who knows yesterday's date knows today's.

    Parameters
    ----------
    options
        Options of the command.
    series
        Daily reports; all channels of a day are seen together.

    Raises
    ------
    ValueError
        If there is less than a year to train on.
    """

    simple: tuple[str, ...] = (
        "mean",
        "climatology",
        "pooled-regression",
        "station-regression",
    )
    part_name = "seed"
    ideal: tuple[str, ...] = ()
    per_station = False
    unit = ""
    notes: tuple[str, ...] = ()

    def __init__(self, options: Any, series: StationSeries) -> None:
        self.options, self.series = options, series
        self.parts = options.seeds
        self.n_train = round(_TRAIN * len(series.times))
        if self.n_train < _LEAST:
            raise ValueError(
                f"day-of-year trains on the first {100 * _TRAIN:.0f} % of the days, "
                f"which must be at least {_LEAST}, got {self.n_train} of "
                f"{len(series.times)}; pass --n-days {round(_LEAST / _TRAIN) + 1} or "
                "more, or more --years"
            )
        self.n_validation = round(_VALIDATION * self.n_train)
        self.truth = season(day_number(series.times))[:, None, None]
        self.limits: dict[str, float] = {}

    @classmethod
    def methods_of(cls, options: Any) -> tuple[str, ...]:
        """Return the methods that there are."""
        return (*cls.simple, "order-0", "order-4")

    def each_part(self, method: str) -> bool:
        """Whether a method has a result for each seed."""
        return order_of(method) is not None

    def scored(self, part: int) -> Mask:
        """Where answers count: test days with a report."""
        found: Any = np.isfinite(self.series.values).any(axis=(1, 2), keepdims=True)
        found[: self.n_train] = False
        days: Mask = found
        return days

    def answer(self, method: str, part: int) -> Answer:
        """Return the answers of a method for the test days."""
        n, parameters = self.n_train, 1
        target = self.truth[:, 0, 0]
        if method == "mean":
            found = np.full(len(target), target[:n].mean())
        elif method == "climatology":
            found, parameters = self._climatology(), 0
        elif method in ("pooled-regression", "station-regression"):
            inputs = self._standardized()
            if method == "pooled-regression":
                inputs = inputs.mean(axis=1)
            fit = slice(0, n - self.n_validation), slice(n - self.n_validation, n)
            inputs = inputs.reshape(len(target), -1)
            found = ridge_regression(inputs, target, *fit)
            parameters = inputs.shape[1] + 1
        else:
            found, parameters = self._network(method, part)
        tested = np.full(self.truth.shape, np.nan)
        tested[n:, 0, 0] = found[n:]
        return Answer(tested, parameters)

    def _climatology(self) -> FloatArray:
        """The season of the day whose climatology is nearest to the reports."""
        values = self.series.values
        # Every day of a year, of which the training days have at least one.
        normal = climatology(self.series, self.n_train)[:_LEAST]
        seasons = self.truth[:_LEAST, 0, 0]
        found = np.full(len(values), np.nan)
        for t in range(self.n_train, len(values)):
            difference = (normal - values[t]) ** 2
            known = np.isfinite(difference)
            if known.any():
                count = known.sum(axis=(1, 2))
                total = np.where(known, difference, 0).sum(axis=(1, 2))
                with np.errstate(invalid="ignore", divide="ignore"):
                    found[t] = seasons[np.nanargmin(total / count)]
        return found

    def _standardized(self) -> FloatArray:
        """Reports less the mean of the training days, over their spread; 0 if none."""
        values = self.series.values
        first = values[: self.n_train]
        centre, spread = (f(first, axis=(0, 1)) for f in (np.nanmean, np.nanstd))
        scaled = (values - centre) / np.where(spread > 0, spread, 1)
        return np.asarray(np.nan_to_num(scaled))

    def _network(self, method: str, part: int) -> tuple[FloatArray, int]:
        """Train a network with a linear map of its mean over the stations."""
        options, n, size = self.options, self.n_train, self.n_validation
        known = np.isfinite(self.series.values)
        columns = [self._standardized()]
        if not known.all():
            columns.append(known.astype(np.float64))
        X = np.concatenate(columns, axis=-1).astype(np.float32)
        y = self.truth[:, 0].astype(np.float32)
        trained, parameters = train_network(
            options,
            method,
            options.folder / f"{method}-seed{part}",
            self.series.sampling,
            Samples(X[: n - size], y[: n - size]),
            Samples(X[n - size : n], y[n - size : n]),
            part,
            head="mean",
        )
        found = np.full(len(X), np.nan)
        batch = max(options.batch_size, 32)
        found[n:] = trained.predict(X[n:], batch_size=batch, progress=False)[:, 0]
        return found, parameters
