"""Squares of functions on the rotation group, and their normalisation."""

from __future__ import annotations

import math
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import ISO3Transform, SO3Transform
from samplings import SO3Grid
from samplings.arguments import integer_argument

# Weight of each new batch in the running mean, as in batch normalisation.
MOMENTUM = 0.1
EPS = 1e-5
# Volume of SO(3).
VOLUME = 8 * math.pi**2


class _AddSquare(torch.autograd.Function):
    """x + x^2 / 2 with a derivative in one pass; autograd's own takes five."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        """Return x + x^2 / 2."""
        return torch.addcmul(x, x, x, value=0.5)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        """Keep x."""
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Return g (1 + x)."""
        (x,) = ctx.saved_tensors
        return torch.addcmul(gradients[0], gradients[0], x)

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
        """Return (1 + x) dx."""
        (x,) = ctx.saved_tensors
        return torch.addcmul(tangents[0], tangents[0], x)


def add_half_square(x: Tensor) -> Tensor:
    """Return x + x^2 / 2, in one pass over the values, and another for the gradient."""
    if torch.compiler.is_compiling():
        # Compilers fuse the passes of autograd's own derivative.
        return torch.addcmul(x, x, x, value=0.5)
    y: Tensor = _AddSquare.apply(x)  # type: ignore[no-untyped-call]
    return y


class GroupSquare(nn.Module):
    r"""Add half the square of a function on SO(3), at each rotation.

    .. math:: f \mapsto f + \tfrac{1}{2} f^2

    truncated at the bandlimits of the output. A square has twice the bandlimits, which
    a grid can resolve, unlike a ReLU: its rings integrate the square times the degrees
    of the output exactly.

    Parameters
    ----------
    L, N
        Bandlimit and azimuthal bandlimit of the input.
    L_out, N_out
        Those of the output, which is zero beyond 2 L - 1 and 2 N - 1.

    Attributes
    ----------
    layout, layout_out
        Rows of the input and the output.
    grid
        The :class:`~samplings.SO3Grid`.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, layout_out.n_rows, channel)``

    Raises
    ------
    TypeError, ValueError
        As the transforms.

    Notes
    -----
    Equivariance: exact, to round-off.

    Examples
    --------
    >>> square = GroupSquare(4, 2, L_out=3, N_out=1)
    >>> constant = torch.zeros(46, 1).index_fill(0, torch.tensor(0), 2.0)
    >>> print(round(float(square(constant)[0]), 4))  # 2 + 2 / (8 pi^2)^(1/2)
    2.2251
    """

    def __init__(
        self,
        L: SupportsIndex,
        N: SupportsIndex,
        *,
        L_out: SupportsIndex,
        N_out: SupportsIndex,
    ) -> None:
        super().__init__()
        degrees, orders, kept, kept_orders = (
            integer_argument(name, value, 1)
            for name, value in (("L", L), ("N", N), ("L_out", L_out), ("N_out", N_out))
        )
        self.grid = SO3Grid(
            resolving(degrees, kept),
            resolving(orders, kept_orders),
            "gauss-legendre",
        )
        self.synthesis = ISO3Transform(self.grid, degrees, orders)
        self.analysis = SO3Transform(self.grid, kept, kept_orders)
        self.layout = self.synthesis.layout
        self.layout_out = self.analysis.layout

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the sum."""
        f: Tensor = add_half_square(self.synthesis.values(coefficients))
        y: Tensor = self.analysis.from_values(f)
        return y


def resolving(L: int, L_out: int) -> int:
    """Return the bandlimit of a grid that integrates a square times kept degrees.

    The 2n - 1 points of a circle resolve waves up to 2 (L - 1) + L_out - 1.
    """
    return max(L, -(-(2 * L + L_out - 1) // 2))


class RotationGroupNorm(nn.Module):
    r"""Normalise functions on SO(3) to mean zero and variance one, and scale them.

    .. math:: y_c = \frac{s_c (f_c - \mu_c)}{\sqrt{\sigma_c^2 + \epsilon}} + b_c

    for each channel, with mean and variance over rotations and the batch; in evaluation
    over the batches seen in training. It is batch normalisation of the values at all
    rotations, computed from coefficients alone: the mean is in degree 0, and by
    Parseval's theorem the mean square is the sum of all squares. Local filters stay
    local, since all degrees are scaled alike.

    Parameters
    ----------
    channels
        Number of channels.

    Shapes
    ------
    ``(*batch, row, channels) -> (*batch, row, channels)``, row 0 of degree 0

    Notes
    -----
    Equivariance: exact.

    Examples
    --------
    >>> norm = RotationGroupNorm(2)
    >>> y = norm(torch.randn(500, 10, 2)).detach().square().sum(1) / VOLUME
    >>> [round(float(mean), 3) for mean in y.mean(0)]
    [1.0, 1.0]
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the normalised functions."""
        mean, variance = self.mean, self.variance
        if self.training and coefficients.shape[:-2].numel():
            mean, variance = _moments(coefficients)
            with torch.no_grad():
                self.mean.lerp_(mean.detach(), MOMENTUM)
                self.variance.lerp_(variance.detach(), MOMENTUM)
        factor = self.weight * (variance + EPS).rsqrt()
        constant = (self.bias - mean * factor) * VOLUME**0.5
        scaled = coefficients * factor
        first, others = scaled[..., :1, :], scaled[..., 1:, :]
        return torch.cat([first + constant, others], dim=-2)


def _moments(coefficients: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of each channel, over rotations and the batch."""
    mean = coefficients[..., 0, :] / VOLUME**0.5
    square = coefficients.square().sum(-2) / VOLUME
    mean, square = (part.reshape(-1, part.shape[-1]).mean(0) for part in (mean, square))
    return mean, (square - mean.square()).clamp_min(0)
