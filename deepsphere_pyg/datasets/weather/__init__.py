"""Generated weather with labelled events."""

from deepsphere_pyg.datasets.weather.climate_events import ClimateEvents, WeatherState

__all__ = ["ClimateEvents", "WeatherState"]
