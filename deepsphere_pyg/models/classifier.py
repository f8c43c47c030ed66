"""Classifier of whole spheres by graph convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import GlobalMeanPool
from deepsphere_pyg.layers.graph.channel_norm import CENTRED
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import ConvBlock, DenseHead
from deepsphere_pyg.models.level_pooling import poolings, refuse_other_terms
from deepsphere_pyg.models.local_layers import (
    Convolution,
    convolution_argument,
    convolution_config,
    layers_of,
    with_convolution,
)
from samplings import Pyramid, Sampling
from samplings.arguments import (
    choice_argument,
    flag_argument,
    integer_argument,
    integers_argument,
)

HEADS = ("linear", "normalized", "convolution", "dense", "normalized-dense")
#: Heads with weights for each vertex.
OF_VERTICES = ("dense", "normalized-dense")


class SphericalClassifier(SphericalModel):
    r"""Classify whole spheres or parts of one, whichever way they are turned.

    Each level convolves (with batch normalisation and ReLU) and pools. A linear map
    classifies the mean over the sphere, weighted by area.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs; or a pyramid. With one level more than there are widths,
        a pooling follows each convolution, as published; with one level per width, the
        last pooling is left out.
    widths
        Channels of each level, finest first.
    K
        Chebyshev terms, which layers of other kinds do not have.
    pooling
        ``"max"`` or ``"mean"``; or ``"learned"``: learned maps of the children of each
        vertex (:class:`~deepsphere_pyg.layers.LearnedPool`), of those at each place in
        their parent where the scheme numbers them, as HEALPix does, else of their
        positions; or ``"learned-position"``: of positions everywhere, so that weights
        move between schemes too.
    normalization
        ``"batch"``, ``"batch-shift"``, ``"layer"``, ``"instance"`` or ``"none"``, as in
        :class:`~deepsphere_pyg.layers.ChannelNorm`.
    laplacian
        Kind of Laplacian, as in :func:`samplings.laplacian`; by default the one that
        the graph's weights are made for.
    convolution
        Kind of the layers: ``"chebyshev"``, ``"disco"``, ``"attention"``, or the last
        two with options, as in :class:`UNetConfiguration`.
    head
        ``"linear"``: a linear map of the mean. ``"normalized"``: the same after batch
        normalisation over the signals, for classes that differ little in the mean,
        which are learned in fewer steps. ``"convolution"``: a convolution to
        classes at the coarsest level, and its mean, as the fully convolutional network
        of cosmology has it. ``"dense"``: a linear map of all vertices of the coarsest
        level, as that of its variant for parts of equal shape.
        ``"normalized-dense"``: the same after batch normalisation over the signals.
    bias
        Whether the heads ``"linear"`` and ``"dense"`` add constants.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If an option is not one of the above, or the pyramid has another number of
        levels; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.1. The defaults with 6
    input channels and 55 classes have 189,591 parameters; with
    ``normalization="batch-shift"`` and ``bias=False`` they are the 189,040 of the
    published network, which the paper rounds to 190k.
    Perraudin et al. 2019, arXiv:1810.12186, section 4, for cosmology: widths of 16, 32,
    64, 64, 64, ``K=5``, and the heads ``"convolution"`` and ``"dense"``, there without
    a bias.

    Combinatorial Laplacians on cells of equal area, and those weighted by the areas,
    map all signals to signals of mean zero. With these, the convolutional head is the
    linear map :math:`\sum_k (-1)^k W_k` of the mean, and has more parameters than the
    linear head for the same functions. With the normalized Laplacian, as published, it
    is not.

    Equivariance: invariant, exactly under the rotations that map every level onto
    itself, approximately under others. Not with dense heads, which have weights of
    their own for all vertices, nor with learned pooling, which tells directions apart.
    Layers that are oriented to north leave those about the axis.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix
    >>> model = SphericalClassifier(6, 55, HEALPix(4), widths=(16, 32))
    >>> model(torch.zeros(2, 192, 6)).shape
    torch.Size([2, 55])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        widths: Sequence[SupportsIndex] = (16, 32, 64, 128, 256),
        K: SupportsIndex = 4,
        pooling: str = "max",
        normalization: str = "batch",
        laplacian: str | None = None,
        head: str = "linear",
        convolution: Convolution = "chebyshev",
        bias: bool = True,
    ) -> None:
        sizes = integers_argument("widths", widths, 1)
        n = len(sizes)
        if n == 0:
            raise ValueError(
                "widths must have one number for each level, got (); pass at least one"
            )
        super().__init__(in_channels, out_channels, sampling, sizes, (n + 1, n))
        terms = integer_argument("K", K, 1)
        convolution = convolution_argument(convolution, laplacian)
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "widths": list(sizes),
            "K": terms,
            "pooling": pooling,
            "normalization": normalization,
            "laplacian": laplacian,
            **convolution_config(convolution),
        }
        self._head = choice_argument("head", head, HEADS)
        if head != "linear":
            # Left out otherwise: files are those of versions without the option.
            self._config["head"] = head
        if not flag_argument("bias", bias):
            if head not in ("linear", "dense"):
                raise ValueError(
                    "bias=False is of the heads 'linear' and 'dense', got "
                    f"head={head!r}; leave it out"
                )
            self._config["bias"] = False
        layers = layers_of(convolution, terms, laplacian)
        levels = min(len(self.pyramid), n + (head == "convolution"))
        self.operators = layers.operators(self.pyramid.graphs[:levels])
        self.blocks = nn.ModuleList(
            ConvBlock(before, width, layers, normalization)
            for before, width in pairwise((self.in_channels, *sizes))
        )
        coarsenings = self.pyramid.coarsenings
        # These normalisations subtract the mean, and a bias with it.
        constants = normalization not in CENTRED
        self.pool, self.pooling_operators = poolings(
            pooling, coarsenings, sizes[: len(coarsenings)], bias=constants
        )
        coarsest = self.pyramid.graphs[-1].sampling
        self.mean = GlobalMeanPool(coarsest)
        features = sizes[-1] * (len(coarsest) if head in OF_VERTICES else 1)
        self.head: nn.Module
        if head == "convolution":
            self.head = layers.layer(features, self.out_channels)
        elif head.startswith("normalized"):
            self.head = DenseHead(features, self.out_channels, ())
        else:
            self.head = nn.Linear(features, self.out_channels, bias=bias)

    def geometry_on(self, sampling: Any) -> Any:
        """Return a pyramid on another sampling, if the weights fit it."""
        pyramid = super().geometry_on(sampling)
        refuse_other_terms(self._config["pooling"], pyramid.coarsenings, self.pool)
        mine, other = (len(one.graphs[-1].sampling) for one in (self.pyramid, pyramid))
        if self._head in OF_VERTICES and mine != other:
            raise ValueError(
                f"the dense head has weights for the {mine} vertices of the coarsest "
                f"level, got {other}; move the weights to samplings of as many, or "
                "train with head='linear' or 'convolution', whose weights fit all"
            )
        return pyramid

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and a sampling or pyramid."""
        return super().from_config(with_convolution(config), geometry)

    def features(self, x: Tensor) -> Tensor:
        """Return what the head classifies.

        Returns
        -------
        Tensor
            Means over the sphere, ``(*batch, widths[-1])``; with dense heads all
            vertices of the coarsest level, ``(*batch, vertices * widths[-1])``.
        """
        x = self._local(x)
        return x.flatten(-2) if self._head in OF_VERTICES else self.mean(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, out_channels)``."""
        y: Tensor
        if self._head == "convolution":
            y = self.mean(self.head(self._local(x), self.operators[-1]))
        else:
            y = self.head(self.features(x))
        return y

    def _local(self, x: Tensor) -> Tensor:
        """Return the signals of the last level, ``(*batch, vertex, widths[-1])``."""
        x = self.checked_input(x)
        for level, block in enumerate(self.blocks):
            x = block(x, self.operators[level])
            if level < len(self.pool):
                x = self.pool[level](x, self.pooling_operators[level])
        return x
