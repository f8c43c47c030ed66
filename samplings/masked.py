"""A part of a sampling, such as the unmasked sky or the land."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.base import Coarsening, IntArray, Sampling
from samplings.encoding import encode_array
from samplings.quantities import steradians
from samplings.tessellation.cells import Cells


class Masked(Sampling):
    """Some of the vertices of another sampling.

    Parameters
    ----------
    parent
        The sampling to take vertices from; it may be masked itself.
    part
        Boolean mask, shape ``(V_parent,)``, True for the vertices to keep, in the
        parent's order; or their indices, each once, in the order that the part has:
        ``sampling[pixels].xyz`` is ``sampling.xyz[pixels]``.
    weights
        Areas of the kept cells in steradian, in the order of the part, shape
        ``(V,)``, where a cell is itself only partly kept; by default those of the
        parent.

    Attributes
    ----------
    parent
        The whole sampling.
    index
        Indices of the kept vertices in the parent, in the order of the part, shape
        ``(V,)``; those of a mask ascend.

    Raises
    ------
    TypeError
        If ``part`` is neither boolean nor integer, or a single value.
    ValueError
        If ``part`` keeps nothing, has another length than the parent, holds an index
        twice or out of range, or is a masked array that hides some entries.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> sphere = HEALPix(2)
    >>> north = sphere[sphere.lat > 0]
    >>> north.n_vertices, north.coarsen().coarse.n_vertices
    (20, 8)
    >>> sphere[[17, 4]].index
    array([17,  4])
    """

    parent: Sampling
    index: IntArray

    def __init__(
        self,
        parent: Sampling,
        part: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
    ) -> None:
        index = _index(part, len(parent))
        index.setflags(write=False)
        areas = parent.weights[index]
        if weights is not None:
            areas = steradians("weights", weights)
        object.__setattr__(self, "parent", parent)
        object.__setattr__(self, "index", index)
        super().__init__(parent.xyz[index], areas)

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where a vertex of the parent is kept, shape ``(V_parent,)``."""
        mask = np.zeros(len(self.parent), dtype=bool)
        mask[self.index] = True
        return mask

    @property
    def config(self) -> dict[str, Any]:
        """Configuration of the parent, the mask, and areas where they differ.

        Indices in the place of the mask where they are not in the parent's order.
        """
        config: dict[str, Any] = {"type": "masked", "parent": self.parent.config}
        if (np.diff(self.index) > 0).all():
            config["mask"] = encode_array(np.packbits(self.mask))
        else:
            config["index"] = encode_array(self.index)
        if not np.array_equal(self.weights, self.parent.weights[self.index]):
            config["weights"] = encode_array(self.weights)
        return config

    @property
    def name(self) -> str:
        """``<parent>-masked``."""
        return f"{self.parent.name}-masked"

    def __repr__(self) -> str:
        return f"Masked({self.parent!r}) with {len(self)} vertices"

    def cells(self) -> Cells:
        """Cells of the parent, whole even where only a part of them is kept."""
        return self.parent.cells()[self.index]

    def coarsen(self) -> Coarsening:
        """Coarsen the parent, and keep the coarse cells that hold any kept cell.

        A coarse cell's area is that of the kept cells in it, so that area is conserved.

        Raises
        ------
        ValueError
            If the parent has no coarser sampling, or not fewer coarse cells than
            vertices kept, as where these lie apart.
        """
        whole = self.parent.coarsen()
        shares = whole.assign[:, self.index]
        area = shares @ self.weights
        kept = np.flatnonzero(area > 0)
        if len(kept) >= len(self):
            raise ValueError(
                f"the {len(self)} vertices kept of {self.parent.name} lie in "
                f"{len(kept)} cells of {whole.coarse.name}, which would not be "
                "coarser; keep more of each cell, use coarsen_to() with a much coarser "
                "sampling, or merge nearest points by "
                "Irregular.from_xyz(part.xyz, part.weights)"
            )
        coarse = Masked(whole.coarse, kept, area[kept])
        return Coarsening(self, coarse, shares[kept])


def _index(part: npt.ArrayLike, n: int) -> IntArray:
    """Turn a mask or indices into the indices of the vertices to keep."""
    hidden = int(np.ma.getmaskarray(np.ma.asanyarray(part)).sum())
    if hidden:
        raise ValueError(
            f"a mask must say of every vertex whether to keep it, but a masked array "
            f"hides {hidden} of its entries; decide with .filled(False) for booleans, "
            ".compressed() for indices"
        )
    part = np.asarray(part)
    if part.ndim == 0:
        raise TypeError(
            f"a mask must be boolean, shape ({n},), or a list of indices, got "
            f"{part[()]}; for one vertex pass [i], for a slice numpy.arange(i, j)"
        )
    if part.ndim != 1:
        raise ValueError(
            f"a mask must have shape ({n},), got {part.shape}; flatten it in the "
            "sampling's vertex order"
        )
    if part.size == 0:
        raise ValueError("the mask is empty; keep at least one vertex")
    if part.dtype == np.bool_:
        return _index_of_mask(part, n)
    if not np.issubdtype(part.dtype, np.integer):
        remedy = "compare it with a threshold, as in mask > 0.5, and decide about NaN"
        if part.dtype.kind == "f" and (part == np.round(part)).all():
            remedy = "convert indices with .astype(int), a mask of 0 and 1 with == 1"
        elif part.dtype.kind not in "fc":
            remedy = "convert it with numpy.asarray(mask, dtype=bool), or dtype=int"
        raise TypeError(
            f"a mask must be boolean, or integer indices, got {part.dtype}; {remedy}"
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
    """Turn a mask into ascending indices."""
    if len(mask) != n:
        raise ValueError(
            f"the mask has length {len(mask)} for {n} vertices; "
            "give one boolean per vertex"
        )
    index = np.flatnonzero(mask)
    if len(index) == 0:
        raise ValueError(
            "the mask is False everywhere; keep at least one vertex (True means keep)"
        )
    return index.astype(np.int64)
