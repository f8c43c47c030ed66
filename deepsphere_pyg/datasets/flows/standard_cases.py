"""Standard initial states of flows on the rotating sphere, at any points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

from samplings import Sampling
from samplings.arguments import flag_argument, sampling_argument
from samplings.arrays import FloatArray

#: Radius of the Earth in metres, its rotation in radian per second, and gravity in
#: metres per second squared, as in Williamson et al. 1992, table 1.
EARTH_RADIUS, EARTH_ROTATION, GRAVITY = 6.37122e6, 7.292e-5, 9.80616
_DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class FlowState:
    """Winds and height of a layer of fluid at the vertices of a sampling.

    Attributes
    ----------
    u, v
        Wind to the east and to the north in m/s, shape ``(V,)``.
    height
        Of the surface of the fluid in metres, shape ``(V,)``.
    mountain
        Height of the ground in metres, shape ``(V,)``.
    """

    u: FloatArray
    v: FloatArray
    height: FloatArray
    mountain: FloatArray


def steady_zonal_flow(sampling: Sampling) -> FlowState:
    """Return the flow of case 2 of Williamson et al., which does not change in time.

    Parameters
    ----------
    sampling
        Where the state is wanted.

    Notes
    -----
    Solid-body rotation once in twelve days, in geostrophic balance. Source: Williamson
    et al. 1992, J. Comput. Phys. 102, 211, equations 90 to 95.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> flow = steady_zonal_flow(GaussLegendre(8))
    >>> round(float(flow.u.max()), 1)
    38.0
    """
    sine, cosine = _latitudes(sampling)
    speed = 2 * np.pi * EARTH_RADIUS / (12 * _DAY)
    height = 2.94e4 - _balance(speed) * sine**2
    return _state(speed * cosine, height / GRAVITY)


def flow_over_mountain(sampling: Sampling) -> FlowState:
    """Return the flow of case 5 of Williamson et al.: a cone in a zonal flow.

    Parameters
    ----------
    sampling
        Where the state is wanted.

    Notes
    -----
    A cone 2,000 m high at 30 degrees north and 90 degrees west. Source: Williamson et
    al. 1992, section 3.5.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> flow = flow_over_mountain(HEALPix(32))
    >>> float(flow.mountain.max()) < 2000
    True
    """
    sine, cosine = _latitudes(sampling)
    speed, radius = 20.0, np.pi / 9
    height = 5960 - _balance(speed) * sine**2 / GRAVITY
    east = np.mod(sampling.phi - 1.5 * np.pi + np.pi, 2 * np.pi) - np.pi
    north = np.pi / 2 - sampling.theta - np.pi / 6
    distance = np.minimum(radius, np.hypot(east, north))
    mountain = 2000 * (1 - distance / radius)
    return _state(speed * cosine, height, mountain=mountain)


def rossby_haurwitz_wave(sampling: Sampling) -> FlowState:
    r"""Return the wave of case 6 of Williamson et al., with four crests.

    Parameters
    ----------
    sampling
        Where the state is wanted.

    Notes
    -----
    In a flow without divergence the wave turns about the axis without change of shape,
    by :math:`(R(3+R)\omega - 2\Omega) / ((1+R)(2+R))` a second; see
    :func:`rossby_haurwitz_speed`. Source: Williamson et al. 1992, equations 137 to 149.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> flow = rossby_haurwitz_wave(HEALPix(32))
    >>> bool(8000 < flow.height.min() < flow.height.max() < 10600)
    True
    """
    sine, cosine = _latitudes(sampling)
    angle = _CRESTS * sampling.phi
    crests, rate = _CRESTS, _RATE
    power = cosine ** (crests - 1)
    u = (
        EARTH_RADIUS
        * rate
        * (cosine + power * (crests * sine**2 - cosine**2) * np.cos(angle))
    )
    v = -EARTH_RADIUS * rate * crests * power * sine * np.sin(angle)
    square = cosine**2
    mean = rate / 2 * (2 * EARTH_ROTATION + rate) * square
    mean += rate**2 / 4 * square**crests * ((crests + 1) * square)
    mean += rate**2 / 4 * square**crests * (2 * crests**2 - crests - 2)
    # The power is written out: the cosine is zero at the poles.
    mean -= rate**2 / 2 * crests**2 * square ** (crests - 1)
    first = (
        2
        * (EARTH_ROTATION + rate)
        * rate
        / ((crests + 1) * (crests + 2))
        * cosine**crests
        * ((crests**2 + 2 * crests + 2) - (crests + 1) ** 2 * square)
    )
    second = rate**2 / 4 * square**crests * ((crests + 1) * square - (crests + 2))
    height = 8000 + EARTH_RADIUS**2 / GRAVITY * (
        mean + first * np.cos(angle) + second * np.cos(2 * angle)
    )
    return _state(u, height, v=v)


# Crests, and both angular speeds omega and K, of case 6, in radian per second.
_CRESTS, _RATE = 4, 7.848e-6


def rossby_haurwitz_speed(rotation: float = EARTH_ROTATION) -> float:
    """Return radian per second by which the wave of case 6 turns eastwards.

    Parameters
    ----------
    rotation
        Of the planet, radian per second.
    """
    crests, rate = _CRESTS, _RATE
    return (crests * (3 + crests) * rate - 2 * rotation) / ((1 + crests) * (2 + crests))


def barotropic_jet(sampling: Sampling, *, perturbed: bool = True) -> FlowState:
    r"""Return the unstable jet of Galewsky et al. at 45 degrees north.

    Parameters
    ----------
    sampling
        Where the state is wanted.
    perturbed
        Whether the height has the bump from which eddies grow in six days; else the jet
        is in balance, and does not change.

    Notes
    -----
    Wind of at most 80 m/s between colatitudes :math:`\pi/7` from the pole and from the
    equator, with the height in balance with it, and a mean depth of 10 km. Source:
    Galewsky, Scott and Polvani 2004, Tellus A 56, 429, equations 2 to 4.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> jet = barotropic_jet(HEALPix(32), perturbed=False)
    >>> round(float(jet.u.max())), round(float(jet.height.max()), 2)
    (80, 10158.19)
    """
    flag_argument("perturbed", perturbed)
    sampling_argument("sampling", sampling)
    latitude = np.pi / 2 - sampling.theta
    u = _jet(latitude)
    distinct, place = np.unique(latitude.round(14), return_inverse=True)
    drop = np.array([_integral(_slope, x) for x in distinct])[place]
    # The mean of the balanced height, by the order of its two integrals exchanged.
    mean = _integral(lambda x: _slope(x) * (1 - np.sin(x)), np.pi / 2) / 2
    height = 1e4 + (mean - drop) / GRAVITY
    if perturbed:
        east = np.mod(sampling.phi + np.pi, 2 * np.pi) - np.pi
        height = height + 120 * np.cos(latitude) * np.exp(
            -((3 * east) ** 2) - (15 * (np.pi / 4 - latitude)) ** 2
        )
    return _state(u, height)


# Latitudes between which the jet blows.
_SOUTH, _NORTH = np.pi / 7, np.pi / 2 - np.pi / 7


def _jet(latitude: FloatArray) -> FloatArray:
    """Return the wind of the jet, m/s."""
    inside = (latitude > _SOUTH) & (latitude < _NORTH)
    x = np.where(inside, latitude, np.pi / 4)
    largest = np.exp(-4 / (_NORTH - _SOUTH) ** 2)
    return np.where(
        inside, 80 / largest * np.exp(1 / ((x - _SOUTH) * (x - _NORTH))), 0.0
    )


def _slope(latitude: float) -> float:
    """Return the decrease of the geopotential by latitude, that balances the jet."""
    u = float(_jet(np.array(latitude)))
    coriolis = 2 * EARTH_ROTATION * np.sin(latitude)
    return float(EARTH_RADIUS * u * (coriolis + np.tan(latitude) * u / EARTH_RADIUS))


def _integral(function: Callable[[float], float], latitude: float) -> float:
    """Return the integral of a function across the jet, up to a latitude."""
    stop = min(float(latitude), _NORTH)
    if stop <= _SOUTH:
        return 0.0
    return float(quad(function, _SOUTH, stop, epsabs=0, epsrel=1e-12)[0])


def _latitudes(sampling: Sampling) -> tuple[FloatArray, FloatArray]:
    """Return the sine and cosine of the latitude of each vertex."""
    sampling_argument("sampling", sampling)
    return np.cos(sampling.theta), np.sin(sampling.theta)


def _balance(speed: float) -> float:
    """Return the geopotential that balances a solid-body rotation, at the pole."""
    return EARTH_RADIUS * EARTH_ROTATION * speed + speed**2 / 2


def _state(
    u: FloatArray,
    height: FloatArray,
    *,
    v: FloatArray | None = None,
    mountain: FloatArray | None = None,
) -> FlowState:
    nothing = np.zeros_like(u)
    return FlowState(
        u,
        nothing if v is None else v,
        height,
        nothing if mountain is None else mountain,
    )
