"""Pairs of rotated copies of maps."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.datasets.groups.map_group import (
    MapGroup,
    known_maps,
)
from deepsphere_pyg.datasets.map_arrays import maps_argument
from deepsphere_pyg.datasets.maps import MapDataset
from deepsphere_pyg.harmonics import (
    ISHT,
    SHT,
    HarmonicRotation,
    Rotation,
    exact_bandlimit,
)
from samplings import Sampling, nominal_bandlimit
from samplings.arguments import integer_argument, sampling_argument


class RotatedPairs(MapDataset[MapGroup]):
    r"""Two copies of each map, turned by two random rotations.

    Maps are turned by their coefficients of degrees below L; what they have beyond is
    lost in both copies. Rotations are uniform, and depend on ``(seed, i)`` alone for
    sample i.

    Parameters
    ----------
    X
        Maps, shape ``(N, V, C)``. They are read one by one, so that memory-mapped
        arrays need not fit in memory.
    sampling
        Where the vertices are, on the whole sphere.
    L
        Bandlimit of the copies; by default the largest one for which the transform of
        the sampling is exact, or two thirds of its nominal one: ``2 nside`` on HEALPix.
    pairs
        Number of pairs of each map: sample i is of map ``i % N``.
    seed
        Not negative.

    Shapes
    ------
    Samples have ``x (2, V, C)``.

    Raises
    ------
    TypeError
        If the maps do not hold real numbers, or an argument has another type.
    ValueError
        If shapes do not fit, a number is below 1, or the sampling has no transform to
        L; from ``dataset[i]``, if values are missing.
    IndexError
        From ``dataset[i]``, if there is no pair i.

    Notes
    -----
    Equivariance: exact for maps of degrees below L on samplings with a sampling
    theorem; elsewhere to the accuracy of the transform. A rotated map is
    :math:`(R f)(x) = f(R^{-1} x)`.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> sampling = GaussLegendre(4)
    >>> pairs = RotatedPairs(sampling.xyz[None, :, :1], sampling, L=2, pairs=3)
    >>> len(pairs), pairs[0].x.shape
    (3, torch.Size([2, 32, 1]))
    """

    item = "pair"

    def __init__(
        self,
        X: npt.ArrayLike | Tensor,
        sampling: Sampling,
        *,
        L: SupportsIndex | None = None,
        pairs: SupportsIndex = 1,
        seed: SupportsIndex = 0,
    ) -> None:
        self.X = maps_argument("X", X, "(N, V, C)")
        self.sampling = sampling_argument("sampling", sampling)
        if self.X.shape[1] != len(sampling):
            raise ValueError(
                f"X must have {len(sampling)} vertices, those of {sampling.name}, got "
                f"{self.X.shape[1]}; pass the sampling of the maps"
            )
        self.L = _bandlimit(sampling) if L is None else integer_argument("L", L, 1)
        self.pairs = integer_argument("pairs", pairs, 1)
        self.seed = integer_argument("seed", seed, 0)
        self._analysis = SHT(sampling, self.L)
        self._turn = HarmonicRotation(self.L)
        self._synthesis = ISHT(sampling, self.L)

    def __len__(self) -> int:
        return self.pairs * len(self.X)

    def rotations(self, index: int) -> Rotation:
        """Return the two rotations of sample ``index``."""
        i = self._check_index(index)
        seed = np.random.SeedSequence(self.seed, spawn_key=(i,))
        # The direction of a normal vector is a uniform unit quaternion.
        quaternions = np.random.default_rng(seed).normal(size=(2, 4))
        lengths = np.linalg.norm(quaternions, axis=1, keepdims=True)
        return Rotation.from_quaternion(quaternions / lengths)

    @torch.no_grad()
    def __getitem__(self, index: int) -> MapGroup:
        """Return two copies of a map, the same each time."""
        i = self._check_index(index)
        x = known_maps("X", self.X[i % len(self.X)], i)
        copies = self._turn(self._analysis(x)[None], self.rotations(i))
        return MapGroup(self._synthesis(copies))


def _bandlimit(sampling: Sampling) -> int:
    """Return the bandlimit of the copies of maps on a sampling."""
    exact = exact_bandlimit(sampling)
    return 2 * nominal_bandlimit(sampling) // 3 if exact is None else exact
