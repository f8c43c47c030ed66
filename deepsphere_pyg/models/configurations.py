"""Sizes of the spherical U-Net, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from deepsphere_pyg.models.local_layers import (
    Convolution,
    LocalLayers,
    convolution_argument,
    convolution_config,
    layers_of,
    with_convolution,
)
from samplings.arguments import integer_argument, integers_argument


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
        ``"max"`` or ``"mean"``, with copies to unpool; or ``"learned"``: learned maps
        of the children of each vertex down and up
        (:class:`~deepsphere_pyg.layers.LearnedPool`), of those at each place in their
        parent where the scheme numbers them, as HEALPix does, else of their positions;
        or ``"learned-position"``: of positions everywhere, so that weights move between
        schemes too.
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
        is none of these, or has no Laplacian and ``laplacian`` is given.

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

#: The above by name.
UNET_CONFIGURATIONS = {c.name: c for c in (DEEPSPHERE, JIANG, WIDER, SMALL)}
