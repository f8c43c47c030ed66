"""Spin-weighted convolution on the sphere, between fields of several spins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.layout.checks import numbered_layout
from deepsphere_pyg.harmonics.spin.several_spins import (
    channels_argument,
    check_spins_below,
    joined_coefficients,
    parts_of,
)
from deepsphere_pyg.layers.sphere.zonal_conv import (
    anchor_interpolation,
    interpolated_variance,
)
from samplings.arguments import flag_argument, integer_argument


class SpinConv(Float64Tensors):
    r"""Convolve fields of several spins with learned spin-weighted filters.

    .. math::
        y^{s'}_{p'lm} = \sum_{s \leq l} \sum_p f^s_{plm}\, w^{ss'}_{pp'l}
        + \sqrt{4\pi}\, b\, \delta_{s'0} \delta_{l0}, \qquad l \geq s'

    for the parts p of each spin: the coefficients of scalars, and gradient E and curl B
    of others. :math:`w^{ss'}_{pp'l}` is a matrix of input by output channels, the same
    for all orders m. By Schur's lemma, every linear map of such fields that commutes
    with rotations is of this form: filters, gradients (:math:`w^{01}_E =
    \sqrt{l(l+1)}`), divergences (:math:`w^{10}_E = -\sqrt{l(l+1)}`), vorticities and
    raised and lowered spins among them.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels of each spin, such as ``{0: 4, 1: 2}``: scalars of spin 0,
        tangent vectors of spin 1, polarization of spin 2.
    L
        Bandlimit, above all spins: degrees 0 ... L - 1.
    anchors
        If None, each degree has its own weights. Otherwise, a number n of degrees that
        have weights, equally spaced from the larger of the spins :math:`s, s'` to
        L - 1, between which others are interpolated linearly, as in
        :class:`~deepsphere_pyg.layers.ZonalConv`.
    parity
        Whether to leave out the weights between E and B, and from B to scalars and
        back: the layer then commutes with reflections, too, for scalars that keep
        their sign.
    bias
        Whether to add a learned constant to each channel of scalars, if there are any
        in the output. Other fields have no constants.

    Attributes
    ----------
    weights
        For each pair of spins, as ``"0_1"`` from spin 0 to 1, shape ``(n, parts,
        in_channels, out_channels)``. Without anchors n is the number of degrees from
        the larger of the spins on. The pairs of parts are, from E to E, from E to B,
        from B to E, from B to B; with a scalar, E to E and E to B, or E to E and B to
        E; with ``parity`` E to E and B to B alone. Drawn from a normal distribution
        that gives the output the variance of an input whose coefficients have equal
        variance.
    bias
        Shape ``(out_channels[0],)``, zero at first; None without.

    Shapes
    ------
    A dictionary from spins of coefficients, as
    :class:`~deepsphere_pyg.harmonics.FieldsSHT` returns them: ``(*batch, L * L,
    channel)`` of spin 0, ``(*batch, L * L, 2, channel)`` of others, to another one.
    Rows of degrees below the spin count as zero.

    Raises
    ------
    TypeError
        If a number is not an integer, channels are not a mapping from spins; in
        ``forward``, if coefficients are not of the dtype of the weights.
    ValueError
        If a number is below 1, a spin is negative or not below L, or there are more
        anchors than degrees; in ``forward``, if spins, rows or channels are not those
        expected, or batches of different spins differ.

    Notes
    -----
    A field of spin -s is the conjugate of one of spin s. So the complex filters of
    Esteves et al. from s and from -s to :math:`s'` are together the four real weights
    of each degree from s to :math:`s'`. With spin 0 alone this is
    :class:`~deepsphere_pyg.layers.ZonalConv`.

    Equivariance: exact, to round-off, with the coefficients of all spins rotated as by
    :func:`~deepsphere_pyg.harmonics.rotate_spin`. Under autocast it keeps its own
    precision.

    Source: Esteves, Makadia and Daniilidis 2020 (arXiv:2006.10731), section 4.

    Examples
    --------
    >>> conv = SpinConv({0: 3, 1: 2}, {0: 4, 2: 5}, L=8)
    >>> y = conv({0: torch.ones(7, 64, 3), 1: torch.ones(7, 64, 2, 2)})
    >>> y[0].shape, y[2].shape, conv.weights["1_2"].shape
    (torch.Size([7, 64, 4]), torch.Size([7, 64, 2, 5]), torch.Size([6, 4, 2, 5]))
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_channels: Mapping[int, SupportsIndex],
        out_channels: Mapping[int, SupportsIndex],
        L: SupportsIndex,
        *,
        anchors: SupportsIndex | None = None,
        parity: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__(None)
        self.in_channels = channels_argument("in_channels", in_channels)
        self.out_channels = channels_argument("out_channels", out_channels)
        self.layout = numbered_layout(integer_argument("L", L, 1))
        check_spins_below(self.L, [*self.in_channels, *self.out_channels])
        self.parity = flag_argument("parity", parity)
        self.anchors = self._checked_anchors(anchors)
        self.weights = nn.ParameterDict()
        for first, n_in in self.in_channels.items():
            for last, n_out in self.out_channels.items():
                n = self._keep_interpolation(max(first, last))
                shape = (n, len(self._pairs(first, last)), n_in, n_out)
                self.weights[f"{first}_{last}"] = torch.empty(shape, dtype=self.dtype)
        self.register_parameter("bias", None)
        if flag_argument("bias", bias) and 0 in self.out_channels:
            constants = torch.empty(self.out_channels[0], dtype=self.dtype)
            self.bias = nn.Parameter(constants)
        self.reset_parameters()

    @property
    def L(self) -> int:
        """Bandlimit: degrees 0 ... L - 1."""
        return self.layout.L

    def _checked_anchors(self, anchors: SupportsIndex | None) -> int | None:
        if anchors is None:
            return None
        count = integer_argument("anchors", anchors, 1)
        largest = max(*self.in_channels, *self.out_channels)
        if count > self.L - largest:
            raise ValueError(
                f"anchors must be at most {self.L - largest}, the number of degrees of "
                f"spin {largest} below L = {self.L}, got {count}; pass None for "
                "weights of every degree"
            )
        return count

    def _keep_interpolation(self, first: int) -> int:
        """Keep the interpolation to degrees from a first one on; count weights."""
        if self.anchors is None:
            return self.L - first
        table = anchor_interpolation(self.L - first, self.anchors)
        self.keep(f"interpolation_{first}", table)
        return self.anchors

    def _pairs(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return the parts of input and output that have weights: 0 is E, 1 is B."""
        parts = product(range(parts_of(first)), range(parts_of(last)))
        return [(i, j) for i, j in parts if i == j or not self.parity]

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        for last in self.out_channels:
            # Of each part of the output, the number of terms that it sums.
            terms = [0, 0]
            for first, channels in self.in_channels.items():
                for _, j in self._pairs(first, last):
                    terms[j] += channels
            for first in self.in_channels:
                weight = self.weights[f"{first}_{last}"]
                share = 1.0
                if self.anchors is not None:
                    degree = max(first, last)
                    name = f"interpolation_{degree}"
                    table = self.rounded(name, torch.float64)
                    share = interpolated_variance(table, degree)
                for k, (_, j) in enumerate(self._pairs(first, last)):
                    nn.init.normal_(weight[:, k], std=(share * terms[j]) ** -0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def response(self) -> Tensor:
        """Return the matrix of each degree, of all parts and channels.

        Returns
        -------
        Tensor
            Shape ``(L, n_in, n_out)``: spins ascend; in each, channels of E come
            before those of B. Zero at degrees below one of the spins.
        """
        columns = []
        for last in self.out_channels:
            rows = [self._of_pair(first, last) for first in self.in_channels]
            columns.append(torch.cat(rows, dim=1))
        return torch.cat(columns, dim=2)

    def _of_pair(self, first: int, last: int) -> Tensor:
        """Return the part of the response between two spins."""
        weight, degree = self.weights[f"{first}_{last}"], max(first, last)
        if self.anchors is not None:
            table: Tensor = getattr(self, f"interpolation_{degree}")
            weight = torch.tensordot(table, weight, 1)
        blocks = dict(zip(self._pairs(first, last), weight.unbind(1), strict=True))
        zero = torch.zeros_like(weight[:, 0])
        rows = [
            torch.cat([blocks.get((i, j), zero) for j in range(parts_of(last))], dim=2)
            for i in range(parts_of(first))
        ]
        return F.pad(torch.cat(rows, dim=1), (0, 0, 0, 0, degree, 0))

    def forward(self, coefficients: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Return the coefficients of the filtered fields."""
        like = next(iter(self.weights.values()))
        parts = joined_coefficients(
            coefficients, self.in_channels, self.layout, like, self.dtype
        )
        x = torch.cat(parts, dim=-1)
        with torch.autocast(x.device.type, enabled=False):
            sizes = [2 * degree + 1 for degree in range(self.L)]
            degrees = torch.split(x, sizes, dim=-2)
            matrices = self.response().unbind()
            rows = [part @ w for part, w in zip(degrees, matrices, strict=True)]
            y = torch.cat(rows, dim=-2)
        widths = [parts_of(s) * n for s, n in self.out_channels.items()]
        fields = {}
        for spin, part in zip(
            self.out_channels, torch.split(y, widths, dim=-1), strict=True
        ):
            if spin:
                part = part.reshape(*part.shape[:-1], 2, self.out_channels[spin])
            elif self.bias is not None:
                constant = (4 * np.pi) ** 0.5 * self.bias
                part = torch.cat([part[..., :1, :] + constant, part[..., 1:, :]], -2)
            fields[spin] = part
        return fields

    def extra_repr(self) -> str:
        """Sizes and options, for ``repr``."""
        anchors = "" if self.anchors is None else f", anchors={self.anchors}"
        return (
            f"{self.in_channels}, {self.out_channels}, L={self.L}{anchors}, "
            f"parity={self.parity}, bias={self.bias is not None}"
        )
