"""Winds carried between samplings as vectors, not as two scalars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.winds import cell_frames
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from samplings.arrays import FloatArray

#: Pairs of names: the eastward component, then the northward one.
Winds = Sequence[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class WindRegridder:
    """Regridding of eastward and northward winds as vectors.

    Their three Cartesian components are scalars, which are regridded; what remains of
    them in the tangent plane of each vertex is the wind there. So a wind over a pole
    stays what it is, though its components turn around the pole.

    Parameters
    ----------
    regridder
        From the cells of a file to the vertices of a sampling.

    Examples
    --------
    The wind of a solid rotation about the x axis blows over the poles:

    >>> from samplings import Equiangular, HEALPix
    >>> def rotation(s):
    ...     return np.stack([-np.cos(s.theta) * np.cos(s.phi), np.sin(s.phi)])
    >>> grid, sampling = Equiangular(91, 180, scheme="clenshaw-curtis"), HEALPix(8)
    >>> winds = WindRegridder(Regridder(grid, sampling, "bilinear"))
    >>> error = winds.fields(rotation(grid)) - rotation(sampling)
    >>> bool(np.abs(error).max() < 1e-3)
    True
    """

    regridder: Regridder

    @cached_property
    def frames(self) -> tuple[FloatArray, FloatArray]:
        """East and north at the cells, ``(2, 3, *shape)``, and at the vertices."""
        cells = cell_frames(self.regridder.source)
        vertices = cell_frames(self.regridder.sampling)
        return np.moveaxis(cells, (-2, -1), (0, 1)), np.moveaxis(vertices, 0, -1)

    def fields(self, winds: npt.ArrayLike) -> FloatArray:
        """Carry winds to the vertices.

        Parameters
        ----------
        winds
            Shape ``(2, ..., *shape)``: eastward, northward; NaN where missing.

        Returns
        -------
        ndarray
            Shape ``(2, ..., V)``, float64, NaN where one of them is missing.

        Raises
        ------
        ValueError
            If the maps do not have the shape of the grid, or longitudes at a pole are
            not known.
        """
        values = np.asarray(winds, dtype=np.float64)
        cells, vertices = self.frames
        shape = self.regridder.shape
        lead = (1,) * (values.ndim - 1 - len(shape))
        # Cartesian components first, so that leading axes follow.
        (east, north) = cells.reshape(2, 3, *lead, *shape)
        cartesian = self.regridder.fields(values[0] * east + values[1] * north)
        found: FloatArray = np.einsum("c...v,kcv->k...v", cartesian, vertices)
        return found


def paired(names: Sequence[str], winds: Winds) -> tuple[tuple[int, int], ...]:
    """Return the positions of pairs of winds among names of channels.

    A pair of variables stands for a pair of channels at each level.

    Parameters
    ----------
    names
        Such as ``u@500``.
    winds
        Pairs of names.

    Raises
    ------
    ValueError
        If a component is there without the other.

    Examples
    --------
    >>> paired(["t", "u@850", "u@500", "v@500", "v@850"], [("u", "v")])
    ((1, 4), (2, 3))
    """
    places = {name: i for i, name in enumerate(names)}
    found = []
    for pair in winds:
        for this, other in (pair, pair[::-1]):
            for name in names:
                if name != this and not name.startswith(f"{this}@"):
                    continue
                partner = other + name.removeprefix(this)
                if partner not in places:
                    raise ValueError(
                        f"winds {pair[0]} and {pair[1]} are read together, but {name} "
                        f"comes without {partner}; name both, or leave the pair out"
                    )
                if this == pair[0]:
                    found.append((places[name], places[partner]))
    return tuple(found)
