"""Forecasts of series of fields: windows, statistics, training and ensembles."""

from deepsphere_pyg.training.forecasts.ensembles import ForecastEnsemble
from deepsphere_pyg.training.forecasts.fitting import fit_forecast
from deepsphere_pyg.training.forecasts.windows import (
    ForecastSample,
    ForecastWindows,
    forecast_windows,
)

__all__ = [
    "ForecastEnsemble",
    "ForecastSample",
    "ForecastWindows",
    "fit_forecast",
    "forecast_windows",
]
