"""Gated recurrences over time at each vertex, with convolutions on the graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.cheb_conv import ChebConv
from deepsphere_pyg.layers.graph.operands import checked_operands
from samplings.arguments import flag_argument, integer_argument, kind_of


class ChebRecurrence(nn.Module, ABC):
    """Base of :class:`ChebGRU` and :class:`ChebLSTM`.

    Parameters
    ----------
    in_channels, hidden_channels
        Channels of the signals, and of the state.
    K
        Chebyshev terms of all convolutions; with 1, vertices do not see each other.
    """

    gates: ClassVar[int]
    n_states: ClassVar[int]

    def __init__(
        self,
        in_channels: SupportsIndex,
        hidden_channels: SupportsIndex,
        K: SupportsIndex,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.hidden_channels = integer_argument("hidden_channels", hidden_channels, 1)
        self.K = integer_argument("K", K, 1)
        width = self.gates * self.hidden_channels
        self.of_input = ChebConv(self.in_channels, width, self.K)
        self.of_state = ChebConv(self.hidden_channels, width, self.K)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, which keep the spread of signals, and set biases."""
        for conv in (self.of_input, self.of_state):
            nn.init.normal_(conv.weight, std=(conv.in_channels * conv.K) ** -0.5)
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)

    @abstractmethod
    def next_state(
        self, given: Tensor, before: tuple[Tensor, ...], laplacian: EdgeOperator
    ) -> tuple[Tensor, ...]:
        """Return the state after a time step, of which the first part is the output.

        Parameters
        ----------
        given
            The convolved signal, ``(*batch, vertex, gates * hidden_channels)``.
        before
            The state before, each part ``(*batch, vertex, hidden_channels)``.
        laplacian
            The graph.
        """

    def run(
        self, x: Tensor, laplacian: EdgeOperator, state: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the outputs of all times, and the last state."""
        x = checked_operands(x, laplacian, self.in_channels)
        if x.ndim < 3:
            raise ValueError(
                "x must have shape (*batch, time, vertex, channel), got "
                f"{tuple(x.shape)}; add a time with x[..., None, :, :]"
            )
        if x.shape[-3] == 0:
            raise ValueError(
                f"x must have at least one time, got shape {tuple(x.shape)}; pass a "
                "state and what follows it"
            )
        given = self.of_input(x, laplacian)
        shape = (*x.shape[:-3], x.shape[-2], self.hidden_channels)
        parts = state
        if parts is None:
            parts = (given.new_zeros(shape),) * self.n_states
        for part in parts:
            if not isinstance(part, Tensor):
                raise TypeError(
                    f"state must be a tensor, got {kind_of(part)}; pass that of an "
                    "earlier call"
                )
            if part.shape != shape:
                raise ValueError(
                    f"state must have shape (*batch, vertex, channel) = {shape}, got "
                    f"{tuple(part.shape)}; pass that of an earlier call"
                )
        outputs = []
        for now in given.unbind(-3):
            parts = self.next_state(now, parts, laplacian)
            outputs.append(parts[0])
        return torch.stack(outputs, dim=-3), parts

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return f"{self.in_channels}, {self.hidden_channels}, K={self.K}"


class ChebGRU(ChebRecurrence):
    r"""Run a gated recurrent unit at each vertex, with convolutions on the graph.

    .. math::
        r &= \sigma(W_r * x_t + U_r * h), \qquad z = \sigma(W_z * x_t + U_z * h), \\
        n &= \tanh(W_n * x_t + r \odot (U_n * h)), \qquad
        h' = (1 - z) \odot n + z \odot h

    with Chebyshev convolutions :math:`W *` of the signal and :math:`U *` of the state,
    which have biases. All vertices share the weights.

    Parameters
    ----------
    in_channels, hidden_channels
        Channels of the signals, and of the state, which is the output.
    K
        Chebyshev terms of all convolutions. With 1, vertices do not see each other, and
        each runs PyTorch's ``nn.GRU``.

    Shapes
    ------
    ``x : (*batch, time, vertex, in_channels)``, ``state : (*batch, vertex,
    hidden_channels)`` -> outputs ``(*batch, time, vertex, hidden_channels)`` and the
    last of them, the state

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer of at least 1; in ``forward``, if signals, state
        and operator do not fit.

    Notes
    -----
    Source: Cho et al. 2014, arXiv:1406.1078, in the form of PyTorch, with the
    convolutions of Seo et al. 2016, arXiv:1612.07659.

    Equivariance: as of :class:`~deepsphere_pyg.layers.ChebConv`: exact for the
    rotations that map the graph onto itself, approximate for others.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> laplacian = laplacian_operator(HEALPix(2), k=8)
    >>> outputs, state = ChebGRU(3, 5, K=2)(torch.ones(4, 6, 48, 3), laplacian)
    >>> outputs.shape, state.shape
    (torch.Size([4, 6, 48, 5]), torch.Size([4, 48, 5]))
    """

    gates = 3
    n_states = 1

    def next_state(
        self, given: Tensor, before: tuple[Tensor, ...], laplacian: EdgeOperator
    ) -> tuple[Tensor, ...]:
        """Return the state after a time step."""
        (h,) = before
        reset, update, new = given.chunk(3, dim=-1)
        of_reset, of_update, of_new = self.of_state(h, laplacian).chunk(3, dim=-1)
        candidate = torch.tanh(new + torch.sigmoid(reset + of_reset) * of_new)
        kept = torch.sigmoid(update + of_update)
        return (candidate + kept * (h - candidate),)

    def forward(
        self, x: Tensor, laplacian: EdgeOperator, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the outputs of all times, and the state; it is zero at first."""
        outputs, last = self.run(x, laplacian, None if state is None else (state,))
        return outputs, last[0]


class ChebLSTM(ChebRecurrence):
    r"""Run a long short-term memory at each vertex, with convolutions on the graph.

    .. math::
        i &= \sigma(W_i * x_t + U_i * h + p_i \odot c), \qquad
        f = \sigma(W_f * x_t + U_f * h + p_f \odot c), \\
        c' &= f \odot c + i \odot \tanh(W_c * x_t + U_c * h), \\
        o &= \sigma(W_o * x_t + U_o * h + p_o \odot c'), \qquad h' = o \odot \tanh(c')

    with Chebyshev convolutions :math:`W *` of the signal and :math:`U *` of the state,
    which have biases, and one number p for each channel. All vertices share the
    weights.

    Parameters
    ----------
    in_channels, hidden_channels
        Channels of the signals, and of the state, which is the output.
    K
        Chebyshev terms of all convolutions. With 1, vertices do not see each other, and
        each runs PyTorch's ``nn.LSTM``.
    peepholes
        Whether gates see the cell, by the numbers p, which are zero at first.

    Shapes
    ------
    ``x : (*batch, time, vertex, in_channels)``, ``state``, h and c, each ``(*batch,
    vertex, hidden_channels)`` -> outputs ``(*batch, time, vertex, hidden_channels)``
    and the state

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer of at least 1; in ``forward``, if signals, state
        and operator do not fit.

    Notes
    -----
    Biases of the gate f are one at first, so that a new cell remembers.

    Source: Seo et al. 2016, arXiv:1612.07659, equation 8 (model 2). There, each vertex
    has its own numbers p; here they are shared, which keeps the equivariance.

    Equivariance: as of :class:`~deepsphere_pyg.layers.ChebConv`: exact for the
    rotations that map the graph onto itself, approximate for others.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> laplacian = laplacian_operator(HEALPix(2), k=8)
    >>> outputs, (h, c) = ChebLSTM(3, 5, K=2)(torch.ones(4, 6, 48, 3), laplacian)
    >>> outputs.shape, bool((outputs[:, -1] == h).all())
    (torch.Size([4, 6, 48, 5]), True)
    """

    gates = 4
    n_states = 2

    peephole: nn.Parameter | None

    def __init__(
        self,
        in_channels: SupportsIndex,
        hidden_channels: SupportsIndex,
        K: SupportsIndex,
        *,
        peepholes: bool = False,
    ) -> None:
        super().__init__(in_channels, hidden_channels, K)
        self.peephole = None
        if flag_argument("peepholes", peepholes):
            self.peephole = nn.Parameter(torch.zeros(3, self.hidden_channels))

    def reset_parameters(self) -> None:
        """Draw new weights, and set biases, those of forgetting to one."""
        super().reset_parameters()
        bias = self.of_input.bias
        if bias is not None:
            with torch.no_grad():
                bias[self.hidden_channels : 2 * self.hidden_channels] = 1.0
        # The base draws weights before there are any peepholes.
        peephole = getattr(self, "peephole", None)
        if peephole is not None:
            nn.init.zeros_(peephole)

    def next_state(
        self, given: Tensor, before: tuple[Tensor, ...], laplacian: EdgeOperator
    ) -> tuple[Tensor, ...]:
        """Return the output and the cell after a time step."""
        h, c = before
        parts = (given + self.of_state(h, laplacian)).chunk(4, dim=-1)
        enter, forget, new, leave = parts
        if self.peephole is not None:
            enter = enter + self.peephole[0] * c
            forget = forget + self.peephole[1] * c
        c = torch.sigmoid(forget) * c + torch.sigmoid(enter) * torch.tanh(new)
        if self.peephole is not None:
            leave = leave + self.peephole[2] * c
        return torch.sigmoid(leave) * torch.tanh(c), c

    def forward(
        self,
        x: Tensor,
        laplacian: EdgeOperator,
        state: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the outputs of all times, and the state; it is zero at first."""
        if state is not None and (not isinstance(state, tuple) or len(state) != 2):
            raise TypeError(
                f"state must be the two tensors h and c, got {kind_of(state)}; pass "
                "that of an earlier call"
            )
        outputs, (h, c) = self.run(x, laplacian, state)
        return outputs, (h, c)
