"""Residual U-Net that reads past states one after the other, with a memory."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers import ChebGRU, ChebLSTM
from deepsphere_pyg.models.forecast.configurations import (
    WEATHER,
    ResidualUNetConfiguration,
)
from deepsphere_pyg.models.forecast.residual_unet import ResidualUNet
from samplings import Pyramid, Sampling
from samplings.arguments import choice_argument, integer_argument

CELLS: dict[str, type[ChebGRU | ChebLSTM]] = {"gru": ChebGRU, "lstm": ChebLSTM}
PLACES = ("deepest", "all")


class RecurrentUNet(ResidualUNet):
    r"""Map past states to a field, by a U-Net with a memory at each vertex.

    The encoder of a :class:`ResidualUNet` reads each state by itself. At the deepest
    level, or at each, a recurrence over the states, oldest first, follows
    (:class:`~deepsphere_pyg.layers.ChebGRU` or
    :class:`~deepsphere_pyg.layers.ChebLSTM`). Its outputs are pooled to the next level,
    and the last of them goes to the decoder. Levels without one give the decoder what
    they make of the last state.

    Parameters
    ----------
    in_channels
        Channels of the input: ``history * out_channels`` of the states, oldest first,
        then those of forcing and static fields, which are read with each state.
    out_channels
        Channels of a state, and of the output.
    sampling
        As in :class:`ResidualUNet`.
    history
        Number of states.
    configuration
        Sizes and options; its layers must be Chebyshev convolutions.
    cell
        ``"gru"`` or ``"lstm"``.
    levels
        Where the memory is: ``"deepest"``, or ``"all"``.
    cell_K
        Chebyshev terms of the recurrences, by default those of the configuration. With
        1, each vertex has a memory of what it has seen itself.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind or range, there are fewer input channels than
        the states have, or the layers are not Chebyshev convolutions; in ``forward``,
        if ``x`` does not fit.

    Notes
    -----
    The public deepsphere-pytorch has a U-Net with an LSTM that reads the deepest level
    as one vector, 12 vertices of 512 channels: it has 302 million weights, most of all
    its network, which belong to one sampling, and to the places on it. With ``"lstm"``,
    ``"deepest"`` and ``cell_K=1`` the vertices of that level share one LSTM, so that
    the network stays equivariant, fits other samplings, and has a hundredth of the
    weights or less.

    Source: Seo et al. 2016, arXiv:1612.07659, for recurrences with convolutions on
    graphs.

    Equivariance: exact for the rotations that map every level onto itself, approximate
    for others.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from samplings import HEALPix
    >>> small = replace(WEATHER, width=0.125, k=8)
    >>> sizes = {"history": 3, "configuration": small, "cell": "lstm", "cell_K": 1}
    >>> model = RecurrentUNet(7, 2, HEALPix(4), **sizes)
    >>> model(torch.zeros(5, 192, 7)).shape
    torch.Size([5, 192, 2])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        history: SupportsIndex,
        configuration: ResidualUNetConfiguration = WEATHER,
        cell: str = "gru",
        levels: str = "deepest",
        cell_K: SupportsIndex | None = None,
    ) -> None:
        past = integer_argument("history", history, 1)
        channels = integer_argument("out_channels", out_channels, 1)
        total = integer_argument("in_channels", in_channels, 1)
        if total < past * channels:
            raise ValueError(
                f"in_channels must be at least history * out_channels = {past} * "
                f"{channels} = {past * channels}, the channels of the states, got "
                f"{total}; give the network all states, or fewer of history"
            )
        self.history = past
        super().__init__(total, channels, sampling, configuration=configuration)
        if configuration.convolution != "chebyshev":
            raise ValueError(
                "recurrences are Chebyshev convolutions, got a configuration with "
                f"{type(configuration.convolution).__name__}; leave convolution out"
            )
        kind = CELLS[choice_argument("cell", cell, tuple(CELLS))]
        choice_argument("levels", levels, PLACES)
        terms = configuration.K
        if cell_K is not None:
            terms = integer_argument("cell_K", cell_K, 1)
        self._config = {
            **self._config,
            "history": past,
            "cell": cell,
            "levels": levels,
            "cell_K": terms,
        }
        widths = [pair[1] for pair in configuration.channels]
        self.first_memory = 0 if levels == "all" else len(widths) - 1
        self.memories = nn.ModuleList(
            kind(width, width, terms) for width in widths[self.first_memory :]
        )

    @property
    def encoded_channels(self) -> int:
        """Channels that the encoder sees at a time."""
        return self.in_channels - (self.history - 1) * self.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Return fields ``(*batch, vertex, out_channels)``."""
        x = self.times(self.checked_input(x))
        skips = []
        last = self.configuration.levels - 1
        for level in range(last + 1):
            x = self.body.encoded(level, x)
            if level >= self.first_memory:
                memory = self.memories[level - self.first_memory]
                x, _ = memory(x, self.body.operators[level])
            skips.append(x.select(-3, -1))
            if level < last:
                x = self.body.pooled(level, x)
        return self.body.decoded(skips[last], skips[:last])

    def times(self, x: Tensor) -> Tensor:
        """Return what the encoder sees, ``(*batch, time, vertex, channel)``."""
        count = self.history * self.out_channels
        shape = (*x.shape[:-1], self.history, self.out_channels)
        states = x[..., :count].reshape(shape).movedim(-2, -3)
        known = x[..., None, :, count:].expand(*states.shape[:-1], -1)
        return torch.cat([states, known], dim=-1)
