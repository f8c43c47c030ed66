"""Baseline that classifies patches of HEALPix as flat pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.models.blocks import DenseHead
from deepsphere_pyg.models.planar.pictures import Picture, patch_picture
from samplings import Sampling
from samplings.arguments import (
    choice_argument,
    counted,
    integer_argument,
    integers_argument,
)

HEADS = ("mean", "normalized", "dense", "normalized-dense")
#: Heads with weights for each pixel.
OF_PIXELS = ("dense", "normalized-dense")
# Width of the filters, in pixels.
WIDTH = 5


class PlanarPatchClassifier(SavedModel):
    """Convolve a square patch of HEALPix as if it were flat.

    A baseline, which shows how much respecting the geometry helps. The pixels of a base
    pixel, or of a cell of a coarser HEALPix, are a square picture, since their nested
    order interleaves the bits of rows and columns. Each level convolves 5 by 5 pixels
    with stride 2, with batch normalisation and ReLU. Beyond its sides the picture is
    padded with zeros.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        A square patch of HEALPix in nested order:
        ``HEALPix(nside, nest=True)[range((nside // order)**2)]``. One network serves
        patches at all places; ``sampling`` gives their size.
    channels
        Channels of each level; published are the default and (16, 32, 64, 64, 64).
    head
        ``"mean"``: a convolution to classes, and its mean over the picture. The network
        is fully convolutional, and its weights move between patches of all sizes.
        ``"normalized"``: a linear map of the mean over the picture, after batch
        normalisation over the signals, for classes that differ little in the mean.
        ``"dense"``, ``"normalized-dense"``: the linear map of all pixels of the last
        level, in the second after such a normalisation.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError
        If the sampling is not a part of HEALPix, or a number is not an integer; in
        ``forward``, if ``x`` has another dtype.
    ValueError
        If the sampling is not such a square, or too small for this many levels; if the
        head is unknown; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Source: Perraudin et al. 2019 (arXiv:1810.12186) propose such networks for partial
    skies; Defferrard et al. 2020 (arXiv:2012.15000) compare with them. Sizes are those
    of the public code of the former. Its training also penalised the squares of the
    weights, with factors of 1 to 3 over their number; that is an option of training.

    Equivariance: none. Patches that quarter turns about the axis map onto each other
    have the same picture, so their logits are equal.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix
    >>> patch = HEALPix(16, nest=True)[range(64)]  # a quarter of a base pixel
    >>> model = PlanarPatchClassifier(1, 2, patch, channels=(4, 8))
    >>> model(torch.zeros(3, 64, 1)).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
        *,
        channels: Sequence[SupportsIndex] = (8, 16, 32, 32, 16),
        head: str = "mean",
    ) -> None:
        super().__init__()
        widths = [*integers_argument("channels", channels, 1)]
        vertices = patch_picture(sampling)
        self.geometry = self.sampling = sampling
        rest, over = divmod(len(vertices), 2 ** len(widths))
        if over:
            raise ValueError(
                f"a patch of {len(vertices)} by {len(vertices)} pixels is too small "
                f"for {counted(len(widths), 'level')}, each of which halves it; pass "
                "fewer channels, or a larger patch"
            )
        before = integer_argument("in_channels", in_channels, 1)
        n_classes = integer_argument("out_channels", out_channels, 1)
        choice_argument("head", head, HEADS)
        self._config = {
            "in_channels": before,
            "out_channels": n_classes,
            "channels": widths,
            "head": head,
        }
        self.picture = Picture(vertices, before)
        self.convs = nn.ModuleList()
        for width in widths:
            # Normalisation subtracts the mean, and a bias with it.
            conv = nn.Conv2d(
                before, width, WIDTH, stride=2, padding=WIDTH // 2, bias=False
            )
            self.convs.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU()))
            before = width
        features = before * (rest**2 if head in OF_PIXELS else 1)
        self.head: nn.Module
        if head == "mean":
            self.head = nn.Conv2d(before, n_classes, WIDTH, padding=WIDTH // 2)
        elif head == "dense":
            self.head = nn.Linear(features, n_classes)
        else:
            self.head = DenseHead(features, n_classes, ())

    def geometry_on(self, sampling: Any) -> Any:
        """Return a patch that the weights fit."""
        patch_picture(sampling)
        fixed = self._config["head"] in OF_PIXELS
        if fixed and len(sampling) != len(self.sampling):
            raise ValueError(
                f"the dense head has weights for patches of {len(self.sampling)} "
                f"pixels, got {len(sampling)}; pass a patch of as many, or train with "
                "head='mean', whose weights fit patches of all sizes"
            )
        return sampling

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, out_channels)``."""
        picture = self.picture(x, next(self.parameters()))
        for conv in self.convs:
            picture = conv(picture)
        head = self._config["head"]
        y: Tensor
        if head == "mean":
            y = self.head(picture).mean((-2, -1))
        else:
            flat = head in OF_PIXELS
            y = self.head(picture.flatten(1) if flat else picture.mean((-2, -1)))
        return y.view(*x.shape[:-2], y.shape[-1])
