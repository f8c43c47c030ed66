"""A class for a whole sphere, by filters that are symmetric about their axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import GridActivation, SpectralPool, ZonalConv
from deepsphere_pyg.models.blocks import ChannelNorm
from deepsphere_pyg.models.harmonic_classifier import HarmonicClassifier
from samplings import GaussLegendre, Sampling
from samplings.arguments import integer_argument, integers_argument, positive_argument


class ZonalClassifier(HarmonicClassifier):
    """Give a whole sphere its class, whichever way it is turned, by zonal filters.

    Each level convolves coefficients with filters that are symmetric about their axis,
    normalises channels and applies ReLU on a grid, and keeps the degrees that the next
    one reads. The mean over the sphere is classified by a linear map.

    Parameters
    ----------
    sampling
        Where inputs live.
    in_channels, out_channels
        Channels of the input, and classes.
    bandlimits
        Of each level; they must not rise.
    channels
        Of each level.
    anchors
        Degrees that have weights of their own, at most; those between are
        interpolated, which makes filters local.
    oversampling
        Rings of the grids of ReLU over those that their inputs need.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError
        If a number is not one; in ``forward``, if ``x`` is of another dtype.
    ValueError
        If bandlimits rise, are not as many as channels, or ``oversampling`` is below 1;
        in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Equivariance: invariant up to what ReLU makes beyond the degrees that its grids
    resolve, and to how exact the transform of the sampling is.

    Source: Esteves et al. 2018 (arXiv:1711.06721); sizes are ours.

    Examples
    --------
    >>> import torch
    >>> from samplings import GaussLegendre
    >>> model = ZonalClassifier(GaussLegendre(8), 1, 10, (8, 4), (4, 8))
    >>> model(torch.zeros(2, 128, 1)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        sampling: Sampling,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        bandlimits: Sequence[SupportsIndex] = (16, 16, 8),
        channels: Sequence[SupportsIndex] = (16, 32, 64),
        anchors: SupportsIndex = 8,
        oversampling: float = 1.5,
    ) -> None:
        degrees = [*integers_argument("bandlimits", bandlimits, 1)]
        widths = [*integers_argument("channels", channels, 1)]
        check_levels(degrees, widths)
        remedy = "pass 1 for the fewest rings, 2 for twice as many"
        more = positive_argument("oversampling", oversampling, remedy)
        if more < 1:
            raise ValueError(f"oversampling must be at least 1, got {more}; {remedy}")
        super().__init__(sampling, degrees[0])
        before = integer_argument("in_channels", in_channels, 1)
        n_classes = integer_argument("out_channels", out_channels, 1)
        most = integer_argument("anchors", anchors, 1)
        self._config = {
            "in_channels": before,
            "out_channels": n_classes,
            "bandlimits": degrees,
            "channels": widths,
            "anchors": most,
            "oversampling": more,
        }
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
        self.head = nn.Linear(before, n_classes)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor but the sampling, JSON-serialisable."""
        return {**self._config}

    def of_coefficients(self, coefficients: Tensor) -> Tensor:
        """Return logits of signals given by coefficients, ``(*batch, classes)``."""
        mean = self.levels(coefficients)[..., 0, :] / math.sqrt(4 * math.pi)
        y: Tensor = self.head(mean)
        return y


def check_levels(degrees: Sequence[int], widths: Sequence[int]) -> None:
    """Refuse settings that are not one for each level, or rise.

    Raises
    ------
    ValueError
        If they are not.
    """
    if len(degrees) != len(widths) or not degrees:
        raise ValueError(
            "bandlimits and channels must have one number for each level, got "
            f"{len(degrees)} and {len(widths)}; pass as many of each"
        )
    for before, after in pairwise(degrees):
        if after > before:
            raise ValueError(
                f"bandlimits must not rise, got {after} after {before}; start with a "
                "higher one"
            )
