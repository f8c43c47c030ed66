"""Pictures on a tangent plane seen on the sphere: the pixels a point lies between."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.datasets.spherical_mnist_files import SIDE
from samplings.arrays import FloatArray

#: Height from which the plane is projected, above the point where it touches.
CENTRE = 2.001
#: The picture covers the square from minus this to this on the plane.
HALF_WIDTH = 1.5
# Points worked on at once: few enough for the caches of a processor.
_POINTS = 1 << 15
# Pictures get a rim of paper, so that points off them need no case of their own.
_PADDED = SIDE + 2

Images = npt.NDArray[np.uint8]


def plane_points(xyz: FloatArray) -> FloatArray:
    r"""Points of the plane that touches the sphere from below, seen on the sphere.

    .. math:: q = \frac{h}{h - 1 - z} (x, y), \quad h = 2.001

    The unit sphere stands on the plane at its south pole, (0, 0, -1), and the plane is
    seen from a height h above it: from .001 above the north pole, so that all points of
    the sphere have one. The equator is a circle of radius 1.999.

    Parameters
    ----------
    xyz
        Unit vectors, shape ``(..., 3)``.

    Returns
    -------
    ndarray
        Shape ``(..., 2)``.

    Notes
    -----
    Source: Cohen, Geiger, Köhler and Welling 2018 (arXiv:1801.10130), and its published
    code.

    Examples
    --------
    >>> plane_points(np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])).round(3)
    array([[0.   , 0.   ],
           [1.999, 0.   ]])
    """
    points: FloatArray = xyz[..., :2] * (CENTRE / (CENTRE - 1 - xyz[..., 2:]))
    return points


def pixel_shares(xyz: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Which four pixels each point lies between, and the share of each.

    Bilinear interpolation between the centres of pixels; paper outside. Rows of the
    picture go with x and columns with y, as in the published code: seen from outside
    the sphere it is not mirrored.

    Parameters
    ----------
    xyz
        Unit vectors, shape ``(..., 3)``.

    Returns
    -------
    index
        Pixels of the padded pictures, ``(..., 4)``.
    share
        Not negative, of sum 1, ``(..., 4)``.
    """
    plane = plane_points(xyz) * (SIDE / (2 * HALF_WIDTH))
    # In pixels of the padded picture, whose first centre is 0; off it, its rim, which
    # is paper.
    middle = (_PADDED - 1) / 2
    row = np.clip(middle + plane[..., 0], 0, _PADDED - 1)
    column = np.clip(middle + plane[..., 1], 0, _PADDED - 1)
    left = np.minimum(column.astype(np.int64), _PADDED - 2)
    top = np.minimum(row.astype(np.int64), _PADDED - 2)
    column -= left
    row -= top
    first = top * _PADDED + left
    index = np.stack([first, first + 1, first + _PADDED, first + _PADDED + 1], axis=-1)
    share = np.empty(index.shape)
    share[..., 3] = row * column
    share[..., 2] = row - share[..., 3]
    share[..., 1] = column - share[..., 3]
    share[..., 0] = 1 - row - share[..., 1]
    return index, share


def project(images: Images, xyz: FloatArray) -> Images:
    """Pictures at one set of points, by one sparse matrix.

    Parameters
    ----------
    images
        Grey values, shape ``(image, 28, 28)``.
    xyz
        Unit vectors, shape ``(V, 3)``.

    Returns
    -------
    ndarray
        Grey values, rounded, uint8, shape ``(image, V)``.
    """
    index, share = pixel_shares(xyz)
    row = np.repeat(np.arange(len(xyz)), 4)
    shape = (len(xyz), _PADDED**2)
    matrix = sp.csr_array((share.ravel(), (row, index.ravel())), shape=shape)
    values = np.empty((len(images), len(xyz)), dtype=np.uint8)
    for part in _parts(len(images), len(xyz)):
        shown = np.asarray(matrix @ _padded(images[part]).T.astype(np.float64))
        values[part] = np.rint(shown.T)
    return values


def project_turned(images: Images, xyz: FloatArray, matrices: FloatArray) -> Images:
    """Pictures turned by a rotation each: ``(R f)(x) = f(R^-1 x)``.

    Parameters
    ----------
    images, xyz
        As in :func:`project`.
    matrices
        Rotations R, shape ``(image, 3, 3)``.

    Returns
    -------
    ndarray
        As of :func:`project`; a picture's values do not depend on the others'.
    """
    values = np.empty((len(images), len(xyz)), dtype=np.uint8)
    for part in _parts(len(images), len(xyz)):
        # Rows are x', and x' R is R^-1 x.
        index, share = pixel_shares(xyz @ matrices[part])
        padded = _padded(images[part])
        flat = index.reshape(len(padded), -1)
        near = np.take_along_axis(padded, flat, axis=1).reshape(index.shape)
        values[part] = np.rint(np.einsum("...i,...i", near.astype(np.float64), share))
    return values


def _parts(n: int, vertices: int) -> Iterator[slice]:
    size = max(1, _POINTS // vertices)
    return (slice(i, i + size) for i in range(0, n, size))


def _padded(images: Images) -> Images:
    """Pictures with a rim of paper, one row each."""
    wide = np.zeros((len(images), _PADDED, _PADDED), dtype=np.uint8)
    wide[:, 1:-1, 1:-1] = images
    return wide.reshape(len(images), -1)
