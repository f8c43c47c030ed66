"""Classifier of whole spheres by filters that are symmetric about their axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import ChannelNorm, GridActivation, SpectralPool, ZonalConv
from deepsphere_pyg.models.blocks import level_sizes
from deepsphere_pyg.models.harmonic_classifier import HarmonicClassifier
from samplings import GaussLegendre, Sampling
from samplings.arguments import integer_argument, positive_argument


class ZonalClassifier(HarmonicClassifier):
    """Classify whole spheres, whichever way they are turned, by zonal filters.

    Each level convolves coefficients with filters that are symmetric about their axis,
    normalises channels, applies ReLU on a grid, and keeps the degrees that the next
    level reads. A linear map classifies the mean over the sphere.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs.
    bandlimits
        Bandlimit of each level; they must not rise.
    channels
        Channels of each level.
    anchors
        Largest number of degrees with weights of their own; those between are
        interpolated, which makes filters local.
    oversampling
        Rings of the ReLU's grids, as a multiple of those that its input needs.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError
        If an argument has another type; in ``forward``, if ``x`` has another dtype.
    ValueError
        If bandlimits rise, the numbers of bandlimits and channels differ, or
        ``oversampling`` is below 1; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Equivariance: invariant up to the degrees beyond those resolved by the grids, which
    ReLU makes, and to the error of the sampling's transform.

    Source: Esteves et al. 2018 (arXiv:1711.06721); sizes are ours.

    Examples
    --------
    >>> import torch
    >>> from samplings import GaussLegendre
    >>> sizes = {"bandlimits": (8, 4), "channels": (4, 8)}
    >>> model = ZonalClassifier(1, 10, GaussLegendre(8), **sizes)
    >>> model(torch.zeros(2, 128, 1)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
        *,
        bandlimits: Sequence[SupportsIndex] = (16, 16, 8),
        channels: Sequence[SupportsIndex] = (16, 32, 64),
        anchors: SupportsIndex = 8,
        oversampling: float = 1.5,
    ) -> None:
        degrees, widths = level_sizes(bandlimits=bandlimits, channels=channels)
        remedy = "pass 1 for the fewest rings, 2 for twice as many"
        more = positive_argument("oversampling", oversampling, remedy)
        if more < 1:
            raise ValueError(f"oversampling must be at least 1, got {more}; {remedy}")
        super().__init__(in_channels, out_channels, sampling, degrees[0])
        most = integer_argument("anchors", anchors, 1)
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "bandlimits": degrees,
            "channels": widths,
            "anchors": most,
            "oversampling": more,
        }
        before = self.in_channels
        levels = []
        for L, L_out, width in zip(degrees, [*degrees[1:], 1], widths, strict=True):
            levels.append(
                nn.Sequential(
                    # Normalisation subtracts the mean, and a bias with it.
                    ZonalConv(before, width, L, anchors=min(most, L), bias=False),
                    GridActivation(
                        GaussLegendre(math.ceil(round(more * L, 9))),
                        L,
                        activation=nn.Sequential(
                            ChannelNorm(width, "batch"), nn.ReLU()
                        ),
                    ),
                    SpectralPool(L, L_out),
                )
            )
            before = width
        self.levels = nn.Sequential(*levels)
        self.head = nn.Linear(before, self.out_channels)

    def of_coefficients(self, coefficients: Tensor) -> Tensor:
        """Return logits of signals given by coefficients, ``(*batch, classes)``."""
        mean = self.levels(coefficients)[..., 0, :] / math.sqrt(4 * math.pi)
        y: Tensor = self.head(mean)
        return y
