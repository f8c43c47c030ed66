"""Rotation of coefficients: turns about z, and quarter turns about y."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import SupportsIndex, TypeAlias

import torch
from torch import Tensor

from deepsphere_pyg.compilers import in_plain_mode
from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.layout.checks import (
    as_layout,
    checked_coefficients,
    checked_operand,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.quarter_turn import quarter_turn
from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.rotations.wigner import checked_rotation

# Cosines and sines.
_Pair: TypeAlias = Sequence[Tensor]


class HarmonicRotation(Float64Tensors):
    r"""Rotate signals by their coefficients, exactly.

    .. math::
        R_z(\alpha) R_y(\beta) R_z(\gamma)
        = R_z(\alpha - \tfrac\pi2) R_y(\tfrac\pi2)^\top R_z(\beta) R_y(\tfrac\pi2)
          R_z(\gamma + \tfrac\pi2)

    Turns about z mix :math:`\pm m` only. The quarter turn about y is a matrix computed
    once, :math:`l^2` numbers per degree. A rotation takes :math:`2 L^3 / 3`
    multiplications per channel, whatever the angles.

    Parameters
    ----------
    layout
        Rows of the coefficients; a number L stands for ``HarmonicLayout(L)``.
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.

    Shapes
    ------
    ``(*batch, row, channel), Rotation (*batch) -> (*batch, row, channel)``; the batch
    axes of coefficients and rotations are broadcast against each other.

    Raises
    ------
    TypeError, ValueError
        If ``layout`` is not a layout or bandlimit, L is above 900, or ``dtype`` is
        neither float32 nor float64.

    Notes
    -----
    Exact: orthogonal to round-off (of the norm at L = 128: 3e-7 in float32, 4e-14 in
    float64), with derivatives of every order, also by the angles, which are float64.
    The matrices take about :math:`L^3 / 3` numbers, not part of ``state_dict``; a
    float64 master is kept, so that ``.double()`` loses nothing.

    Source: Pinchon and Hoggan 2007, J. Phys. A 40, 1597, with the quarter turn instead
    of their exchange of y and z; blocks by parity after Trapani and Navaza 2006, Acta
    Cryst. A 62, 262.

    Examples
    --------
    >>> turn = HarmonicRotation(2)
    >>> z = torch.tensor([[0.0], [0.0], [1.0], [0.0]])
    >>> x = turn(z, Rotation.from_euler(0.0, torch.pi / 2, 0.0))
    >>> x.flatten().round().long()
    tensor([0, 0, 0, 1])
    """

    source: Tensor
    target: Tensor
    orders: Tensor
    turned_orders: Tensor

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        *,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(dtype)
        self.layout = as_layout(layout)
        table = quarter_turn(self.layout)
        self._runs = table.runs
        self.keep("source", table.source.ravel())
        for name in ("target", "orders", "turned_orders"):
            self.keep(name, getattr(table, name))
        for number, blocks in enumerate(table.blocks):
            self.keep(f"blocks_{number}", blocks)

    def forward(self, coefficients: Tensor, rotation: Rotation) -> Tensor:
        """Return the coefficients of the rotated signals.

        Parameters
        ----------
        coefficients
            Shape ``(*batch, row, channel)``.
        rotation
            One rotation, or a batch that broadcasts against the others.

        Returns
        -------
        Tensor
            Shape ``(*batch, row, channel)``.

        Raises
        ------
        TypeError
            If ``coefficients`` are not of the module's dtype, or ``rotation`` is not a
            :class:`Rotation`.
        ValueError
            If the number of rows is not the layout's, or the batches do not broadcast.
        """
        checked_rotation(rotation)
        x = checked_operand(coefficients, self.layout, self.source, self.dtype)
        batch = _broadcast(x.shape[:-2], rotation.shape)
        # Rows come first, so that the rows of a degree are one matrix.
        rows = x.reshape(*(1,) * (len(batch) + 2 - x.ndim), *x.shape).movedim(-2, 0)
        pair: _Pair = rows.index_select(0, self.source).chunk(2)
        axes = (1,) * (len(batch) - len(rotation.shape))
        with torch.autocast(x.device.type, enabled=False):
            for angles in rotation.turns:
                alpha, beta, gamma = angles.reshape(
                    *axes, *rotation.shape, 1, 3
                ).unbind(-1)
                pair = self._about_z(pair, self.orders, gamma, quarters=1)
                pair = self._quarter_turn(pair, back=False)
                pair = self._about_z(pair, self.turned_orders, beta, quarters=0)
                pair = self._quarter_turn(pair, back=True)
                pair = self._about_z(pair, self.orders, alpha, quarters=-1)
        return torch.cat(tuple(pair)).index_select(0, self.target).movedim(0, -2)

    def _about_z(
        self, pair: _Pair, orders: Tensor, angle: Tensor, quarters: int
    ) -> _Pair:
        """Turn cosines and sines, ``(Q, *batch, channel)`` each, about z.

        Quarter turns are added to the angle, ``(*batch, 1)``, without round-off.
        """
        cosine, sine = pair
        m = torch.arange(self.layout.L + 1, device=angle.device)
        m = m.reshape(-1, *(1,) * angle.ndim)
        c, s = (m * angle).cos(), (m * angle).sin()
        turns = quarters * m % 4
        c, s = torch.where(turns % 2 == 0, c, -s), torch.where(turns % 2 == 0, s, c)
        sign = torch.where(turns < 2, 1.0, -1.0)
        c, s = ((sign * part).to(cosine)[orders] for part in (c, s))
        return (
            torch.addcmul(c * cosine, s, sine, value=-1),
            torch.addcmul(s * cosine, c, sine),
        )

    def _quarter_turn(self, pair: _Pair, back: bool) -> _Pair:
        """Turn cosines and sines, ``(Q, *batch, channel)`` each, about y, or back."""
        shape = pair[0].shape
        columns = prod(shape[1:])
        parts = []
        for kind, values in enumerate(pair):
            start = 0
            for number, run in enumerate(self._runs):
                blocks = getattr(self, f"blocks_{number}")[kind]
                if back:
                    blocks = blocks.mT
                part = values[start : start + run.size]
                part = part.reshape(len(blocks), run.width, run.fragments * columns)
                start += run.size
                if kind == 0:
                    turned = [torch.bmm(blocks, part)]
                else:  # The results of the two parities of sines change places.
                    even, odd = part.chunk(2)
                    first, second = blocks.chunk(2)[:: 1 if back else -1]
                    turned = [torch.bmm(first, odd), torch.bmm(second, even)]
                size = run.size // len(turned)
                parts += [one.reshape(size, *shape[1:]) for one in turned]
        return torch.cat(parts).chunk(2)

    def extra_repr(self) -> str:
        """Return layout and dtype."""
        return f"{self.layout}, {self.dtype}"


def rotate(
    coefficients: Tensor,
    rotation: Rotation,
    layout: HarmonicLayout | SupportsIndex,
) -> Tensor:
    r"""Return the coefficients of rotated signals, exactly.

    .. math:: (R f)(x) = f(R^{-1} x), \quad (R f)_l = D^l(R) f_l

    Parameters
    ----------
    coefficients
        Shape ``(*batch, row, channel)``, float32 or float64.
    rotation
        One rotation, or a batch that broadcasts against that of the coefficients.
    layout
        Layout of the rows; a number L stands for ``HarmonicLayout(L)``.

    Returns
    -------
    Tensor
        Shape ``(*batch, row, channel)``.

    Raises
    ------
    TypeError, ValueError
        As for :class:`HarmonicRotation`.

    Notes
    -----
    The matrices of the last few layouts are kept. Compiled networks need a
    :class:`HarmonicRotation` of their own instead.

    Examples
    --------
    >>> x = torch.tensor([[0.0], [0.0], [0.0], [1.0]])
    >>> y = rotate(x, Rotation.from_euler(torch.pi / 2, 0.0, 0.0), 2)
    >>> y.flatten().round().long()
    tensor([0, 1, 0, 0])
    """
    known = as_layout(layout)
    checked_coefficients(coefficients, known)
    turn = _kept(known, coefficients.dtype, coefficients.device)
    rotated: Tensor = turn(coefficients, rotation)
    return rotated


@lru_cache(maxsize=8)
def _kept(
    layout: HarmonicLayout, dtype: torch.dtype, device: torch.device
) -> HarmonicRotation:
    # Shared by later callers: not made in the inference mode of the first one.
    return in_plain_mode(lambda: HarmonicRotation(layout, dtype=dtype).to(device))


def _broadcast(batch: torch.Size, rotations: torch.Size) -> torch.Size:
    """Return the common batch of coefficients and rotations."""
    try:
        # Not NumPy's function, which does not take symbolic sizes.
        both: torch.Size = torch.broadcast_shapes(batch, rotations)  # type: ignore[no-untyped-call]
        return both
    except RuntimeError:
        raise ValueError(
            f"coefficients have batch axes {tuple(batch)}, rotations "
            f"{tuple(rotations)}, which do not broadcast; index or reshape one"
        ) from None
