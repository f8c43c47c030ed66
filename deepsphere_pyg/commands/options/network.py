"""Options that choose a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from deepsphere_pyg.commands.options.lightning import add_model, list_model
from deepsphere_pyg.commands.options.parsing import ADDED_BY, LISTED_BY, Options

# Name of the network that sees single vertices, to measure the value of context.
PIXEL = "pixel"


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(Options):
    """Graph and network.

    Parameters
    ----------
    network
        Named size: of a U-Net, or pixel for a network that sees single pixels, where
        targets are maps; of a classifier (small or deepsphere) where they are of whole
        samples.
    model
        Import path of a network of one's own, whose first arguments are the numbers of
        input and output channels and the sampling; --model.NAME gives further ones.
    k
        Minimum number of neighbours of each vertex.
    weighting
        Edge weights; the DeepSphere papers use heat.
    K
        Chebyshev terms (default: that of the network).
    """

    network: Literal["small", "jiang", "deepsphere", "wider", "pixel"] = "small"
    model: Mapping[str, Any] | None = field(
        default=None, metadata={ADDED_BY: add_model, LISTED_BY: list_model}
    )
    k: int = 8
    weighting: Literal[
        "heat",
        "self-tuned",
        "inverse-distance",
        "area-corrected",
        "fitted",
        "fitted-single",
        "fitted-irls",
    ] = "fitted"
    K: int | None = None
