"""Projection of pictures from a tangent plane onto the sphere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.datasets.digits.spherical_mnist_files import SIDE
from samplings.arrays import FloatArray

#: Height from which the plane is projected, above the point where it touches.
CENTRE = 2.001
#: The picture covers the square from minus this to this on the plane.
HALF_WIDTH = 1.5
# Points per block, small enough for the caches of a processor.
_POINTS = 1 << 15
#: Interpolation of pictures; see :func:`pixel_shares`.
INTERPOLATIONS = ("bilinear", "published")
# Pictures get a rim of paper, so that points off them need no special case.
_PADDED = SIDE + 2

Images = npt.NDArray[np.uint8]


def plane_points(xyz: FloatArray) -> FloatArray:
    r"""Project points of the sphere onto the plane that touches it from below.

    .. math:: q = \frac{h}{h - 1 - z} (x, y), \quad h = 2.001

    The unit sphere stands on the plane at its south pole, (0, 0, -1). The centre of the
    projection is at the height h, .001 above the north pole, so that each point of the
    sphere has an image. The equator becomes a circle of radius 1.999.

    It maps unit vectors ``(..., 3)`` to points ``(..., 2)``.

    Source: Cohen, Geiger, Köhler and Welling 2018 (arXiv:1801.10130), and the published
    code.

    Examples
    --------
    >>> plane_points(np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])).round(3)
    array([[0.   , 0.   ],
           [1.999, 0.   ]])
    """
    points: FloatArray = xyz[..., :2] * (CENTRE / (CENTRE - 1 - xyz[..., 2:]))
    return points


def pixel_shares(
    xyz: FloatArray, interpolation: str = "bilinear"
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return the four pixels that each point is interpolated from, and their shares.

    Rows of the picture run along x and columns along y, as in the published code, so
    that the picture is not mirrored when seen from outside. Points off it are paper.

    Parameters
    ----------
    xyz
        Unit vectors, shape ``(..., 3)``.
    interpolation
        ``"bilinear"``: between the centres of the pixels around a point.
        ``"published"``: at position i + f along an axis, the pixels i - 1 and i + 1
        with the shares 1 - f and 1 + f.

    Returns
    -------
    index
        Pixels of the padded pictures, ``(..., 4)``.
    share
        Shares of at least 0, ``(..., 4)``; they sum to 1, or to 4 as published.
    """
    plane = plane_points(xyz) * (SIDE / (2 * HALF_WIDTH))
    if interpolation == "published":
        position = plane + SIDE / 2
        pixel = np.trunc(position)
        beyond = position - pixel
        # Pixel numbers are higher by one in the padded picture.
        ends = (pixel, pixel + 2)
        shares = (1 - beyond, 1 + beyond)
    else:
        # Positions count pixels of the padded picture from the centre of the first;
        # points off the picture are moved to the rim of paper.
        position = np.clip(plane + (_PADDED - 1) / 2, 0, _PADDED - 1)
        pixel = np.minimum(np.trunc(position), _PADDED - 2)
        beyond = position - pixel
        ends = (pixel, pixel + 1)
        shares = (1 - beyond, beyond)
    index = np.empty((*xyz.shape[:-1], 4), dtype=np.int64)
    share = np.empty(index.shape)
    pixels = [np.clip(end, 0, _PADDED - 1) for end in ends]
    for i, (row, column) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        index[..., i] = pixels[row][..., 0] * _PADDED + pixels[column][..., 1]
        np.multiply(shares[row][..., 0], shares[column][..., 1], out=share[..., i])
    return index, share


def project(images: Images, xyz: FloatArray, interpolation: str = "bilinear") -> Images:
    """Interpolate pictures at one set of points, by one sparse matrix.

    Parameters
    ----------
    images
        Grey values, shape ``(image, 28, 28)``.
    xyz
        Unit vectors, shape ``(V, 3)``.
    interpolation
        As in :func:`pixel_shares`. With ``"published"``, each picture is then stretched
        to the whole range of values.

    Returns
    -------
    ndarray
        Grey values, uint8, shape ``(image, V)``: rounded, or with ``"published"``
        truncated.
    """
    index, share = pixel_shares(xyz, interpolation)
    row = np.repeat(np.arange(len(xyz)), 4)
    shape = (len(xyz), _PADDED**2)
    matrix = sp.csr_array((share.ravel(), (row, index.ravel())), shape=shape)
    values = np.empty((len(images), len(xyz)), dtype=np.uint8)
    for part in _parts(len(images), len(xyz)):
        shown = np.asarray(matrix @ _padded(images[part]).T.astype(np.float64))
        values[part] = _grey(shown.T, interpolation)
    return values


def project_turned(
    images: Images,
    xyz: FloatArray,
    matrices: FloatArray,
    interpolation: str = "bilinear",
) -> Images:
    """Interpolate pictures, each rotated by its own R: ``(R f)(x) = f(R^-1 x)``.

    ``matrices`` are the rotations, shape ``(image, 3, 3)``. Other parameters and the
    result are those of :func:`project`; pictures do not affect each other.
    """
    values = np.empty((len(images), len(xyz)), dtype=np.uint8)
    for part in _parts(len(images), len(xyz)):
        # Points are rows, and the row x' R is R^-1 x.
        index, share = pixel_shares(xyz @ matrices[part], interpolation)
        padded = _padded(images[part])
        flat = index.reshape(len(padded), -1)
        near = np.take_along_axis(padded, flat, axis=1).reshape(index.shape)
        shown = np.einsum("...i,...i", near.astype(np.float64), share)
        values[part] = _grey(shown, interpolation)
    return values


def _grey(values: FloatArray, interpolation: str) -> Images:
    """Convert the values of pictures, one picture per row, to bytes."""
    if interpolation == "bilinear":
        grey: Images = np.rint(values).astype(np.uint8)
        return grey
    low, high = values.min(1, keepdims=True), values.max(1, keepdims=True)
    # A picture of one value stays blank.
    span = np.where(high > low, high - low, 1)
    grey = ((values - low) / span * 255).astype(np.uint8)
    return grey


def _parts(n: int, vertices: int) -> Iterator[slice]:
    size = max(1, _POINTS // vertices)
    return (slice(i, i + size) for i in range(0, n, size))


def _padded(images: Images) -> Images:
    """Return pictures with a rim of paper, one row each."""
    wide = np.zeros((len(images), _PADDED, _PADDED), dtype=np.uint8)
    wide[:, 1:-1, 1:-1] = images
    return wide.reshape(len(images), -1)
