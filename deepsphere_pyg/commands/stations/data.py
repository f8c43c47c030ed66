"""Read or generate the reports of ``stations``."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepsphere_pyg.datasets import (
    StationSeries,
    TravellingAnomalies,
    generated_temperatures,
    read_ghcn_daily,
    read_station_reports,
    station_positions,
)
from samplings import Irregular

#: The weather of generated stations.
WEATHER = TravellingAnomalies()


def read_series(options: Any) -> StationSeries:
    """Return the reports that the options name; stations of one place are merged."""
    if options.data == "generated":
        return _generated(options)
    if options.data == "hourly":
        found = read_station_reports(options.file, options.variable)
    else:
        found = read_ghcn_daily(
            options.root,
            options.years,
            options.elements,
            missing=options.missing,
            progress=True,
        )
    merged = found.merged()
    apart = len(found.names) - len(merged.names)
    if apart:
        print(f"note       {apart} stations stand where another does, and are merged")
    return merged


def _generated(options: Any) -> StationSeries:
    """Generate daily temperatures at the stations of a file or of our own."""
    if options.points is None:
        lon, lat = station_positions(options.n_stations, options.seed)
    else:
        places = Irregular.from_file(options.points, duplicates="merge")
        if options.n_stations > len(places):
            raise ValueError(
                f"--n-stations must be at most the {len(places)} positions of "
                f"{options.points}, got {options.n_stations}; pass fewer"
            )
        random = np.random.default_rng(options.seed)
        some = np.sort(random.permutation(len(places))[: options.n_stations])
        lon, lat = places.lon[some], places.lat[some]
    return generated_temperatures(
        lon, lat, options.n_days, anomalies=WEATHER, seed=options.seed
    )
