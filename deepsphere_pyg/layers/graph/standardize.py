"""Standardization of input channels to mean zero and standard deviation one."""

from __future__ import annotations

from typing import Self

import numpy.typing as npt
import torch
from torch import Tensor, nn

from deepsphere_pyg.signals import known_signal, tensor_argument
from samplings.arguments import array_argument, integer_argument


class Standardize(nn.Module):
    r"""Subtract the mean of each channel and divide by its standard deviation.

    .. math:: y_c = (x_c - \mu_c) / \sigma_c

    Parameters
    ----------
    channels
        Number of channels.

    Attributes
    ----------
    mean, std
        Shape ``(channels,)``, 0 and 1 at first. Not learned, but part of
        ``state_dict``, since a network is useless without the units of its training.

    Shapes
    ------
    ``x : (*batch, vertex, channels) -> (*batch, vertex, channels)``

    Raises
    ------
    ValueError
        If ``channels < 1``; in ``forward``, if the number of channels differs.

    Notes
    -----
    Equivariance: exact, since it acts on single vertices.

    Examples
    --------
    >>> layer = Standardize(2).fit_(torch.tensor([1.0, 0.0]), torch.tensor([2.0, 1.0]))
    >>> layer(torch.tensor([[5.0, 3.0]]))
    tensor([[2., 3.]])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels = integer_argument("channels", channels, 1)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def fit_(self, mean: npt.ArrayLike | Tensor, std: npt.ArrayLike | Tensor) -> Self:
        """Set the statistics in place and return the layer.

        Parameters
        ----------
        mean, std
            One finite number per channel: tensors, NumPy arrays or sequences. A
            constant channel, of standard deviation zero, is only centred.

        Raises
        ------
        ValueError
            If the shapes do not fit, a number is not finite, or a standard deviation
            is negative.
        """
        mean, std = _numbers("mean", mean), _numbers("std", std)
        for name, value in [("mean", mean), ("std", std)]:
            if value.shape != (self.channels,):
                raise ValueError(
                    f"{name} must have shape ({self.channels},), one number per "
                    f"channel, got {tuple(value.shape)}"
                )
            if not torch.isfinite(value).all():
                bad = int((~torch.isfinite(value)).nonzero()[0])
                raise ValueError(
                    f"{name} must be finite, got {value[bad].item()} for channel {bad};"
                    " leave missing values out of the statistics"
                )
        if (std < 0).any():
            raise ValueError(
                f"std must not be negative, got {std.min().item()}; pass deviations"
            )
        self.mean.copy_(mean)
        self.std.copy_(torch.where(std > 0, std, 1.0))
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Return the standardized signals.

        Raises
        ------
        ValueError
            If the number of channels differs, or missing values have a code, such as
            healpy's ``UNSEEN``. NaN remains NaN.
        """
        channels = x.shape[-1] if tensor_argument("x", x).ndim else 0
        if channels != self.channels:
            raise ValueError(
                f"expected {self.channels} input channels, got {channels}; "
                "x must have shape (*batch, vertex, channel)"
            )
        return (known_signal(x, nan=True) - self.mean) / self.std

    def extra_repr(self) -> str:
        """Number of channels, for ``repr``."""
        return str(self.channels)


def _numbers(name: str, values: npt.ArrayLike | Tensor) -> Tensor:
    """Return real numbers as a tensor on their device."""
    if isinstance(values, Tensor):
        return values
    return torch.from_numpy(array_argument(name, values))
