"""Simulations of the same seeds at several parameters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from deepsphere_pyg.datasets.groups.map_group import (
    MapGroup,
    known_maps,
)
from deepsphere_pyg.datasets.map_arrays import maps_argument
from deepsphere_pyg.datasets.maps import MapDataset


class FisherMaps(MapDataset[MapGroup]):
    r"""Maps of each seed at parameters :math:`\theta_0` and on both sides.

    Sample i holds the maps of seed i: the one at :math:`\theta_0`, those at
    :math:`\theta_0 + \Delta_a` for each parameter a, and those at
    :math:`\theta_0 - \Delta_a`. Arrays are read seed by seed, so that memory-mapped
    ones need not fit in memory.

    Parameters
    ----------
    fiducial
        Maps at :math:`\theta_0`, shape ``(N, V, C)``.
    plus, minus
        Maps at :math:`\theta_0 \pm \Delta_a`, shape ``(N, d, V, C)``.

    Shapes
    ------
    Samples have ``x (1 + 2 d, V, C)``.

    Raises
    ------
    TypeError
        If an array does not hold real numbers.
    ValueError
        If shapes do not fit; from ``dataset[i]``, if values are missing.
    IndexError
        From ``dataset[i]``, if there is no seed i.

    Examples
    --------
    >>> middle, sides = np.zeros((5, 12, 1)), np.ones((5, 2, 12, 1))
    >>> FisherMaps(middle, sides, -sides)[0].x[:, 0, 0]
    tensor([ 0.,  1.,  1., -1., -1.])
    """

    item = "seed"

    def __init__(
        self,
        fiducial: npt.ArrayLike | Tensor,
        plus: npt.ArrayLike | Tensor,
        minus: npt.ArrayLike | Tensor,
    ) -> None:
        self.fiducial = maps_argument("fiducial", fiducial, "(N, V, C)")
        self.plus = maps_argument("plus", plus, "(N, d, V, C)")
        self.minus = maps_argument("minus", minus, "(N, d, V, C)")
        n, vertices, channels = self.fiducial.shape
        wanted = (n, self.plus.shape[1], vertices, channels)
        if self.plus.shape != wanted or self.minus.shape != wanted:
            raise ValueError(
                f"plus and minus must have shape {(n, 'd', vertices, channels)}, maps "
                "of the seeds of fiducial with a step in each of d parameters, got "
                f"{self.plus.shape} and {self.minus.shape}; stack the parameters along "
                "axis 1"
            )

    @property
    def n_parameters(self) -> int:
        """Number d of parameters."""
        return int(self.plus.shape[1])

    def __len__(self) -> int:
        return len(self.fiducial)

    def __getitem__(self, index: int) -> MapGroup:
        """Return the maps of a seed."""
        i = self._check_index(index)
        maps = np.concatenate([self.fiducial[i][None], self.plus[i], self.minus[i]])
        return MapGroup(known_maps("maps of a seed", maps, i))
