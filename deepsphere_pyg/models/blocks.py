"""Pieces that several models are made of."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers import ChebConv, MaxPool, MeanPool
from samplings.arguments import choice_argument

NORMALIZATIONS = ("batch", "layer", "none")
POOLINGS = {"max": MaxPool, "mean": MeanPool}


def pooling_layer(name: str) -> nn.Module:
    """Return the pooling layer ``"max"`` or ``"mean"``.

    Raises
    ------
    ValueError
        If the name is another.
    """
    return POOLINGS[choice_argument("pooling", name, tuple(POOLINGS))]()


class ChannelNorm(nn.Module):
    """Normalise channels of ``(*batch, vertex, channel)`` signals.

    Parameters
    ----------
    channels
        Number of channels.
    kind
        ``"batch"``: each channel over batch and vertices; ``"layer"``: the channels of
        each vertex; ``"none"``.

    Raises
    ------
    ValueError
        If the kind is another.
    """

    def __init__(self, channels: int, kind: str) -> None:
        super().__init__()
        if kind not in NORMALIZATIONS:
            raise ValueError(
                f"normalization must be one of {', '.join(NORMALIZATIONS)}, "
                f"got {kind!r}"
            )
        self.norm: nn.Module
        if kind == "batch":
            self.norm = nn.BatchNorm1d(channels)
        elif kind == "layer":
            self.norm = nn.LayerNorm(channels)
        else:
            self.norm = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised signals, of the same shape."""
        # BatchNorm1d takes channels last in two dimensions: no transpose.
        y: Tensor = self.norm(x.reshape(-1, x.shape[-1]))
        return y.view(x.shape)


class ConvBlock(nn.Module):
    """Chebyshev convolution, normalisation and ReLU.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    K
        Chebyshev terms.
    normalization
        As in :class:`ChannelNorm`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, K: int, normalization: str
    ) -> None:
        super().__init__()
        # Batch normalisation subtracts the mean, and a bias with it.
        bias = normalization != "batch"
        self.conv = ChebConv(in_channels, out_channels, K, bias=bias)
        self.norm = ChannelNorm(out_channels, normalization)

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return ``(*batch, vertex, out_channels)``."""
        return F.relu(self.norm(self.conv(x, laplacian)), inplace=True)
