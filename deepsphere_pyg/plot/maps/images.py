"""Pictures of signals: each pixel shows its nearest vertex."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from deepsphere_pyg.plot.maps.projections import Mollweide, Projection
from samplings import Sampling
from samplings.arguments import array_argument, integer_argument, sampling_argument
from samplings.arrays import FloatArray, IntArray

Image = np.ma.MaskedArray[Any, np.dtype[np.float64]]


def mollweide_grid(width: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the unit vectors of the pixels of a Mollweide image.

    Longitude zero is in the middle and grows to the right.

    Parameters
    ----------
    width
        Pixels across; the picture is half as high.

    Returns
    -------
    xyz : ndarray
        Unit vectors of the pixels on the globe, shape ``(N, 3)``.
    on_globe : ndarray
        Boolean picture, shape ``(width // 2, width)``, first row north, with N True.
    """
    return Mollweide().pixels(width)


def vertex_values(name: str, values: npt.ArrayLike, sampling: Sampling) -> FloatArray:
    """Return a signal of one real number per vertex, or refuse it by name."""
    signal = array_argument(name, values)
    shape = (len(sampling_argument("sampling", sampling)),)
    if signal.shape != shape:
        raise ValueError(
            f"{name} must have shape {shape}, one per vertex, got {signal.shape}; pass "
            "the sampling of the signal"
        )
    return signal


def vertex_mask(
    mask: npt.ArrayLike | None, sampling: Sampling, masked: str = "values"
) -> npt.NDArray[np.bool_]:
    """Return True where a vertex counts: everywhere without a mask."""
    shape = (len(sampling_argument("sampling", sampling)),)
    if mask is None:
        return np.ones(shape, dtype=bool)
    known = np.asarray(mask, dtype=bool)
    if known.shape != shape:
        raise ValueError(
            f"mask must have the shape {shape} of the {masked}, one per "
            f"vertex, got {known.shape}; pass the mask of this sampling"
        )
    return known


def nearest_vertices(
    sampling: Sampling, xyz: FloatArray
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return the vertex nearest to each place, and whether it is near.

    Near is within twice the radius of the largest cell: places farther from any vertex
    are outside of a masked part.
    """
    distance, vertex = cKDTree(sampling.xyz).query(xyz, workers=-1)
    reach = 2 * np.sqrt(sampling.weights.max() / np.pi)
    return np.asarray(vertex, np.int64), np.asarray(distance <= reach)


def map_image(
    sampling: Sampling, values: FloatArray, projection: Projection, width: int
) -> Image:
    """Return an image of a signal in any projection, as :func:`mollweide_image`."""
    xyz, on_globe = projection.pixels(width)
    vertex, near = nearest_vertices(sampling, xyz)
    image = np.full(on_globe.shape, np.nan)
    image[on_globe] = np.where(near, values[vertex], np.nan)
    return np.ma.masked_invalid(image)


def mollweide_image(
    sampling: Sampling, values: npt.ArrayLike, width: int = 800
) -> Image:
    """Return an image of a signal: each pixel shows its nearest vertex.

    Pixels are masked if they are off the globe, farther from any vertex than twice the
    radius of the largest cell (outside a masked part), or at a vertex that is NaN.

    Parameters
    ----------
    sampling
        Vertices of the signal.
    values
        Signal, shape ``(V,)``.
    width
        Pixels across, at least 2.

    Raises
    ------
    TypeError
        If ``width`` is not an integer.
    ValueError
        If the signal does not have one value per vertex, or ``width`` is below 2.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(4)
    >>> mollweide_image(sampling, sampling.lat, width=40).shape
    (20, 40)
    """
    signal = vertex_values("values", values, sampling)
    pixels = integer_argument("width", width, 2)
    return map_image(sampling, signal, Mollweide(), pixels)
