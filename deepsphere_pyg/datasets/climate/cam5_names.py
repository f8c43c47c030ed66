"""Names in the labelled snapshots of the Community Atmosphere Model, version 5."""

from __future__ import annotations

#: Channels in the order of the files: see :class:`WeatherState` for their units.
CAM5_CHANNELS = (
    "TMQ",
    "U850",
    "V850",
    "UBOT",
    "VBOT",
    "QREFHT",
    "PS",
    "PSL",
    "T200",
    "T500",
    "PRECT",
    "TS",
    "TREFHT",
    "Z1000",
    "Z200",
    "ZBOT",
)
#: Classes by their code; TC is a tropical cyclone, AR an atmospheric river.
CAM5_CLASSES = ("background", "TC", "AR")
