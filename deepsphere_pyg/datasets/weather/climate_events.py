"""Generated global weather with labelled cyclones and atmospheric rivers."""

from __future__ import annotations

import operator

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from deepsphere_pyg.datasets.base import (
    SegmentationDataset,
    SegmentationSample,
    segmentation_sample,
)
from deepsphere_pyg.datasets.climate.cam5_names import CAM5_CHANNELS, CAM5_CLASSES
from deepsphere_pyg.datasets.weather.population import populate
from samplings import Sampling

UNIT_TOLERANCE = 1e-6


class WeatherState:
    r"""One moment of made-up weather, known at every point of the sphere.

    All random parameters are drawn at construction. The fields are then explicit
    functions of position, :math:`F(x) \in \mathbb R^{16}` and
    :math:`y(x) \in \{0, 1, 2\}`, without a grid and without interpolation: any sampling
    and any rotation can be evaluated, and the value at a point does not depend on which
    other points are asked for.

    The background has trade winds and westerlies, a moist band near the equator that
    moves with the season, balanced synoptic waves, extratropical cyclones, fronts along
    a wandering line, and noise of degrees up to 64. In it lie

    - tropical cyclones (class 1): warm-core vortices at 8 to 30 degrees of latitude
      with Holland's pressure profile and gradient wind, labelled within 260 to 400 km;
    - atmospheric rivers (class 2): moist bands from the subtropics to the middle
      latitudes with a strong wind along them, ahead of a cold front; labelled where the
      moisture anomaly exceeds half that of the centre line, 340 to 760 km wide;
    - and, without a label, what has the same values at a single pixel: warm moist lows
      whose wind does not rotate, or rotates beside them; broad round masses of moist
      air in a strong poleward wind; moist bands too short to be rivers.

    Parameters
    ----------
    seed
        Integer or seed sequence that fixes the state.

    Attributes
    ----------
    vortices, rivers, blobs
        The weather systems, labelled or not. Rivers and blobs live on a sphere bent by
        :attr:`warp`: a point x belongs to them where ``warp(x)`` does.

    Raises
    ------
    ValueError
        If the seed is negative.

    Notes
    -----
    Channels, in the order and units of snapshots of the Community Atmosphere Model 5:
    TMQ (column water vapour, kg/m2), U850, V850, UBOT, VBOT (wind to the east and north
    at 850 hPa and the lowest level, m/s), QREFHT (specific humidity at 2 m, kg/kg), PS,
    PSL (pressure at the surface and at sea level, Pa), T200, T500 (temperature, K),
    PRECT (precipitation, m/s), TS, TREFHT (temperature of the surface and at 2 m, K),
    Z1000, Z200, ZBOT (heights of 1000 hPa, 200 hPa and the lowest level, m).

    Equivariance: exact. Every channel is a scalar function on the Earth, wind
    components too: they stay components along the Earth's own east and north. Rotating
    a map by R means to read the fields elsewhere, ``evaluate(xyz @ R)`` =
    :math:`F(R^{-1} x)`; it does not turn wind vectors.

    Labels are computed in double precision. The noise is summed in single precision:
    fields are accurate to about 1e-5 of their spread.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> fields, labels = WeatherState(3).evaluate(HEALPix(8).xyz)
    >>> fields.shape, labels.shape
    ((768, 16), (768,))
    """

    def __init__(self, seed: int | np.random.SeedSequence) -> None:
        population = populate(np.random.default_rng(_seed_sequence(seed)))
        self._background = population.background
        self.vortices = population.vortices
        self.rivers = population.rivers
        self.blobs = population.blobs
        self.warp = population.warp

    def evaluate(
        self, xyz: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Fields and classes at points of the unit sphere.

        Parameters
        ----------
        xyz
            Unit vectors, shape ``(V, 3)``; the z axis is the Earth's.

        Returns
        -------
        tuple of arrays
            Fields ``(V, 16)``, float64, and classes ``(V,)``, int64.

        Raises
        ------
        ValueError
            If the points are not unit vectors of shape ``(V, 3)``.
        """
        points = np.asarray(xyz, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 3:
            raise ValueError(f"xyz must have shape (V, 3), got {points.shape}")
        length = np.linalg.norm(points, axis=1)
        if not (np.abs(length - 1) <= UNIT_TOLERANCE).all():
            bad = int((~(np.abs(length - 1) <= UNIT_TOLERANCE)).argmax())
            raise ValueError(
                f"xyz must be unit vectors, got length {length[bad]:.6g} at point "
                f"{bad}; divide by the length"
            )
        points = points / length[:, None]
        bent = self.warp(points)
        air = self._background.evaluate(points)
        labels = np.zeros(len(points), dtype=np.int64)
        for river in self.rivers:
            river.add_to(air, bent)
            labels[river.inside(bent)] = 2
        for blob in self.blobs:
            blob.add_to(air, bent)
        for vortex in self.vortices:
            vortex.add_to(air, points)
            labels[vortex.inside(points)] = 1
        return air.channels(), labels


class ClimateEvents(SegmentationDataset):
    """Generated weather maps with tropical cyclones and atmospheric rivers.

    A stand-in for labelled snapshots of a climate model: 16 channels, and classes that
    cover about 0.1 % (TC) and 2.2 % (AR) of the area. Single pixels tell little about
    the class, their surroundings much: at nside 32, gradient boosting reaches a mean
    average precision of 25 % from the 16 channels, and of 79 % with their means and
    deviations in the neighbourhood. See :class:`WeatherState` for the contents of a
    map.

    Parameters
    ----------
    sampling
        Where the maps are evaluated: any points on the sphere.
    n_maps
        Number of maps.
    seed
        Non-negative. Map i is fixed by ``(seed, i)`` alone, not by ``n_maps``; data
        sets of different seeds share no map.
    rotate
        Turn each map by a random rotation of its own, uniform over all rotations. Wind
        components stay along the Earth's east and north.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling, or ``n_maps`` or ``seed`` no integer.
    ValueError
        If ``n_maps`` is below one or ``seed`` negative.
    IndexError
        From ``dataset[i]``, if there is no map i.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> maps = ClimateEvents(HEALPix(8), n_maps=2, seed=1)
    >>> maps[0].x.shape, maps.channel_names[0], maps.class_names
    (torch.Size([768, 16]), 'TMQ', ('background', 'TC', 'AR'))
    """

    def __init__(
        self,
        sampling: Sampling,
        n_maps: int,
        seed: int = 0,
        rotate: bool = False,
    ) -> None:
        if not isinstance(sampling, Sampling):
            raise TypeError(
                f"sampling must be a Sampling, got {type(sampling).__name__}; "
                "make one with samplings.HEALPix(32), for example"
            )
        if operator.index(n_maps) < 1:
            raise ValueError(f"n_maps must be at least 1, got {n_maps}")
        if operator.index(seed) < 0:
            raise ValueError(f"seed must not be negative, got {seed}")
        self.sampling = sampling
        self.channel_names = CAM5_CHANNELS
        self.class_names = CAM5_CLASSES
        self.seed = operator.index(seed)
        self.rotate = rotate
        self._n_maps = operator.index(n_maps)

    def __len__(self) -> int:
        return self._n_maps

    def state(self, index: int) -> WeatherState:
        """The weather of map ``index``, before any rotation."""
        key = (self._check_index(index), 0)
        return WeatherState(np.random.SeedSequence(self.seed, spawn_key=key))

    def rotation(self, index: int) -> npt.NDArray[np.float64]:
        """Rotation matrix R of map ``index``, which is evaluated at ``xyz @ R``."""
        key = (self._check_index(index), 1)
        if not self.rotate:
            return np.eye(3)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
        # A normal vector has a uniform direction: a uniform unit quaternion.
        return Rotation.from_quat(rng.normal(size=4)).as_matrix()

    def __getitem__(self, index: int) -> SegmentationSample:
        """Make map ``index``, the same each time; ``CachedMaps`` keeps it."""
        index = self._check_index(index)
        xyz = self.sampling.xyz @ self.rotation(index)
        fields, labels = self.state(index).evaluate(xyz)
        return segmentation_sample(fields, labels, len(CAM5_CLASSES))


def _seed_sequence(seed: int | np.random.SeedSequence) -> np.random.SeedSequence:
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if operator.index(seed) < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    return np.random.SeedSequence(operator.index(seed))
