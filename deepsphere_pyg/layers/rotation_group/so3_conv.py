"""Convolution of functions on the rotation group."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.so3.tables import so3_layout
from deepsphere_pyg.layers.rotation_group.local_grid import LocalGrid
from deepsphere_pyg.layers.rotation_group.rotation_filters import (
    RotationFilters,
    filter_matrices,
)
from deepsphere_pyg.layers.rotation_group.so3_bandlimits import (
    azimuthal_bandlimit,
    output_layout,
)


class SO3Conv(RotationFilters):
    r"""Correlate functions on SO(3) with learned filters, for all rotations of them.

    .. math::
        y(R) = \int_{SO(3)} f(Q) \, \psi(R^{-1} Q) \, dQ + b
        \quad\Longleftrightarrow\quad
        y^l_{mk} = \sum_n f^l_{mn} w^l_{nk} + \sqrt{8\pi^2}\, b\, \delta_{l0}, \quad
        w^l_{nk} = \sqrt{\tfrac{8\pi^2}{2l+1}}\, \psi^l_{kn}

    with a matrix :math:`w^l_{nk}` of input by output channels for each degree and pair
    of orders. Every linear map of functions on SO(3) that commutes with rotations is of
    this form.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    L, N
        Bandlimits of the input, as for :func:`so3_layout`: degrees below L, and orders
        :math:`|n| < N`, by default all.
    L_out
        Bandlimit of the output, at most L, which is the default.
    N_out
        Azimuthal bandlimit of the output, at most ``L_out``; by default N as far as
        ``L_out`` allows.
    local
        If None, each degree and pair of orders has its own weights. Otherwise filters
        are sums of points near the identity, at the resolution of ``L_out``:
        :math:`y(R) = s \sum_i v_i f(R Q_i)`, with a constant s of the layer.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    layout, layout_out
        Rows of the input, ``so3_layout(L, N)``, and the output,
        ``so3_layout(L_out, N_out)``.
    weight
        Shape ``(n, in_channels, out_channels)``, with n the number of pairs of input
        and output fragments of one degree, degree by degree, or the number of points.
        Drawn from a normal distribution that gives the output the variance of an input
        whose coefficients have equal variance.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``(*batch, layout.n_rows, in_channels)
    -> (*batch, layout_out.n_rows, out_channels)``

    Raises
    ------
    TypeError
        If a number is not an integer, or ``local`` is not a :class:`LocalGrid`; in
        ``forward``, if the coefficients are not of the dtype of the weights.
    ValueError
        If a number is below 1, N above L, ``L_out`` above L, or ``N_out`` above
        ``L_out``; in ``forward``, if rows or channels are not those expected.

    Notes
    -----
    Equivariance: exact, to round-off; fragments of the output rotate like those of the
    input. Under autocast it keeps its own precision.

    Source: Cohen et al. 2018 (arXiv:1801.10130), sections 3 and 4.

    Examples
    --------
    >>> conv = SO3Conv(3, 5, L=8, N=2, L_out=4, local=LocalGrid(rings=2, angles=6))
    >>> conv(torch.ones(2, 190, 3)).shape, conv.weight.shape
    (torch.Size([2, 46, 5]), torch.Size([72, 3, 5]))
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        L: SupportsIndex,
        N: SupportsIndex | None = None,
        *,
        L_out: SupportsIndex | None = None,
        N_out: SupportsIndex | None = None,
        local: LocalGrid | None = None,
        bias: bool = True,
    ) -> None:
        layout = so3_layout(L, N)
        super().__init__(
            in_channels,
            out_channels,
            layout,
            output_layout(layout.L, L_out, azimuthal_bandlimit(layout), N_out),
            local,
            bias,
        )

    @property
    def N(self) -> int:
        """Azimuthal bandlimit of the input."""
        return azimuthal_bandlimit(self.layout)

    def kernel(self, rotation: Rotation) -> Tensor:
        r"""Return the filters at rotations.

        .. math:: \psi(Q) = \sum_{l,k,n} \tfrac{2l+1}{8\pi^2} w^l_{nk} D^l_{kn}(Q)

        Parameters
        ----------
        rotation
            One :class:`~deepsphere_pyg.harmonics.Rotation` or a batch.

        Returns
        -------
        Tensor
            Shape ``(*rotation, in_channels, out_channels)``.
        """
        matrices = filter_matrices(rotation, self.layout, self.layout_out)
        parts = []
        for degree, (w, matrix) in enumerate(
            zip(self.response(), matrices, strict=True)
        ):
            table = ((2 * degree + 1) / (8 * np.pi**2) * matrix).to(w)
            parts.append(torch.einsum("...kn,niko->...io", table, w))
        return torch.stack(parts).sum(0)

    @staticmethod
    def _points(local: LocalGrid) -> Rotation:
        return local.rotations()

    def _bandlimits(self) -> str:
        return f"L={self.L}, N={self.N}, L_out={self.L_out}, N_out={self.N_out}"
