"""Weather stations: reports in files of several kinds, and generated ones."""

from deepsphere_pyg.datasets.stations.generated_temperatures import (
    generated_temperatures,
    seasonal_temperature,
    station_positions,
)
from deepsphere_pyg.datasets.stations.ghcn_daily import read_ghcn_daily
from deepsphere_pyg.datasets.stations.ghcn_files import (
    GHCN_ELEMENTS,
    GHCNStations,
    read_ghcn_stations,
    read_ghcn_year,
)
from deepsphere_pyg.datasets.stations.hourly_reports import read_station_reports
from deepsphere_pyg.datasets.stations.station_series import StationSeries
from deepsphere_pyg.datasets.stations.travelling_anomalies import TravellingAnomalies

__all__ = [
    "GHCN_ELEMENTS",
    "GHCNStations",
    "StationSeries",
    "TravellingAnomalies",
    "generated_temperatures",
    "read_ghcn_daily",
    "read_ghcn_stations",
    "read_ghcn_year",
    "read_station_reports",
    "seasonal_temperature",
    "station_positions",
]
