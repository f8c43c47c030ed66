"""Convolution of signals on the sphere with general filters, to functions on SO(3)."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.functions.spherical_harmonics import spherical_harmonics
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.layers.rotation_group.local_grid import LocalGrid
from deepsphere_pyg.layers.rotation_group.rotation_filters import RotationFilters
from deepsphere_pyg.layers.rotation_group.so3_bandlimits import output_layout


class SphereToSO3Conv(RotationFilters):
    r"""Correlate signals on the sphere with learned filters, for all rotations of them.

    .. math::
        y(R) = \int_{S^2} f(x) \, \psi(R^{-1} x) \, dx + b
        \quad\Longleftrightarrow\quad
        y^l_{mn} = f_{lm} w^l_n + \sqrt{8\pi^2}\, b\, \delta_{l0}, \quad
        w^l_n = \sqrt{\tfrac{8\pi^2}{2l+1}}\, \psi_{ln}

    with a matrix :math:`w^l_n` of input by output channels for each degree and order.
    Filters need no symmetry: the orders n of the output describe its dependence on
    rotations of the filter about its axis. Filters limited to orders :math:`|n| < N`
    make an output of few fragments; with N = 1 this is :class:`ZonalConv`.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    L
        Bandlimit of the input: degrees 0 ... L - 1.
    N
        Azimuthal bandlimit of filters and output, at most ``L_out``, which is the
        default.
    L_out
        Bandlimit of the output, at most L, which is the default.
    local
        If None, each degree and order has its own weights, and filters may cover the
        whole sphere. Otherwise they are sums of points near the north pole, at the
        resolution of ``L_out``, :math:`\psi \propto \sum_i v_i \delta_{x_i}`, so that y
        sums values of f near the image of the pole under R.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    layout, layout_out
        Rows of the input, ``HarmonicLayout(L)``, and the output,
        ``so3_layout(L_out, N)``.
    weight
        Shape ``(n, in_channels, out_channels)``, with n the number of fragments of the
        output, degree by degree, or the number of points. Drawn from a normal
        distribution that gives the output the variance of an input whose coefficients
        have equal variance.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``(*batch, L * L, in_channels) -> (*batch, layout_out.n_rows, out_channels)``

    Raises
    ------
    TypeError
        If a number is not an integer, or ``local`` is not a :class:`LocalGrid`; in
        ``forward``, if the coefficients are not of the dtype of the weights.
    ValueError
        If a number is below 1, ``L_out`` is above L, or N above ``L_out``; in
        ``forward``, if rows or channels are not those expected.

    Notes
    -----
    Equivariance: exact, to round-off; fragments of the output rotate like the input.
    Under autocast it keeps its own precision.

    Source: Cohen et al. 2018 (arXiv:1801.10130), section 3.

    Examples
    --------
    >>> conv = SphereToSO3Conv(3, 5, L=8, N=2, local=LocalGrid(rings=2, angles=6))
    >>> conv(torch.ones(2, 64, 3)).shape, conv.weight.shape
    (torch.Size([2, 190, 5]), torch.Size([12, 3, 5]))
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        L: SupportsIndex,
        N: SupportsIndex | None = None,
        *,
        L_out: SupportsIndex | None = None,
        local: LocalGrid | None = None,
        bias: bool = True,
    ) -> None:
        layout = HarmonicLayout(L)
        super().__init__(
            in_channels,
            out_channels,
            layout,
            output_layout(layout.L, L_out, layout.L, N, "N"),
            local,
            bias,
        )

    @staticmethod
    def _points(local: LocalGrid) -> Rotation:
        return local.points()

    @property
    def N(self) -> int:
        """Azimuthal bandlimit of the output."""
        return self.N_out

    def _bandlimits(self) -> str:
        return f"L={self.L}, N={self.N}, L_out={self.L_out}"

    def kernel(self, theta: npt.ArrayLike, phi: npt.ArrayLike) -> Tensor:
        r"""Return the filters at points of the sphere.

        .. math:: \psi(x) = \sum_{l, n} \sqrt{\tfrac{2l+1}{8\pi^2}} w^l_n Y_{ln}(x)

        Parameters
        ----------
        theta, phi
            Colatitudes and longitudes in radian, shape ``(V,)``.

        Returns
        -------
        Tensor
            Per steradian, shape ``(V, in_channels, out_channels)``.

        Raises
        ------
        TypeError, ValueError
            As for :func:`deepsphere_pyg.harmonics.spherical_harmonics`.
        """
        harmonics = spherical_harmonics(theta, phi, self.layout_out.L)
        parts = []
        for degree, w in enumerate(self.response()):
            k = w.shape[2] // 2
            middle = degree * (degree + 1)
            norm = ((2 * degree + 1) / (8 * np.pi**2)) ** 0.5
            values = norm * harmonics[:, middle - k : middle + k + 1]
            table = torch.from_numpy(values).to(w)
            parts.append(torch.einsum("vn,ino->vio", table, w[0]))
        return torch.stack(parts).sum(0)
