"""Frames of tangent vectors at vertices, and transport along great circles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import integer_argument, integers_argument, sampling_argument
from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling

# Pairs transported at once: 40 MB of vectors.
CHUNK = 1 << 18
# At this angle from antipodal points, the direction of the great circle still has half
# of its digits.
ANTIPODAL = 1e-8
# Fields of higher spin exist, but no data have them.
HIGHEST_SPIN = 64


def spin_argument(spin: object, name: str = "spin") -> int:
    """Return a spin: 0 for scalars, 1 for tangent vectors, 2 for polarization, ..."""
    value = integer_argument(name, spin, 0)  # type: ignore[arg-type]
    if value > HIGHEST_SPIN:
        raise ValueError(
            f"{name} must be at most {HIGHEST_SPIN}, got {value}; pass 1 for tangent "
            "vectors, or 2 for polarization"
        )
    return value


def tangent_frames(sampling: Sampling) -> FloatArray:
    r"""Return the unit vectors to the south and to the east at each vertex.

    .. math::
        e_\theta = (\cos\theta \cos\phi, \cos\theta \sin\phi, -\sin\theta), \qquad
        e_\phi = (-\sin\phi, \cos\phi, 0)

    At a pole they are those of the vertex's :math:`\phi`, as the sampling has it.

    Parameters
    ----------
    sampling
        The vertices.

    Returns
    -------
    ndarray
        Shape ``(V, 2, 3)``: south, east.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling.

    Examples
    --------
    >>> from samplings import Sampling
    >>> tangent_frames(Sampling([[1, 0, 0]], [0.1]))[0].round(9) + 0.0
    array([[ 0.,  0., -1.],
           [ 0.,  1.,  0.]])
    """
    sampling = sampling_argument("sampling", sampling)
    cos, sin = np.cos(sampling.theta), np.sin(sampling.theta)
    c, s = np.cos(sampling.phi), np.sin(sampling.phi)
    south = [cos * c, cos * s, -sin]
    east = [-s, c, np.zeros_like(s)]
    return np.ascontiguousarray(np.transpose([south, east], (2, 0, 1)))


def transport_angles(
    sampling: Sampling,
    targets: npt.ArrayLike,
    sources: npt.ArrayLike,
    *,
    source_sampling: Sampling | None = None,
) -> FloatArray:
    r"""Return the angles by which parallel transport turns frames against each other.

    A tangent vector at :math:`x_j` is carried along the shortest great circle to
    :math:`x_i` by the rotation :math:`R_{ij}` that takes one to the other about their
    common normal. With :math:`f = f_0 + i f_1` for the vector :math:`f_0 e_\theta +
    f_1 e_\phi`, what arrives is :math:`e^{i \alpha_{ij}} f`:

    .. math::
        e_a(x_i) \cdot R_{ij} e_b(x_j) = e_a(x_i) \cdot e_b(x_j)
            - \frac{(e_a(x_i) \cdot x_j)(x_i \cdot e_b(x_j))}{1 + x_i \cdot x_j}
            = \begin{pmatrix} \cos\alpha & -\sin\alpha \\ \sin\alpha & \cos\alpha
            \end{pmatrix}_{ab}

    The components of a field of spin s turn by :math:`e^{i s \alpha_{ij}}`.

    Parameters
    ----------
    sampling
        Where vectors are carried to.
    targets
        Vertices i of it, shape ``(E,)``.
    sources
        Vertices j, shape ``(E,)``.
    source_sampling
        Sampling of the sources; by default that of the targets.

    Returns
    -------
    ndarray
        :math:`\alpha` in radian, in [-pi, pi], shape ``(E,)``; exchanging the two ends
        changes its sign.

    Raises
    ------
    TypeError
        If an argument is not a sampling, or vertices are not integers.
    ValueError
        If there are no such vertices, the numbers of targets and sources differ, or
        two points are antipodal, so that no great circle is the shortest.

    Notes
    -----
    The formula has no direction of the great circle in it, which nearby points would
    leave undefined: all angles are exact to round-off, at poles and for equal points
    too.

    Equivariance: exact. Rotations of both points, with their frames, leave the angle
    unchanged.

    Examples
    --------
    From the equator to a point near the pole, over the meridian of the latter's
    longitude or at right angles to it:

    >>> from samplings import Sampling
    >>> points = Sampling([[1, 0, 0], [0, 1, 0], [1e-9, 0, 1]], [0.1, 0.1, 0.1])
    >>> np.rad2deg(transport_angles(points, [2, 2], [0, 1])).round(6) + 0.0
    array([ 0., 90.])
    """
    sampling = sampling_argument("sampling", sampling)
    if source_sampling is None:
        source_sampling = sampling
    source_sampling = sampling_argument("source_sampling", source_sampling)
    i = _vertices("targets", targets, sampling)
    j = _vertices("sources", sources, source_sampling)
    if len(i) != len(j):
        raise ValueError(
            f"targets and sources must be of equal number, got {len(i)} and {len(j)}; "
            "pass the two ends of each pair"
        )
    frames = tangent_frames(sampling)
    of_sources = (
        frames if source_sampling is sampling else tangent_frames(source_sampling)
    )
    angles = np.empty(len(i))
    for start in range(0, len(i), CHUNK):
        part = slice(start, start + CHUNK)
        angles[part] = _angles(
            sampling.xyz[i[part]],
            frames[i[part]],
            source_sampling.xyz[j[part]],
            of_sources[j[part]],
        )
    return angles


def _angles(
    x: FloatArray, frame: FloatArray, y: FloatArray, frame_y: FloatArray
) -> FloatArray:
    """Return the angles for targets ``x`` and sources ``y``, ``(E, 3)`` each."""
    middle = x + y
    # |x + y|^2 / 2 = 1 + x.y, without its cancellation for points far from each other.
    scale = 0.5 * np.einsum("ec,ec->e", middle, middle)
    if len(scale) and scale.min() < 0.5 * ANTIPODAL**2:
        bad = int(scale.argmin())
        raise ValueError(
            f"transport between antipodal points is not defined, got {x[bad]} and "
            f"{y[bad]}; link nearer vertices only"
        )
    between = np.einsum("eac,ebc->eab", frame, frame_y)
    from_y = np.einsum("eac,ec->ea", frame, y)
    from_x = np.einsum("ebc,ec->eb", frame_y, x)
    between -= from_y[:, :, None] * from_x[:, None, :] / scale[:, None, None]
    sine = between[:, 1, 0] - between[:, 0, 1]
    return np.asarray(np.arctan2(sine, between[:, 0, 0] + between[:, 1, 1]))


def _vertices(name: str, values: npt.ArrayLike, sampling: Sampling) -> IntArray:
    """Return vertices of a sampling, checked."""
    given: Any = values
    # Arrays of integers need no look at each.
    if not (
        isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind == "i"
    ):
        given = integers_argument(name, given, 0)
    index = np.array(given, dtype=np.int64)
    if len(index) and not 0 <= index.min() <= index.max() < len(sampling):
        raise ValueError(
            f"{name} must be vertices, from 0 to {len(sampling) - 1}, got "
            f"{index.min()} to {index.max()}; pass indices of {sampling.name}"
        )
    return index
