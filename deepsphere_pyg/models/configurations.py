"""Sizes of the spherical U-Net, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class UNetConfiguration:
    """Size and options of a :class:`deepsphere_pyg.models.SphericalUNet`.

    Parameters
    ----------
    name
        For tables and the command line.
    stem
        Channels of the first convolution, and of the last before the output.
    widths
        Channels of the encoder at each level, finest first.
    K
        Chebyshev terms of every convolution.
    pooling
        ``"max"`` or ``"mean"``.
    normalization
        ``"batch"``, ``"layer"`` or ``"none"``.
    finest_skip
        Whether the decoder sees the encoder's output at the finest level too, which
        it does at all others.
    laplacian
        ``"combinatorial"`` or ``"normalized"``.

    Raises
    ------
    ValueError
        If there are fewer than two levels or a size is less than 1.

    Examples
    --------
    >>> from dataclasses import replace
    >>> DEEPSPHERE.levels, replace(DEEPSPHERE, K=5).K
    (6, 5)
    """

    name: str
    stem: int
    widths: tuple[int, ...]
    K: int = 3
    pooling: str = "max"
    normalization: str = "batch"
    finest_skip: bool = False
    laplacian: str = "combinatorial"

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if len(self.widths) < 2:
            raise ValueError(
                f"widths must name the channels of at least 2 levels, got {self.widths}"
            )
        if min(self.stem, self.K, *self.widths) < 1:
            raise ValueError(
                f"stem, K and widths must be at least 1, got stem={self.stem}, "
                f"K={self.K}, widths={self.widths}"
            )

    @property
    def levels(self) -> int:
        """Number of levels of the pyramid."""
        return len(self.widths)

    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description, without tuples."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Invert :attr:`config`."""
        return cls(**config)


#: The climate network of Defferrard et al. 2020 (arXiv:2012.15000), with the widths of
#: its public PyTorch implementation. With K = 3 and the 16 channels and 3 classes of
#: CAM5 it has 5.8 million parameters, with K = 4 7.7 million. The paper's table says
#: 13 million; these widths come near with K = 7 (13.4): ``replace(DEEPSPHERE, K=7)``.
DEEPSPHERE = UNetConfiguration("deepsphere", 32, (64, 128, 256, 512, 512, 512))

#: Of the size of the network of Jiang et al. 2019 (arXiv:1901.02039), some 330,000
#: parameters (328 thousand here). The widths are ours.
JIANG = UNetConfiguration("jiang", 16, (24, 32, 64, 112, 128, 128))

#: Twice as wide as :data:`DEEPSPHERE`, four times the parameters (23 million). The
#: paper reports a wider network without its widths; these are ours.
WIDER = UNetConfiguration("wider", 64, (128, 256, 512, 1024, 1024, 1024))

#: Ours, for minutes on two CPU cores: 44 thousand parameters on four levels. The
#: decoder sees the finest level too, which keeps small events sharp.
SMALL = UNetConfiguration("small", 16, (16, 32, 64, 64), finest_skip=True)

#: The above by name.
UNET_CONFIGURATIONS = {c.name: c for c in (DEEPSPHERE, JIANG, WIDER, SMALL)}
