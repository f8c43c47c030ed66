"""Forecasts of series of fields: windows, statistics, training and ensembles.

Names are imported on first use, as Lightning, which windows do without, takes seconds
to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.training.forecasts.ensembles import (
        ForecastEnsemble as ForecastEnsemble,
    )
    from deepsphere_pyg.training.forecasts.fitting import fit_forecast as fit_forecast
    from deepsphere_pyg.training.forecasts.windows import (
        ForecastSample as ForecastSample,
    )
    from deepsphere_pyg.training.forecasts.windows import (
        ForecastWindows as ForecastWindows,
    )
    from deepsphere_pyg.training.forecasts.windows import (
        forecast_windows as forecast_windows,
    )
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".windows": ["ForecastSample", "ForecastWindows", "forecast_windows"],
            ".ensembles": ["ForecastEnsemble"],
            ".fitting": ["fit_forecast"],
        },
    )
