"""Parts of the sphere, padded to whole cells of coarser levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arguments import (
    integer_argument,
    number_argument,
    real_array,
    sampling_argument,
)
from samplings.arrays import FloatArray, IntArray, ReadOnly
from samplings.base import Masked, Sampling, whole_sampling


@dataclass(frozen=True, eq=False)
class Footprint(ReadOnly):
    """A part of the sphere inside whole cells of a coarser level.

    Attributes
    ----------
    sampling
        The padded part: all children of every parent that has a vertex of the part, in
        the order of the whole sampling. Children of a nested HEALPix parent are
        neighbours in memory.
    index
        Where the vertices of the part are in it, shape ``(V,)``, in the part's order.
    mask
        True at vertices of the part, shape ``(V_padded,)``.
    levels
        Number of coarsenings.
    complete
        Whether each cell of the coarsest level has all its children, shape
        ``(V_coarsest,)``. All have where cells nest; where cells are shared by two
        parents, as on icosahedral samplings, those have that hold a vertex of the part.
    """

    sampling: Sampling
    index: IntArray
    mask: npt.NDArray[np.bool_]
    levels: int
    complete: npt.NDArray[np.bool_]

    def pad(self, values: npt.ArrayLike, fill: float = 0.0) -> npt.NDArray[np.generic]:
        """Return signals of the part on the padded sampling, ``fill`` elsewhere.

        Shapes: ``(*batch, V, channel) -> (*batch, V_padded, channel)``.

        Raises
        ------
        TypeError, ValueError
            If values are not real numbers of that shape.
        """
        array = self._checked(values, len(self.index))
        shape = (*array.shape[:-2], len(self.mask), array.shape[-1])
        kept = array.dtype if array.dtype.kind == "f" else np.float64
        number = number_argument("fill", fill, "pass 0.0, or numpy.nan")
        padded = np.full(shape, number, dtype=kept)
        padded[..., self.index, :] = array
        return padded

    def crop(self, values: npt.ArrayLike) -> npt.NDArray[np.generic]:
        """Return signals of the padded sampling at the vertices of the part."""
        return np.asarray(self._checked(values, len(self.mask))[..., self.index, :])

    @staticmethod
    def _checked(values: npt.ArrayLike, vertices: int) -> npt.NDArray[np.generic]:
        array = real_array("values", values)
        if array.ndim < 2 or array.shape[-2] != vertices:
            raise ValueError(
                f"values must have shape (*batch, {vertices}, channel), got "
                f"{array.shape}; add a channel with values[..., None]"
            )
        return array


def pad_to_parents(sampling: Sampling, levels: SupportsIndex) -> Footprint:
    """Pad a masked sampling until all parents ``levels`` levels up are whole.

    Networks that merge the children of a parent by learned weights, or that share
    coarse levels between skies, need all children. Pooling by area does not: see
    :meth:`samplings.Masked.coarsen`.

    Parameters
    ----------
    sampling
        A part of a sampling that can be coarsened, such as ``HEALPix(64)[mask]``. A
        whole sampling is returned as it is.
    levels
        Number of coarsenings, at least 1.

    Returns
    -------
    Footprint
        The padded sampling, with the places of the part in it.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling.
    ValueError
        If the whole sampling cannot be coarsened that often.

    Notes
    -----
    Vertices of the part keep their areas; the others have those of the whole sampling.
    On icosahedral samplings, where a cell may have two parents, parents beyond those
    that hold the part have some of their children only.

    Examples
    --------
    >>> import numpy as np
    >>> from samplings import HEALPix
    >>> part = HEALPix(8)[[3, 70, 71]]
    >>> footprint = pad_to_parents(part, levels=2)
    >>> len(footprint.sampling), footprint.index, footprint.complete
    (32, array([ 3, 22, 23]), array([ True,  True]))
    >>> footprint.pad(np.ones((3, 1))).sum()
    np.float64(3.0)
    """
    levels = integer_argument("levels", levels, 1)
    whole, index = whole_sampling(sampling_argument("sampling", sampling))
    shares = _shares(whole, levels)
    held = np.asarray(abs(shares[:, index]).sum(axis=1)).ravel() > 0
    inside = np.asarray(shares[held].sum(axis=0)).ravel() > 0
    padded: Sampling = whole
    weights: FloatArray = whole.weights.copy()
    weights[index] = sampling.weights
    if not inside.all() or not np.array_equal(weights, whole.weights):
        padded = Masked(whole, inside, weights[inside])
    place = (np.cumsum(inside) - 1)[index]
    mask = np.zeros(int(inside.sum()), dtype=bool)
    mask[place] = True
    sizes = np.diff(shares.indptr)
    present = np.diff(sp.csr_array(shares[:, inside]).indptr)
    complete = (present == sizes)[present > 0]
    for array in (place, mask, complete):
        array.setflags(write=False)
    return Footprint(padded, place, mask, levels, complete)


def _shares(whole: Sampling, levels: int) -> sp.csr_array:
    """Return the shares of cells in those of a level, or name the last one."""
    shares = sp.eye_array(len(whole), format="csr")
    level = whole
    for done in range(levels):
        try:
            coarsening = level.coarsen()
        except ValueError as error:
            raise ValueError(
                f"levels={levels} coarsenings of {whole.name} must be possible, got "
                f"{done} possible: {error}; or pass levels={done}"
            ) from error
        shares = sp.csr_array(coarsening.assign @ shares)
        level = coarsening.coarse
    return shares


def surroundings(sampling: Masked, radius: float) -> tuple[Sampling, IntArray]:
    """Return the kept vertices and those within an angle of them, and their places.

    ``radius`` is in radian. Vertices are in the order of the whole sampling.
    """
    whole, index = whole_sampling(sampling)
    chord = 2 * math.sin(min(radius, math.pi) / 2)
    near = cKDTree(sampling.xyz).query(whole.xyz, distance_upper_bound=chord)[0]
    mask = np.isfinite(near)
    mask[index] = True
    if mask.all():
        return whole, index
    return whole[mask], np.asarray(np.cumsum(mask)[index] - 1)
