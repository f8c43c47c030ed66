"""Climate simulations with labelled events, from files or generated."""

from deepsphere_pyg.datasets.climate.cam5 import CAM5, CAM5_CHANNELS
from deepsphere_pyg.datasets.climate.climate_sphere_l5 import ClimateSphereL5
from deepsphere_pyg.datasets.climate.climatenet import ClimateNet
from deepsphere_pyg.datasets.climate.extreme_weather import ExtremeWeather

__all__ = ["CAM5", "CAM5_CHANNELS", "ClimateNet", "ClimateSphereL5", "ExtremeWeather"]
