"""Harmonic transforms of one of several processes that share a sphere."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from deepsphere_pyg.harmonics.layout.checks import check_real_rows
from deepsphere_pyg.harmonics.sht.base import HarmonicTransform
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.harmonics.sht.partitioned_rings import (
    partitioned_analysis,
    partitioned_synthesis,
)
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from deepsphere_pyg.harmonics.sht.shares import Shares
from deepsphere_pyg.signals import checked_signal, known_places
from samplings import Sampling
from samplings.arguments import counted, integer_argument, sampling_argument
from samplings.arrays import IntArray


class PartOfTransform(HarmonicTransform):
    """Mixin of transforms of one of several processes: their numbers and checks."""

    def deal(self, rings: RingGeometry, shares: Shares) -> None:
        """Note which vertices and rows this process has."""
        first, stop = shares.bounds[shares.rank : shares.rank + 2]
        vertices = rings.part(rings.with_mirrors(first, stop)).order
        orders = np.abs(self.layout.orders)
        self.vertices: IntArray = np.sort(np.asarray(vertices))
        self.rows: IntArray = np.flatnonzero(np.isin(orders, shares.own))
        self._place = f"process {shares.rank} of {len(shares.orders)}"

    def _checked_signal(self, x: Tensor, known: bool) -> Tensor:
        """Check signals at the vertices of this process.

        Missing values become NaN: an error would leave other processes waiting.
        """
        n, probe = len(self.vertices), self.transform.probe
        if isinstance(x, Tensor) and x.ndim > 1 and x.shape[-2] != n:
            raise ValueError(
                f"x has {counted(x.shape[-2], 'vertex', 'vertices')}, {self._place} "
                f"has {n} of {len(self.sampling)}; pass the part of a signal at "
                "transform.vertices"
            )
        x = checked_signal(x, n, probe, cast=False)
        places = known_places(x) if known else None
        return (x if places is None else x.where(places, torch.nan)).to(probe.dtype)

    def _checked_rows(self, c: Tensor) -> Tensor:
        """Refuse coefficients of other numbers, or of other rows than own ones."""
        check_real_rows(c)
        if c.shape[-2] != len(self.rows):
            raise ValueError(
                f"coefficients have {c.shape[-2]} rows, {self._place} has "
                f"{len(self.rows)} of {self.layout.n_rows}; pass the part of "
                "coefficients in transform.rows"
            )
        return c

    def __repr__(self) -> str:
        return (
            f"{super().__repr__()}, {self._place}: "
            f"{counted(len(self.vertices), 'vertex', 'vertices')}, {len(self.rows)} "
            "rows"
        )


class PartitionedSHT(PartOfTransform):
    r"""The part of the spherical harmonic transform that one process computes.

    The processes of a group share the sphere: each has the vertices of some rings, with
    their mirrors beyond the equator, and in harmonic space the coefficients of some
    orders, each about as many as the others. A transform is Fourier transforms along
    the own rings, one exchange of all with all, which turns all orders on the own rings
    into the own orders on all rings, and sums over Legendre functions of the own
    orders. The coefficients are those of :class:`SHT` with ``method="rings"``.

    Making one is collective, and so are all calls, and the gradients through them: all
    processes must make them in the same order, with signals of the same shape but for
    their number of vertices.

    Parameters
    ----------
    sampling
        Vertices of the whole sphere, the same in all processes: on rings, with a
        sampling theorem (Gauss-Legendre, reduced Gaussian, equiangular,
        McEwen-Wiaux), or HEALPix.
    L
        Bandlimit: degrees 0 ... L - 1.
    iterations
        On HEALPix, as for :class:`SHT`; each costs two more exchanges.
    group
        Processes that share the sphere; all by default.
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.

    Attributes
    ----------
    vertices
        Vertices of the sampling that this process has, ascending.
    rows
        Rows of the coefficients that this process has, ascending.

    Shapes
    ------
    ``x : (*batch, own vertex, channel) -> (*batch, own row, channel)``

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If the sampling does not consist of rings, or L is beyond what it resolves; if
        no group is initialised, or has more processes than there are rings or orders.

    Notes
    -----
    Of the tables of Legendre functions, the memory of a transform at large bandlimits,
    each process has those of its orders: about one in as many parts as there are
    processes (:attr:`table_bytes`). The rings themselves are known to all. An exchange
    sends nearly all :math:`2 L T` numbers of each signal, for T rings.

    A missing value makes all coefficients of its map NaN, in all processes: an error in
    one of them would leave the others waiting.

    Source: transposition between rings and orders as in libsharp, Reinecke and
    Seljebotn 2013, A&A 554, A112 (arXiv:1303.4945), section 3.

    Equivariance: as for :class:`SHT`.

    Examples
    --------
    In a group of one process; ``torchrun`` starts several:

    >>> from samplings import GaussLegendre
    >>> from torch import distributed
    >>> store = distributed.HashStore()
    >>> distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    >>> sampling = GaussLegendre(8)
    >>> to_rows = PartitionedSHT(sampling, 8, dtype=torch.float64)
    >>> z = torch.tensor(sampling.xyz[to_rows.vertices, 2:])
    >>> c = to_rows(z)
    >>> int(to_rows.rows[c[:, 0].abs().argmax()]), round(float(c[2, 0]), 6)
    (2, 2.046653)
    >>> to_signal = PartitionedISHT(sampling, 8, dtype=torch.float64)
    >>> torch.allclose(to_signal(c), z)
    True
    >>> distributed.destroy_process_group()
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        *,
        iterations: int | None = None,
        group: ProcessGroup | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        sampling_argument("sampling", sampling)
        harmonics = ScalarHarmonics(integer_argument("L", L, 1))
        transform, rings, shares = partitioned_analysis(
            sampling, harmonics, iterations, group, dtype
        )
        super().__init__(sampling, harmonics.L, transform, "rings")
        self.deal(rings, shares)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients of signals that are this process's.

        Parameters
        ----------
        x
            Signals at :attr:`vertices`, shape ``(*batch, own vertex, channel)``.

        Returns
        -------
        Tensor
            Coefficients :attr:`rows`, shape ``(*batch, own row, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``x`` does not have the transform's dtype, device and number of vertices.
        """
        return self._analyze(x, known=True)

    def analyze(self, x: Tensor) -> Tensor:
        """Return the coefficients like :meth:`forward`, codes of missing values too.

        For signals that a network computed, which have no such codes.
        """
        return self._analyze(x, known=False)

    def adjoint(self, c: Tensor) -> Tensor:
        """Apply the transpose of the analysis, as backpropagation does.

        Parameters
        ----------
        c
            Shape ``(*batch, own row, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, own vertex, channel)``.
        """
        return self._synthesize(c)


class PartitionedISHT(PartOfTransform):
    r"""The part of the inverse transform that one process computes.

    Sums over Legendre functions of the own orders, one exchange, and Fourier transforms
    along the own rings: :class:`PartitionedSHT` in reverse. The signals are those of
    :class:`ISHT`.

    Parameters
    ----------
    sampling
        Vertices of the whole sphere, on rings; no sampling theorem is needed.
    L, group, dtype
        As for :class:`PartitionedSHT`.

    Attributes
    ----------
    vertices, rows
        As for :class:`PartitionedSHT`, and the same for the same arguments.

    Shapes
    ------
    ``c : (*batch, own row, channel) -> (*batch, own vertex, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`PartitionedSHT`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> from torch import distributed
    >>> store = distributed.HashStore()
    >>> distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    >>> to_signal = PartitionedISHT(HEALPix(4), 2)
    >>> to_signal(torch.ones(4, 1)).shape, to_signal.rows
    (torch.Size([192, 1]), array([0, 1, 2, 3]))
    >>> distributed.destroy_process_group()
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        *,
        group: ProcessGroup | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        sampling_argument("sampling", sampling)
        harmonics = ScalarHarmonics(integer_argument("L", L, 1))
        transform, rings, shares = partitioned_synthesis(
            sampling, harmonics, group, dtype
        )
        super().__init__(sampling, harmonics.L, transform, "rings")
        self.deal(rings, shares)

    def forward(self, c: Tensor) -> Tensor:
        """Return the signals of coefficients at the vertices of this process.

        Parameters
        ----------
        c
            Coefficients :attr:`rows`, shape ``(*batch, own row, channel)``.

        Returns
        -------
        Tensor
            Signals at :attr:`vertices`, shape ``(*batch, own vertex, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``c`` does not have the transform's dtype, device and number of rows.
        """
        return self._synthesize(c)

    def adjoint(self, x: Tensor) -> Tensor:
        """Apply the transpose of the synthesis: plain sums over the vertices.

        Parameters
        ----------
        x
            Shape ``(*batch, own vertex, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, own row, channel)``.
        """
        return self._analyze(x, known=True)
