"""Convolution of scalars and tangent vectors together."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers.graph.cheb_conv import ChebConv
from deepsphere_pyg.layers.graph.spin.components import (
    checked_field,
    quarter_turn,
)
from deepsphere_pyg.layers.graph.spin.spin_cheb_conv import SpinChebConv
from deepsphere_pyg.operators.scalars_and_vectors import ScalarVectorOperators
from samplings.arguments import flag_argument, instance_argument


class ScalarVectorConv(nn.Module):
    r"""Convolve scalars and tangent vectors, and mix the two.

    .. math::
        y &= \sum_k T_k(\tilde L_0)\, x\, W_k + b
            + \tilde D\, v\, (P + i Q) \\
        u &= \sum_k T_k(\tilde L_1)\, v\, (A_k + i B_k)
            + (\tilde G\, x)\, (R + i S)

    for scalars x and vectors :math:`v = v_0 + i v_1` with the components to the south
    and to the east. Scalars become vectors by their gradient, turned by a quarter (S)
    or not (R); vectors become scalars by their divergence (P) and their curl (Q), which
    are the adjoints.

    Parameters
    ----------
    in_scalars, in_vectors, out_scalars, out_vectors
        Numbers of channels of each kind.
    K
        Number of Chebyshev terms, at least 1. Divergence and gradient reach one edge
        far.
    parity
        Whether to leave out B, Q and S: the layer then commutes with reflections, which
        change the sign of curls. Fields of the Earth, which rotates, have no such
        symmetry.
    bias
        Whether to add a learned constant to each channel of scalars. Vectors have no
        constants.

    Attributes
    ----------
    scalars, vectors
        The convolutions within a kind, a :class:`~deepsphere_pyg.layers.ChebConv` and a
        :class:`~deepsphere_pyg.layers.SpinChebConv`.
    to_scalars, to_scalars_turned
        P and Q, shape ``(in_vectors, out_scalars)``; the second is None with parity.
    to_vectors, to_vectors_turned
        R and S, shape ``(in_scalars, out_vectors)``, likewise.

    Shapes
    ------
    ``(*batch, vertex, in_scalars), (*batch, vertex, 2, in_vectors) -> (*batch, vertex,
    out_scalars), (*batch, vertex, 2, out_vectors)``

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer of at least 1, or an option not a boolean; in
        ``forward``, if the operators are not :class:`.ScalarVectorOperators`, or
        signals do not fit.

    Notes
    -----
    Source: vector neurons of Deng et al. 2021, arXiv:2104.12229, with the transport and
    the differential operators of the sphere.

    Equivariance: exact for all turns of frames, and for the rotations that map the
    graph onto itself; approximate for others, with an error that falls with the number
    of neighbours.

    Examples
    --------
    >>> from deepsphere_pyg import ScalarVectorOperators
    >>> from samplings import HEALPix
    >>> operators = ScalarVectorOperators(HEALPix(2))
    >>> conv = ScalarVectorConv(3, 2, 5, 4, K=3)
    >>> pressure, wind = torch.ones(7, 48, 3), torch.ones(7, 48, 2, 2)
    >>> [y.shape for y in conv(pressure, wind, operators)]
    [torch.Size([7, 48, 5]), torch.Size([7, 48, 2, 4])]
    """

    to_scalars_turned: nn.Parameter | None
    to_vectors_turned: nn.Parameter | None

    def __init__(
        self,
        in_scalars: SupportsIndex,
        in_vectors: SupportsIndex,
        out_scalars: SupportsIndex,
        out_vectors: SupportsIndex,
        K: SupportsIndex,
        *,
        parity: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.parity = flag_argument("parity", parity)
        self.scalars = ChebConv(in_scalars, out_scalars, K, bias=bias)  # type: ignore[arg-type]
        self.vectors = SpinChebConv(in_vectors, out_vectors, K, parity=parity)
        down = (self.vectors.in_channels, self.scalars.out_channels)
        across = (self.scalars.in_channels, self.vectors.out_channels)
        self.to_scalars = nn.Parameter(torch.empty(down))
        self.to_vectors = nn.Parameter(torch.empty(across))
        for name, shape in (("to_scalars", down), ("to_vectors", across)):
            turned = None if self.parity else nn.Parameter(torch.empty(shape))
            self.register_parameter(f"{name}_turned", turned)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, and set the bias to zero."""
        self.scalars.reset_parameters()
        self.vectors.reset_parameters()
        parts = 1 if self.parity else 2
        for weight in self.parameters(recurse=False):
            # Of the same size as one of the K terms within a kind.
            nn.init.normal_(weight, std=(2 / (len(weight) * self.K * parts)) ** 0.5)

    @property
    def K(self) -> int:
        """Number of Chebyshev terms."""
        return self.scalars.K

    def forward(
        self, scalars: Tensor, vectors: Tensor, operators: ScalarVectorOperators
    ) -> tuple[Tensor, Tensor]:
        """Return the scalars and the vectors."""
        remedy = "make them with deepsphere_pyg.ScalarVectorOperators(graph)"
        instance_argument("operators", operators, ScalarVectorOperators, remedy)
        checked_field(vectors, self.vectors.in_channels, "vectors")
        y = self.scalars(scalars, operators.scalars)
        u = self.vectors(vectors, operators.vectors)
        mixed = vectors @ self.to_scalars
        if self.to_scalars_turned is not None:
            mixed = mixed + quarter_turn(vectors @ self.to_scalars_turned)
        flat = mixed.flatten(-3, -2)
        y = y + operators.divergence(flat).to(y.dtype)
        weights: list[Tensor] = [self.to_vectors]
        if self.to_vectors_turned is not None:
            weights.append(self.to_vectors_turned)
        gradients = operators.gradient(scalars @ torch.cat(weights, dim=-1))
        gradients = gradients.unflatten(-2, (scalars.shape[-2], 2)).to(u.dtype)
        straight, *turned = gradients.chunk(len(weights), dim=-1)
        u = u + straight
        for part in turned:
            u = u + quarter_turn(part)
        return y, u

    def extra_repr(self) -> str:
        """Options, for ``repr``."""
        return f"parity={self.parity}"
