"""Daily temperatures of stations that are generated: seasons and weather."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.stations.station_series import StationSeries
from deepsphere_pyg.datasets.stations.travelling_anomalies import TravellingAnomalies
from samplings.arguments import array_argument, instance_argument, integer_argument
from samplings.arrays import FloatArray
from samplings.points.lonlat import lonlat_to_xyz
from samplings.quantities import degrees

#: Length of the seasonal cycle in days, and the day of its peak in the north.
YEAR, WARMEST = 365.2425, 200
# Annual mean at the equator, its fall to a pole, and the seasonal amplitude there.
_WARM, _FALL, _AMPLITUDE = 27.0, 45.0, 18.0
# Share of stations on islands; the others stand in clusters of some width in radian.
_ISLANDS, _CLUSTERS, _WIDTHS = 0.1, 12, (0.1, 0.35)
_FIRST_DAY = np.datetime64("2010-01-01", "D")


def seasonal_temperature(lat: npt.ArrayLike, times: npt.ArrayLike) -> FloatArray:
    r"""Return the mean temperature of days by latitude.

    .. math::
        T(\varphi, d) = 27 - 45 \sin^2\varphi
        + 18 \sin\varphi \cos\frac{2\pi (d - 200)}{365.2425}

    Parameters
    ----------
    lat
        Latitudes in degree, shape ``(V,)``.
    times
        Days as ``datetime64``, or numbers of days since the begin of 2010, shape
        ``(T,)``.

    Returns
    -------
    ndarray
        In degC, shape ``(T, V)``.
    """
    sine = np.sin(np.deg2rad(array_argument("lat", lat)))
    days = np.asarray(times)
    if days.dtype.kind == "M":
        days = (days - _FIRST_DAY) / np.timedelta64(1, "D")
    days = array_argument("times", days)
    if sine.ndim != 1 or days.ndim != 1:
        raise ValueError(
            f"lat and times must have shapes (V,) and (T,), got {sine.shape} and "
            f"{days.shape}; flatten them"
        )
    season = np.cos(2 * np.pi * (days - WARMEST) / YEAR)
    mean = _WARM - _FALL * sine**2
    return np.asarray(mean + _AMPLITUDE * season[:, None] * sine)


def generated_temperatures(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    n_days: int = 1096,
    *,
    anomalies: TravellingAnomalies | None = None,
    seed: int = 0,
) -> StationSeries:
    """Generate daily temperatures from the begin of 2010 on.

    The sum of :func:`seasonal_temperature` and of anomalies, whose best prediction is
    known: :meth:`TravellingAnomalies.predictor`.

    Parameters
    ----------
    lon, lat
        Positions of the stations in degree, shape ``(V,)``.
    n_days
        Number of days.
    anomalies
        The weather; by default ``TravellingAnomalies()``.
    seed
        Seed of the weather.

    Returns
    -------
    StationSeries
        One channel, ``"T"``, in degC, without missing reports.

    Raises
    ------
    TypeError, ValueError
        If a position is out of range, or a number has no sense.

    Examples
    --------
    >>> generated_temperatures([0, 30, 60], [10, 20, 30], 4).values.shape
    (4, 3, 1)
    """
    count = integer_argument("n_days", n_days, 1)
    weather = TravellingAnomalies() if anomalies is None else anomalies
    remedy = "pass TravellingAnomalies()"
    instance_argument("anomalies", weather, TravellingAnomalies, remedy)
    xyz = lonlat_to_xyz(lon, lat, stacklevel=3)
    times = _FIRST_DAY + np.arange(count)
    north = degrees("lat", lat)
    values = seasonal_temperature(north, times) + weather.sample(xyz, count, seed)
    return StationSeries(
        names=tuple(f"station{i}" for i in range(len(xyz))),
        lon=degrees("lon", lon),
        lat=north,
        times=times,
        values=values[..., None],
        channel_names=("T",),
        unit="degC",
    )


def station_positions(n: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Draw positions of stations as they stand on Earth: dense on land, few at sea.

    Nine in ten stand in clusters of different sizes, the others anywhere.

    Parameters
    ----------
    n
        Number of stations.
    seed
        Seed.

    Returns
    -------
    lon, lat : ndarray
        In degree, shape ``(n,)``.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer or too small.

    Examples
    --------
    >>> lon, lat = station_positions(100)
    >>> lon.shape, bool(abs(lat).max() <= 90)
    ((100,), True)
    """
    count = integer_argument("n", n, 1)
    random = np.random.default_rng(integer_argument("seed", seed, 0))
    centres = random.standard_normal((_CLUSTERS, 3))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    shares = random.lognormal(size=_CLUSTERS)
    cluster = random.choice(_CLUSTERS, count, p=shares / shares.sum())
    width = random.uniform(*_WIDTHS, _CLUSTERS)
    points = random.standard_normal((count, 3))
    island = random.uniform(size=count) < _ISLANDS
    near = centres[cluster] + width[cluster, None] * points
    points = np.where(island[:, None], points, near)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    lon = np.rad2deg(np.arctan2(points[:, 1], points[:, 0]))
    return lon, np.rad2deg(np.arcsin(np.clip(points[:, 2], -1, 1)))
