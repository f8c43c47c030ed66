"""Verification of forecasts by lead time, region and channel."""

from deepsphere_pyg.metrics.forecast.baselines import DampedPersistence, persistence
from deepsphere_pyg.metrics.forecast.climatology import Climatology
from deepsphere_pyg.metrics.forecast.definitions import DEFINITIONS, ScoreDefinition
from deepsphere_pyg.metrics.forecast.ensemble_scores import crps
from deepsphere_pyg.metrics.forecast.regions import REGIONS, Region
from deepsphere_pyg.metrics.forecast.scores import ForecastScores
from deepsphere_pyg.metrics.forecast.spectra import EnergySpectra, LeadSpectra
from deepsphere_pyg.metrics.forecast.time_axis import regular_step
from deepsphere_pyg.metrics.forecast.verification import Verification

__all__ = [
    "DEFINITIONS",
    "REGIONS",
    "Climatology",
    "DampedPersistence",
    "EnergySpectra",
    "ForecastScores",
    "LeadSpectra",
    "Region",
    "ScoreDefinition",
    "Verification",
    "crps",
    "persistence",
    "regular_step",
]
