"""Random choice of the weather systems of a map, and of their places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from deepsphere_pyg.datasets.weather.background import Background, Low
from deepsphere_pyg.datasets.weather.bands import Blob, MoistAir, River
from deepsphere_pyg.datasets.weather.plane_waves import Warp
from deepsphere_pyg.datasets.weather.sphere import (
    Curve,
    FloatArray,
    distance,
    east_north,
    unit_vector,
)
from deepsphere_pyg.datasets.weather.vortices import Vortex, VortexKind

# Probabilities of 0, 1, 2, ... systems on a map.
CYCLONES = (0.15, 0.38, 0.30, 0.13, 0.04)
STREAKS = (0.05, 0.20, 0.30, 0.25, 0.20)
DISPLACED = (0.3, 0.5, 0.2)
RIVERS = (0.0, 0.04, 0.14, 0.25, 0.29, 0.19, 0.09)
FRAGMENTS = (0.05, 0.20, 0.30, 0.30, 0.15)
BLOBS = (0.0, 0.0, 0.0, 0.0, 0.05, 0.15, 0.25, 0.30, 0.15, 0.10)
LOWS = (0.0, 0.1, 0.25, 0.35, 0.3)

Draw = Callable[[], FloatArray]


@dataclass
class Places:
    """Places of systems, which the next one avoids."""

    rng: np.random.Generator
    taken: list[FloatArray] = field(default_factory=list)

    def find(self, draw: Draw, gap: float, tries: int = 16) -> FloatArray:
        """Draw points ``(N, 3)`` until all are more than ``gap`` km from others.

        After some tries, the draw with the largest distance is taken.
        """
        best, widest = draw(), -1.0
        there = np.concatenate(self.taken) if self.taken else np.empty((0, 3))
        for _ in range(tries):
            candidate = draw()
            gaps = distance(candidate[:, None], there)
            room = float(gaps.min(initial=np.inf))
            if room > widest:
                best, widest = candidate, room
            if room > gap:
                break
        self.taken.append(best)
        return best


def _count(rng: np.random.Generator, probabilities: tuple[float, ...]) -> int:
    return int(rng.choice(len(probabilities), p=probabilities))


def _path(rng: np.random.Generator, north: bool) -> Callable[[FloatArray], FloatArray]:
    """Draw a curve from the subtropics polewards and to the east, for s in [0, 1]."""
    lon = rng.uniform(0, 360)
    first, last = rng.uniform(16, 25), rng.uniform(44, 60)
    drift = rng.uniform(12, 62)
    bow, wave = rng.uniform(-13, 13), rng.uniform(-7, 7)
    sway = rng.uniform(-3, 3)
    sign = 1 if north else -1

    def points(s: FloatArray) -> FloatArray:
        bend = bow * np.sin(np.pi * s) + wave * np.sin(2 * np.pi * s)
        lat = first + (last - first) * s + sway * np.sin(2 * np.pi * s)
        return unit_vector(lon + drift * s + bend, sign * lat)

    return points


def _moist_air(rng: np.random.Generator) -> MoistAir:
    return MoistAir(
        width=rng.uniform(210, 380),
        moisture=rng.uniform(9, 21),
        speed=rng.uniform(9, 23),
        cooling=rng.uniform(1, 4),
    )


def _rivers(
    rng: np.random.Generator, season: float, places: Places
) -> tuple[list[River], list[Blob]]:
    """Rivers, pieces too short to be rivers, and blobs."""
    s = np.linspace(0, 1, 33)
    rivers, blobs = [], []

    def north() -> bool:
        return bool(rng.random() < 0.5 - 0.15 * season)

    for _ in range(_count(rng, RIVERS)):
        nodes = places.find(lambda: _path(rng, north())(s), 1500)
        rivers.append(River(Curve(nodes), _moist_air(rng), labelled=True))
    for _ in range(_count(rng, FRAGMENTS)):

        def piece() -> FloatArray:
            path = _path(rng, north())
            share = rng.uniform(600, 1100) / Curve(path(s)).length
            return path(rng.uniform(0, 1 - share) + share * s[::4])

        nodes = places.find(piece, 1300)
        rivers.append(River(Curve(nodes), _moist_air(rng), labelled=False))
    for _ in range(_count(rng, BLOBS)):
        # A place on the path of a river; 1e-3 of the path gives its direction.
        position = rng.uniform(0, 1)

        def spot(position: float = position) -> FloatArray:
            return _path(rng, north())(position + np.array([0.0, 1e-3]))

        start, end = places.find(spot, 1800)
        direction = end - start
        direction -= (direction @ start) * start
        blobs.append(
            Blob(
                centre=start,
                radius=rng.uniform(600, 950),
                air=_moist_air(rng),
                direction=direction / np.linalg.norm(direction),
                strength=1.1 - 0.35 * position,
            )
        )
    return rivers, blobs


def _vortices(rng: np.random.Generator, season: float, places: Places) -> list[Vortex]:
    """Draw tropical cyclones and vortices that resemble them."""

    def tropics() -> FloatArray:
        sign = 1 if rng.random() < 0.5 + 0.3 * season else -1
        # More of them between 10 and 20 degrees.
        lat = sign * (8 + 22 * rng.beta(1.8, 2.6))
        return unit_vector(rng.uniform(0, 360), lat)[None]

    counts: dict[VortexKind, int] = {
        "cyclone": _count(rng, CYCLONES),
        "streak": _count(rng, STREAKS),
        "displaced": _count(rng, DISPLACED),
    }
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    vortices = []
    for kind in kinds:
        centre = places.find(tropics, 1500)[0]
        size = rng.uniform(260, 400)
        azimuth = rng.uniform(0, 2 * np.pi)
        (east,), (north,) = east_north(centre[None])
        vortices.append(
            Vortex(
                centre=centre,
                depth=rng.uniform(1300, 4200),
                radius=size / rng.uniform(2.3, 2.9),
                shape=rng.uniform(1.1, 1.6),
                size=size,
                warmth=rng.uniform(2.0, 5.0),
                moisture=rng.uniform(8, 18),
                kind=kind,
                direction=np.cos(azimuth) * east + np.sin(azimuth) * north,
            )
        )
    return vortices


def _lows(rng: np.random.Generator, rivers: list[River]) -> tuple[Low, ...]:
    """Draw extratropical cyclones, at the head of rivers and elsewhere."""
    centres = []
    for river in rivers:
        if river.labelled and rng.random() < 0.7:
            head = river.curve.nodes[-1]
            lon, lat = np.rad2deg([np.arctan2(head[1], head[0]), np.arcsin(head[2])])
            centres.append(
                unit_vector(
                    lon - rng.uniform(8, 18), np.sign(lat) * rng.uniform(2, 6) + lat
                )
            )
    for _ in range(_count(rng, LOWS) * 2):
        lat = rng.choice([-1, 1]) * rng.uniform(42, 66)
        centres.append(unit_vector(rng.uniform(0, 360), lat))
    return tuple(
        Low(centre, depth=rng.uniform(1200, 4200), radius=rng.uniform(400, 750))
        for centre in centres
    )


@dataclass(frozen=True, eq=False)
class Population:
    """All weather systems of one map.

    Attributes
    ----------
    background
        Climate, waves, fronts, lows and noise.
    vortices
        Tropical cyclones and vortices that resemble them.
    rivers
        Atmospheric rivers, and pieces too short to be one.
    blobs
        Round masses of moist air.
    warp
        Distortion of the bands and blobs.
    """

    background: Background
    vortices: tuple[Vortex, ...]
    rivers: tuple[River, ...]
    blobs: tuple[Blob, ...]
    warp: Warp


def populate(rng: np.random.Generator) -> Population:
    """Draw all weather systems of one map."""
    season = rng.uniform(-1, 1)
    places = Places(rng)
    rivers, blobs = _rivers(rng, season, places)
    vortices = _vortices(rng, season, places)
    background = Background(rng, season, _lows(rng, rivers))
    return Population(
        background, tuple(vortices), tuple(rivers), tuple(blobs), Warp(rng, 0.03)
    )
