"""Sizes of the spherical U-Net and of the residual network, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from deepsphere_pyg.models.local_layers import (
    Convolution,
    LocalLayers,
    convolution_argument,
    convolution_config,
    layers_of,
    with_convolution,
)
from samplings.arguments import (
    choice_argument,
    integer_argument,
    integers_argument,
    probability_argument,
)

HEADS = ("dense", "mean")


@dataclass(frozen=True)
class UNetConfiguration:
    """Size and options of a :class:`deepsphere_pyg.models.SphericalUNet`.

    Parameters
    ----------
    name
        For tables and the command line.
    stem
        Channels of the first convolution, and of the last one before the output.
    widths
        Channels of the encoder at each level, finest first.
    K
        Chebyshev terms of every convolution, which layers of other kinds do not have.
    pooling
        ``"max"``, ``"mean"`` or ``"max-area"`` (the child with the largest share of its
        parent), with copies to unpool; or ``"learned"``: learned maps of the children
        of each vertex down and up (:class:`~deepsphere_pyg.layers.LearnedPool`), of
        those at each place in their parent where the scheme numbers them, as HEALPix
        does, else of their positions;
        ``"learned-position"``: of positions everywhere, so that weights move between
        schemes too; or ``"learned-distance"``: of distances alone, which tell no
        directions apart.
    normalization
        ``"batch"``, ``"layer"``, ``"instance"`` or ``"none"``, as in
        :class:`~deepsphere_pyg.layers.ChannelNorm`.
    finest_skip
        Whether the decoder sees the encoder's output also at the finest level, as it
        does at all others.
    laplacian
        Kind of Laplacian, as in :func:`samplings.laplacian`; None for the one that the
        graph's weights are made for.
    convolution
        Kind of the layers: ``"chebyshev"``; ``"disco"``, or
        :class:`~deepsphere_pyg.models.DiscoLayers` with options, for filters on discs,
        isotropic or oriented to north; ``"attention"``, or
        :class:`~deepsphere_pyg.models.AttentionLayers`, for attention to the neighbours
        in the graph.

    Raises
    ------
    ValueError
        If there are fewer than two levels or a size is less than 1; if ``convolution``
        is not one of these, or has no Laplacian and ``laplacian`` is given.

    Examples
    --------
    >>> from dataclasses import replace
    >>> DEEPSPHERE.levels, replace(DEEPSPHERE, K=3).K
    (6, 3)
    """

    name: str
    stem: int
    widths: tuple[int, ...]
    K: int = 3
    pooling: str = "max"
    normalization: str = "batch"
    finest_skip: bool = False
    laplacian: str | None = None
    convolution: Convolution = "chebyshev"

    def __post_init__(self) -> None:
        widths = integers_argument("widths", self.widths, 1)
        object.__setattr__(self, "widths", widths)
        for name in ("stem", "K"):
            number = integer_argument(name, getattr(self, name), 1)
            object.__setattr__(self, name, number)
        if len(self.widths) < 2:
            raise ValueError(
                "widths must list the channels of at least 2 levels, got "
                f"{self.widths}; add a level"
            )
        convolution = convolution_argument(self.convolution, self.laplacian)
        object.__setattr__(self, "convolution", convolution)

    @property
    def levels(self) -> int:
        """Number of levels of the pyramid."""
        return len(self.widths)

    @property
    def layers(self) -> LocalLayers:
        """The kind of layers, with all its options."""
        return layers_of(self.convolution, self.K, self.laplacian)

    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description, without tuples."""
        values = {option.name: getattr(self, option.name) for option in fields(self)}
        convolution = convolution_config(values.pop("convolution"))
        return {**values, "widths": list(self.widths), **convolution}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Invert :attr:`config`."""
        return cls(**with_convolution(config))


#: The climate network of Defferrard et al. 2020 (arXiv:2012.15000), layer by layer as
#: its appendix writes it and its public PyTorch implementation has it. Polynomials of
#: order 3, as the paper says, have 4 terms. With the 16 channels and 3 classes of CAM5
#: that makes 7.7 million parameters (5.8 with 3 terms). The paper's table says 13
#: million: the authors' public TensorFlow code has a wider decoder than the appendix.
DEEPSPHERE = UNetConfiguration("deepsphere", 32, (64, 128, 256, 512, 512, 512), K=4)

#: Of the size of the network of Jiang et al. 2019 (arXiv:1901.02039), some 330,000
#: parameters (328 thousand here). The widths are ours; those that the appendix of
#: :data:`DEEPSPHERE` gives (8 to 128 channels) go with another decoder.
JIANG = UNetConfiguration("jiang", 16, (24, 32, 64, 112, 128, 128))

#: Twice the channels of :data:`DEEPSPHERE`, as in the paper's wider architecture: four
#: times the parameters (31 million).
WIDER = UNetConfiguration("wider", 64, (128, 256, 512, 1024, 1024, 1024), K=4)

#: Ours, for minutes on two CPU cores: 44 thousand parameters on four levels. The
#: decoder sees the finest level too, which keeps small events sharp.
SMALL = UNetConfiguration("small", 16, (16, 32, 64, 64), finest_skip=True)

#: Configurations of :class:`SphericalUNet` by their names.
UNET_CONFIGURATIONS = {c.name: c for c in (DEEPSPHERE, JIANG, WIDER, SMALL)}


@dataclass(frozen=True)
class ResNetConfiguration:
    """Size and options of a :class:`deepsphere_pyg.models.SphericalResNet`.

    Parameters
    ----------
    name
        For tables.
    base
        Channels of the first pooling. Each further pooling without a convolution
        doubles them; convolved levels have twice the channels of the last of these.
    poolings
        Number of finest levels that are pooled without a convolution.
    convolutions
        Number of levels after them that are convolved, then pooled.
    blocks
        Residual blocks at the coarsest level.
    K
        Chebyshev terms of every convolution.
    pooling
        ``"learned"``, ``"learned-position"`` or ``"learned-distance"``, as in
        :class:`UNetConfiguration`.
    head
        ``"dense"``: layer normalisation and a linear map of all vertices and channels
        of the coarsest level, which sees where on the sky structures are; or
        ``"mean"``: of the means over the covered area, which does not.
    dropout
        Share of the inputs of the linear map that is left out in training.
    scale
        First value of a learned scale of each residual block, such as 0.0; None for no
        scale.
    laplacian
        Kind of Laplacian, as in :func:`samplings.laplacian`; None for the one that the
        graph's weights are made for.

    Raises
    ------
    TypeError, ValueError
        If an option is not one of the above, or there is no pooling at all.

    Examples
    --------
    >>> COSMOLOGY.levels, COSMOLOGY.widths
    (6, (32, 64, 128, 256, 256))
    """

    name: str
    base: int
    poolings: int = 3
    convolutions: int = 2
    blocks: int = 6
    K: int = 5
    pooling: str = "learned"
    head: str = "dense"
    dropout: float = 0.01
    scale: float | None = None
    laplacian: str | None = None

    def __post_init__(self) -> None:
        least = {"base": 1, "poolings": 0, "convolutions": 0, "blocks": 0, "K": 1}
        for name, minimum in least.items():
            number = integer_argument(name, getattr(self, name), minimum)
            object.__setattr__(self, name, number)
        if self.levels < 2:
            raise ValueError(
                "poolings and convolutions must be at least 1 together, got 0; each "
                "makes a level coarser"
            )
        choice_argument("head", self.head, HEADS)
        dropout = probability_argument("dropout", self.dropout)
        object.__setattr__(self, "dropout", dropout)

    @property
    def levels(self) -> int:
        """Number of levels of the pyramid."""
        return self.poolings + self.convolutions + 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each pooling, finest level first."""
        doubled = [self.base * 2**level for level in range(self.poolings + 1)]
        return (*doubled[:-1], *[doubled[-1]] * self.convolutions)

    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Invert :attr:`config`."""
        return cls(**config)


#: Sizes of the regression network of weak-lensing analyses on parts of the sky, with
#: five poolings in all: of nside 512 down to 16. These take graphs of 20 neighbours,
#: ``build_pyramid(footprint, COSMOLOGY.levels, k=20, first_graph=COSMOLOGY.poolings)``.
COSMOLOGY = ResNetConfiguration("cosmology", base=32)
