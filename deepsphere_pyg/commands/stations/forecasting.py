"""Tasks ``next-hour`` and ``next-day``: the next reports from the past ones."""

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
from deepsphere_pyg.commands.stations.data import WEATHER
from deepsphere_pyg.commands.stations.options import order_of
from deepsphere_pyg.commands.stations.regressions import (
    pooled_regression,
    station_regressions,
)
from deepsphere_pyg.datasets import StationSeries, seasonal_temperature
from samplings.arrays import FloatArray

# Shares of the times to train on; the last ones of these validate.
_TRAIN = {"next-hour": 2 / 3, "next-day": 0.7}
_VALIDATION = 0.1
# Samples that must be left to train on.
_LEAST = 4
Mask = npt.NDArray[np.bool_]


class Forecasting:
    """The next reports of all stations from some past ones.

    Parameters
    ----------
    options
        Options of the command.
    series
        Reports.

    Raises
    ------
    ValueError
        If there are too few times.
    """

    simple: tuple[str, ...] = (
        "persistence",
        "pooled-regression",
        "station-regression",
    )
    part_name = "seed"
    per_station = True
    ideal: tuple[str, ...] = ("optimum",)
    # Levels and hours of one day would tell the hours of training from those of the
    # test, which are warmer; anomalies of a day are like those of others.
    has_levels = False

    def __init__(self, options: Any, series: StationSeries) -> None:
        self.options, self.series = options, series
        self.parts = options.seeds
        n, past = len(series.times), options.past
        self.n_train = round(_TRAIN[options.task] * n)
        samples = self.n_train - past
        self.n_validation = max(1, round(_VALIDATION * samples))
        if samples - self.n_validation < _LEAST or n - self.n_train < 1:
            raise ValueError(
                f"--past {past} leaves {max(0, samples)} of {n} times to train on, "
                f"fewer than {_LEAST + 1}; pass fewer, or more times"
            )
        self.background = self._background()
        # What all methods see and predict: reports less the background.
        self.anomalies = series.values - self.background

    @classmethod
    def methods_of(cls, options: Any) -> tuple[str, ...]:
        """Return the methods that there are for the data."""
        ideal = cls.ideal if options.data == "generated" else ()
        return (*cls.simple, "order-0", "order-4", *ideal)

    def _background(self) -> FloatArray:
        """What is subtracted from the reports, here nothing."""
        return np.zeros(self.series.values.shape)

    def each_part(self, method: str) -> bool:
        """Whether a method has a result for each seed."""
        return order_of(method) is not None

    @property
    def unit(self) -> str:
        """Unit of the errors."""
        return self.series.unit

    @property
    def truth(self) -> FloatArray:
        """Reports, shape ``(T, V, C)``."""
        return self.series.values

    @property
    def limits(self) -> dict[str, float]:
        """Least errors there can be, where they are known."""
        return {}

    @property
    def notes(self) -> list[str]:
        """What a user must know of the data."""
        return []

    def scored(self, part: int) -> Mask:
        """Where answers count: test reports of stations that reported just before."""
        found = np.zeros(self.truth.shape, dtype=bool)
        known = np.isfinite(self.anomalies)
        found[self.n_train :] = known[self.n_train :] & known[self.n_train - 1 : -1]
        return found

    def answer(self, method: str, part: int) -> Answer:
        """Return the answers of a method for the test times."""
        parameters = 0
        if method == "persistence":
            found = self.last
        elif method == "climatology":
            found = np.zeros(self.truth.shape)
        elif method == "pooled-regression":
            found = pooled_regression(self.anomalies, self.options.past, self.n_train)
            parameters = self.options.past + 1
        elif method == "station-regression":
            found = station_regressions(self.anomalies, self.options.past, self.n_train)
            parameters = (self.options.past + 1) * self.truth[0].size
        else:
            found, parameters = self._network(method, part)
        return self._answer(found, parameters)

    def _answer(self, found: FloatArray, parameters: int = 0) -> Answer:
        """Return predicted anomalies as answers for the test times."""
        tested = np.full(self.truth.shape, np.nan)
        tested[self.n_train :] = (found + self.background)[self.n_train :]
        return Answer(tested, parameters)

    @property
    def last(self) -> FloatArray:
        """The last report before each time less the background of this time."""
        found = np.full(self.truth.shape, np.nan)
        found[1:] = self.truth[:-1] - self.background[1:]
        return found

    # -- networks ---------------------------------------------------------------------
    def _network(self, method: str, part: int) -> tuple[FloatArray, int]:
        """Train a network that predicts the change from the last report."""
        options, past = self.options, self.options.past
        end = self.n_train - self.n_validation
        trained, parameters = train_network(
            options,
            method,
            options.folder / f"{method}-seed{part}",
            self.series.sampling,
            self._samples(past, end),
            self._samples(end, self.n_train),
            part,
            robust=options.data != "generated",
        )
        n = len(self.truth)
        X = self._samples(self.n_train, n).X
        size = max(options.batch_size, 32)
        change = trained.predict(X, batch_size=size, progress=False)[..., 0]
        channels = self.truth.shape[2]
        change = change.reshape(channels, n - self.n_train, -1).transpose(1, 2, 0)
        found = np.full(self.truth.shape, np.nan)
        found[self.n_train :] = self.reference[self.n_train :] + change
        return found, parameters

    @property
    def reference(self) -> FloatArray:
        """The last report in the window before each time, 0 if there is not one."""
        found = np.zeros(self.truth.shape)
        for step in range(self.options.past, 0, -1):
            before = self.anomalies[:-step]
            found[step:] = np.where(np.isfinite(before), before, found[step:])
        return found

    def _samples(self, start: int, stop: int) -> Samples:
        """Return samples that predict the times of a range, channel by channel."""
        X, y, reference = [], [], self.reference
        gaps = bool(np.isnan(self.anomalies).any())
        for channel in range(self.truth.shape[2]):
            for t in range(start, stop):
                window = self.anomalies[t - self.options.past : t, :, channel]
                last = reference[t, :, channel]
                known = np.isfinite(window)
                columns = [*np.where(known, window - last, 0)[:-1]]
                if self.has_levels:
                    columns.append(last)
                if gaps:
                    columns += [*known]
                X.append(np.stack(columns, axis=1))
                y.append((self.anomalies[t, :, channel] - last)[:, None])
                # Stations that reported nothing in the window have nothing to change.
                y[-1][~known.any(axis=0)] = np.nan
        return Samples(np.stack(X).astype(np.float32), np.stack(y).astype(np.float32))


class DailyForecasting(Forecasting):
    """The next day from past days, as anomalies from the climatology."""

    has_levels = True
    simple = ("persistence", "climatology", *Forecasting.simple[1:])

    def _background(self) -> FloatArray:
        """The climatology of the days to train on."""
        return climatology(self.series, self.n_train)

    @property
    def limits(self) -> dict[str, float]:
        """Mean squared errors of the best predictions, of generated reports."""
        if self.options.data != "generated":
            return {}
        known, whole = f"optimum of {self.options.past} days", "optimum of all days"
        _, error = WEATHER.predictor(self.series.xyz, self.options.past)
        return {known: error, whole: WEATHER.filter_error(self.series.xyz)}

    def answer(self, method: str, part: int) -> Answer:
        """Return the answers of a method for the test times."""
        if method == "optimum":
            return self._answer(self._optimum())
        return super().answer(method, part)

    def _optimum(self) -> FloatArray:
        """Kriging in space and time, with the true covariance and seasons."""
        series, past = self.series, self.options.past
        seasons = seasonal_temperature(series.lat, series.times)
        weather = series.values[..., 0] - seasons
        weights, _ = WEATHER.predictor(series.xyz, past)
        found = np.full(self.truth.shape, np.nan)
        for t in range(past, len(weather)):
            found[t, :, 0] = np.tensordot(weights, weather[t - past : t], axes=2)
        return found + seasons[..., None] - self.background
