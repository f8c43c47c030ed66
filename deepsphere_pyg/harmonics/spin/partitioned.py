"""Transforms of spin fields of one of several processes that share a sphere."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from deepsphere_pyg.harmonics.sht.partitioned import PartOfTransform
from deepsphere_pyg.harmonics.sht.partitioned_rings import (
    partitioned_analysis,
    partitioned_synthesis,
)
from deepsphere_pyg.harmonics.spin.arguments import spin_arguments
from deepsphere_pyg.harmonics.spin.base import SpinTransform
from deepsphere_pyg.harmonics.spin.sums import harmonics_of_spin
from samplings import Sampling
from samplings.arguments import sampling_argument


class PartitionedSpinSHT(PartOfTransform, SpinTransform):
    """The part of the transform of fields of spin s that one process computes.

    Rings and orders are dealt, and exchanged, as by :class:`PartitionedSHT`; the
    coefficients are those of :class:`SpinSHT` with ``method="rings"``.

    Parameters
    ----------
    sampling, L, iterations, group, dtype
        As for :class:`PartitionedSHT`.
    spin
        Spin s, as for :class:`SpinSHT`.

    Attributes
    ----------
    vertices, rows
        As for :class:`PartitionedSHT`.

    Shapes
    ------
    ``x : (*batch, own vertex, 2, channel) -> (*batch, own row, 2, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`PartitionedSHT` and :class:`SpinSHT`.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> from torch import distributed
    >>> store = distributed.HashStore()
    >>> distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    >>> to_rows = PartitionedSpinSHT(GaussLegendre(4), 4, 2)
    >>> to_rows(torch.ones(len(to_rows.vertices), 2, 1)).shape
    torch.Size([16, 2, 1])
    >>> distributed.destroy_process_group()
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        spin: SupportsIndex,
        *,
        iterations: int | None = None,
        group: ProcessGroup | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        sampling_argument("sampling", sampling)
        number, s = spin_arguments(L, spin)
        transform, rings, shares = partitioned_analysis(
            sampling, harmonics_of_spin(number, s), iterations, group, dtype
        )
        SpinTransform.__init__(self, sampling, number, s, transform, "rings")
        self.deal(rings, shares)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients of fields that are this process's.

        Parameters
        ----------
        x
            Fields at :attr:`vertices`, shape ``(*batch, own vertex, 2, channel)``.

        Returns
        -------
        Tensor
            E and B, rows :attr:`rows`, shape ``(*batch, own row, 2, channel)``.

        Raises
        ------
        TypeError, ValueError
            As :meth:`PartitionedSHT.forward`; if there are not two components.
        """
        return self._analyze(x, known=True)

    def analyze(self, x: Tensor) -> Tensor:
        """Return the coefficients like :meth:`forward`, codes of missing values too."""
        return self._analyze(x, known=False)

    def adjoint(self, c: Tensor) -> Tensor:
        """Apply the transpose of the analysis, as backpropagation does.

        Parameters
        ----------
        c
            Shape ``(*batch, own row, 2, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, own vertex, 2, channel)``.
        """
        return self._synthesize(c)


class PartitionedSpinISHT(PartOfTransform, SpinTransform):
    """The part of the inverse transform of spin fields that one process computes.

    The fields are those of :class:`SpinISHT`.

    Parameters
    ----------
    sampling, L, group, dtype
        As for :class:`PartitionedISHT`.
    spin
        Spin s, as for :class:`SpinSHT`.

    Attributes
    ----------
    vertices, rows
        As for :class:`PartitionedSHT`.

    Shapes
    ------
    ``c : (*batch, own row, 2, channel) -> (*batch, own vertex, 2, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`PartitionedSpinSHT`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> from torch import distributed
    >>> store = distributed.HashStore()
    >>> distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    >>> to_field = PartitionedSpinISHT(HEALPix(4), 3, 2)
    >>> to_field(torch.ones(9, 2, 1)).shape
    torch.Size([192, 2, 1])
    >>> distributed.destroy_process_group()
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        spin: SupportsIndex,
        *,
        group: ProcessGroup | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        sampling_argument("sampling", sampling)
        number, s = spin_arguments(L, spin)
        transform, rings, shares = partitioned_synthesis(
            sampling, harmonics_of_spin(number, s), group, dtype
        )
        SpinTransform.__init__(self, sampling, number, s, transform, "rings")
        self.deal(rings, shares)

    def forward(self, c: Tensor) -> Tensor:
        """Return the fields of coefficients at the vertices of this process.

        Parameters
        ----------
        c
            E and B, rows :attr:`rows`, shape ``(*batch, own row, 2, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, own vertex, 2, channel)``.

        Raises
        ------
        TypeError, ValueError
            As :meth:`PartitionedISHT.forward`; if there are not two sets of
            coefficients.
        """
        return self._synthesize(c)

    def adjoint(self, x: Tensor) -> Tensor:
        """Apply the transpose of the synthesis: plain sums over the vertices.

        Parameters
        ----------
        x
            Shape ``(*batch, own vertex, 2, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, own row, 2, channel)``.
        """
        return self._analyze(x, known=True)
