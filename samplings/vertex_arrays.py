"""Checks of the positions and areas of vertices, and of masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import counted, shown
from samplings.arrays import FloatArray, IntArray
from samplings.quantities import steradians, unit_vectors
from samplings.units import EARTH

# Unit vectors that went through float32 are off by 6e-8; radii in kilometres, or
# degrees passed as coordinates, by far more.
UNIT_TOLERANCE = 1e-6
# Areas that are rounded, or measured on a sphere of another radius (the Earth's
# equatorial one instead of its mean one: 0.2 %), may sum to slightly more.
AREA_TOLERANCE = 1e-2
# Areas that sum to more spheres than this are in another unit, rather than repeated.
FEW_SPHERES = 10.0


def vertex_positions(values: Any) -> FloatArray:
    """Return finite unit vectors, shape ``(V, 3)`` with V >= 1, of length one."""
    xyz = unit_vectors("xyz", values)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or len(xyz) == 0:
        raise ValueError(
            f"xyz must have shape (V, 3) with V >= 1, got {xyz.shape}; "
            "pass one unit vector per row"
        )
    if not np.isfinite(xyz).all():
        bad = int(np.flatnonzero(~np.isfinite(xyz).all(axis=1))[0])
        raise ValueError(
            f"xyz must be finite, got {xyz[bad]} at vertex {bad}; "
            "drop the points whose coordinates are missing"
        )
    norm = np.linalg.norm(xyz, axis=1)
    off = np.abs(norm - 1)
    if off.max() > UNIT_TOLERANCE:
        bad = int(off.argmax())
        raise ValueError(
            f"xyz must be unit vectors, got length {norm[bad]:.6g} at vertex {bad};"
            " divide by the length, or use Irregular.from_lonlat for degrees"
        )
    # Vectors of unit length to round-off stay unchanged: another division would change
    # their last bits, and a configuration must rebuild the same ones.
    norm[off <= 4 * np.finfo(np.float64).eps] = 1.0
    return np.asarray(xyz / norm[:, None])


def vertex_areas(values: Any, n: int) -> FloatArray:
    """Return the positive areas of n cells in steradian, at most 4 pi (to 1 %)."""
    weights = steradians("weights", values)
    if weights.shape != (n,):
        raise ValueError(
            f"weights must have shape ({n},), one area per vertex, got {weights.shape}"
        )
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        bad = int(np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))[0])
        raise ValueError(
            f"weights are areas in steradian and must be positive, "
            f"got {weights[bad]} at vertex {bad}; drop such points, or leave "
            "weights out where they can be computed"
        )
    spheres = float(weights.sum()) / (4 * np.pi)
    if spheres > 1 + AREA_TOLERANCE:
        raise ValueError(
            f"weights are areas in steradian and must add up to 4 pi at most, got "
            f"{spheres:.4g} times as much, {weights.max():.4g} at the largest cell; "
            f"{_remedy_beyond_sphere(weights, spheres)}"
        )
    return weights


def _remedy_beyond_sphere(weights: FloatArray, spheres: float) -> str:
    """Guess the unit of areas that add up to more than the sphere."""
    if np.isclose(weights.mean(), 1):
        return (
            "they look like masses of mean one: divide by their sum and multiply by "
            "the area covered, in steradian"
        )
    if spheres <= FEW_SPHERES:
        return "make sure that cells do not overlap and that each is listed once"
    # The smallest unit in which they would not exceed the globe.
    units = {
        "square degrees, divide by (180/pi)**2": (180 / np.pi) ** 2,
        f"km2 on Earth, divide by {EARTH / 1e3:.3f}**2": (EARTH / 1e3) ** 2,
        f"m2 on Earth, divide by {EARTH:.0f}**2": EARTH**2,
    }
    fits = [u for u, n in units.items() if spheres <= n * (1 + AREA_TOLERANCE)]
    return f"if they are in {fits[0]}" if fits else "convert them to steradian"


def kept_vertices(part: npt.ArrayLike, n: int, name: str = "a mask") -> IntArray:
    """Return the indices of the vertices that a mask or indices keep."""
    hidden = int(np.ma.getmaskarray(np.ma.asanyarray(part)).sum())
    if hidden:
        raise ValueError(
            f"{name} must cover every vertex, got a masked array that hides {hidden} "
            "of its entries; decide with .filled(False) for booleans, .compressed() "
            "for indices"
        )
    part = np.asarray(part)
    if part.ndim == 0:
        raise TypeError(
            f"{name} must be boolean, shape ({n},), or a list of indices, got "
            f"{shown(part[()])}; for one vertex pass [i], for a slice "
            "numpy.arange(i, j)"
        )
    if part.ndim != 1:
        raise ValueError(
            f"{name} must have shape ({n},), got {part.shape}; flatten it in the "
            "sampling's vertex order"
        )
    if part.size == 0:
        raise ValueError(f"{name} must keep at least one vertex, got an empty array")
    if part.dtype == np.bool_:
        return _index_of_mask(part, n)
    if not np.issubdtype(part.dtype, np.integer):
        remedy = "compare it with a threshold, as in mask > 0.5, and decide about NaN"
        if part.dtype.kind == "f" and (part == np.round(part)).all():
            remedy = "convert indices with .astype(int), a mask of 0 and 1 with == 1"
        elif part.dtype.kind not in "fc":
            remedy = "convert it with numpy.asarray(mask, dtype=bool), or dtype=int"
        raise TypeError(
            f"{name} must be boolean, or integer indices, got {part.dtype}; {remedy}"
        )
    low, high = int(part.min()), int(part.max())
    if low < 0 or high >= n:
        raise ValueError(
            f"indices must lie in 0 ... {n - 1}, got {low if low < 0 else high}; "
            "count from the first vertex"
        )
    found, counts = np.unique(part, return_counts=True)
    if counts.max() > 1:
        mask = len(part) == n and high <= 1
        remedy = "make a mask of 0 and 1 boolean" if mask else "pass each vertex once"
        raise ValueError(
            f"indices must be distinct, got {found[counts.argmax()]} "
            f"{counts.max()} times; {remedy}"
        )
    return np.array(part, dtype=np.int64)


def _index_of_mask(mask: npt.NDArray[np.bool_], n: int) -> IntArray:
    """Return the ascending indices of a mask."""
    if len(mask) != n:
        raise ValueError(
            f"the mask has length {len(mask)} for {counted(n, 'vertex', 'vertices')}; "
            "give one boolean per vertex"
        )
    index = np.flatnonzero(mask)
    if len(index) == 0:
        raise ValueError(
            "the mask is False everywhere; keep at least one vertex (True means keep)"
        )
    return index.astype(np.int64)


def equal_areas(n: int) -> FloatArray:
    """Return equal shares of the sphere, for points without areas."""
    return np.full(n, 4 * np.pi / max(n, 1))
