"""Pictures of forecasts by lead time: spectra, and Hovmoller diagrams."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from torch import Tensor

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.metrics.forecast import LeadSpectra
from deepsphere_pyg.plot.forecasts import hovmoller, lead_spectra
from samplings.arrays import FloatArray

# Most bins of longitude.
_BINS = 72


def spectra_of(series: Series, spectra: LeadSpectra) -> Figure:
    """Draw the energy of each degree, with the names and lead times of a series."""
    names = [
        f"{name}, ({unit})²" if unit else name
        for name, unit in zip(series.names, series.units, strict=True)
    ]
    energy = (spectra.forecast, spectra.truth, spectra.error)
    forecast, truth, error = (one.numpy() for one in energy)
    times = [series.step.text(k + 1) for k in range(len(spectra.truth))]
    return lead_spectra(forecast, truth, error, names, times)


def hovmoller_of(
    options: ForecastOptions,
    series: Series,
    window: Any,
    forecast: npt.NDArray[Any],
    normal: Tensor,
) -> Figure:
    """Draw anomalies of the first variable in a band by longitude and lead time.

    Parameters
    ----------
    options, series
        Options of the command, and the series.
    window
        Truth of a forecast.
    forecast
        The forecast, shape ``(lead, V, C)``.
    normal
        Normal states at its times, same shape.
    """
    sampling = series.maps.sampling
    south, north = options.hovmoller
    band = (sampling.lat >= south) & (sampling.lat <= north)
    where = f"{south:g} to {north:g} degrees north"
    if not band.any():
        band, where = np.ones(len(sampling), dtype=bool), "all latitudes"
    about = normal[:, :, 0].numpy()
    known = window.mask[:, :, 0].numpy()
    truth = np.where(known, window.y[:, :, 0].numpy(), np.nan) - about
    predicted = forecast[:, :, 0] - about
    place, bins = longitude_bins(sampling.lon[band])
    edges = np.linspace(0, 360, bins + 1)
    weights = sampling.weights[band]
    panels = {
        title: _binned(values[:, band], place, weights, bins)
        for title, values in (
            ("truth", truth),
            ("forecast", predicted),
            ("forecast - truth", predicted - truth),
        )
    }
    times = [series.step.text(k + 1) for k in range(len(truth))]
    name, unit = series.names[0], series.units[0]
    label = f"anomaly of {name}, mean of {where}{f', {unit}' if unit else ''}"
    return hovmoller(edges, panels, times, label)


def longitude_bins(lon: FloatArray) -> tuple[npt.NDArray[np.int64], int]:
    """Return the bin of each longitude in degrees, and the most bins without a gap.

    Examples
    --------
    >>> longitude_bins(np.arange(0.0, 360, 90) + 45)
    (array([0, 1, 2, 3]), 4)
    """
    for bins in range(_BINS, 0, -1):
        place = np.minimum((lon * bins / 360).astype(np.int64), bins - 1)
        if len(np.unique(place)) == bins:
            break
    return place, bins


def _binned(
    values: FloatArray, place: npt.NDArray[np.int64], weights: FloatArray, bins: int
) -> FloatArray:
    """Return means by area of the known values in each bin, ``(lead, bins)``."""
    found = np.full((len(values), bins), np.nan)
    for lead, row in enumerate(values):
        known = np.isfinite(row)
        area = np.bincount(place[known], weights[known], bins)
        total = np.bincount(place[known], weights[known] * row[known], bins)
        found[lead, area > 0] = total[area > 0] / area[area > 0]
    return found
