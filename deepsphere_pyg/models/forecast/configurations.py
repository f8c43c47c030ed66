"""Sizes of the residual U-Net, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from deepsphere_pyg.models.level_pooling import LEVEL_POOLINGS
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
    positive_argument,
    probability_argument,
    shown,
)

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ResidualUNetConfiguration:
    """Size and options of a :class:`deepsphere_pyg.models.ResidualUNet`.

    Parameters
    ----------
    name
        For tables and the command line.
    widths
        Channels of the two convolutions of the encoder at each level, finest first.
    decoder
        The same of the decoder, from the coarsest level but one to the finest.
    K
        Chebyshev terms of every convolution, which layers of other kinds do not have.
    k
        Least number of neighbours in the graphs of a network that is given a sampling
        without graphs.
    pooling
        ``"max-area"`` (the child with the largest share of the area of its parent, the
        mean of several such), ``"max"``, ``"mean"``, or a learned one, as in
        :class:`UNetConfiguration`.
    width
        Factor of all channels, such as 0.25 for a small network; they are rounded, and
        are at least 1.
    laplacian, convolution
        As in :class:`UNetConfiguration`.
    dropout
        Share of the numbers between the two convolutions of a block that are left out
        at random in training.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two levels, the decoder has not one level fewer than the
        encoder, or an option is not of its kind or range.

    Examples
    --------
    >>> from dataclasses import replace
    >>> WEATHER.levels, replace(WEATHER, width=0.125).channels
    (3, ((8, 16), (24, 32), (64, 32)))
    """

    name: str
    widths: Pairs = ((64, 128), (192, 256), (512, 256))
    decoder: Pairs = ((256, 128), (128, 64))
    K: int = 3
    k: int = 20
    pooling: str = "max-area"
    width: float = 1.0
    laplacian: str | None = None
    convolution: Convolution = "chebyshev"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("widths", "decoder"):
            object.__setattr__(self, name, _pairs(name, getattr(self, name)))
        if len(self.widths) < 2 or len(self.decoder) != len(self.widths) - 1:
            raise ValueError(
                "widths must list at least 2 levels and decoder one less, got "
                f"{len(self.widths)} and {len(self.decoder)}; the decoder begins at "
                "the coarsest level but one"
            )
        for name in ("K", "k"):
            number = integer_argument(name, getattr(self, name), 1)
            object.__setattr__(self, name, number)
        choice_argument("pooling", self.pooling, LEVEL_POOLINGS)
        factor = positive_argument("width", self.width, "pass 1.0, or 0.5 for half")
        object.__setattr__(self, "width", factor)
        convolution = convolution_argument(self.convolution, self.laplacian)
        object.__setattr__(self, "convolution", convolution)
        rate = probability_argument("dropout", self.dropout)
        object.__setattr__(self, "dropout", rate)

    @property
    def levels(self) -> int:
        """Number of levels of the pyramid."""
        return len(self.widths)

    @property
    def channels(self) -> Pairs:
        """Channels of the encoder, times the factor."""
        return _scaled(self.widths, self.width)

    @property
    def decoder_channels(self) -> Pairs:
        """Channels of the decoder, times the factor."""
        return _scaled(self.decoder, self.width)

    @property
    def layers(self) -> LocalLayers:
        """The kind of layers, with all its options."""
        return layers_of(self.convolution, self.K, self.laplacian)

    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description, without tuples."""
        values = {option.name: getattr(self, option.name) for option in fields(self)}
        convolution = convolution_config(values.pop("convolution"))
        for name in ("widths", "decoder"):
            values[name] = [list(pair) for pair in values[name]]
        return {**values, **convolution}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Invert :attr:`config`."""
        return cls(**with_convolution(config))


def _pairs(name: str, values: Any) -> Pairs:
    """Return pairs of positive integers."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise TypeError(
            f"{name} must be a sequence of pairs of channels, got {shown(values)}; "
            "pass one such as ((64, 128), (192, 256))"
        )
    pairs = []
    for value in values:
        pair = integers_argument(name, value, 1)
        if len(pair) != 2:
            raise ValueError(
                f"{name} must have two numbers of channels for each level, got {pair}; "
                "each residual block has two convolutions"
            )
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)


def _scaled(pairs: Pairs, factor: float) -> Pairs:
    """Return channels times a factor, rounded."""
    return tuple(
        (max(1, round(factor * one)), max(1, round(factor * other)))
        for one, other in pairs
    )


#: The residual U-Net of deepsphere-weather on three levels, for graphs of 20
#: neighbours: about 1.8 million weights.
WEATHER = ResidualUNetConfiguration("weather")
