"""Forecasts of series of fields: windows, statistics and training."""

from deepsphere_pyg.training.forecasts.fitting import fit_forecast
from deepsphere_pyg.training.forecasts.windows import (
    ForecastSample,
    ForecastWindows,
    forecast_windows,
)

__all__ = ["ForecastSample", "ForecastWindows", "fit_forecast", "forecast_windows"]
