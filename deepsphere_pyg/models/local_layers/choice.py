"""The choice of a kind of layers: by name, with options, and in descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepsphere_pyg.models.local_layers.attention_layers import AttentionLayers
from deepsphere_pyg.models.local_layers.base import ChebyshevLayers, LocalLayers
from deepsphere_pyg.models.local_layers.disco_layers import DiscoLayers
from samplings.arguments import shown

#: Layers with K terms and a Laplacian, which are options of networks.
CHEBYSHEV = "chebyshev"
#: Kinds of layers with options, by the names that stand for the default ones.
KINDS: dict[str, type[DiscoLayers | AttentionLayers]] = {
    "disco": DiscoLayers,
    "attention": AttentionLayers,
}
CONVOLUTIONS = (CHEBYSHEV, *KINDS)
Convolution = str | DiscoLayers | AttentionLayers


def convolution_argument(value: Any, laplacian: str | None) -> Convolution:
    """Return ``"chebyshev"``, or a kind of layers with its options.

    Raises
    ------
    ValueError
        If ``value`` is neither a name nor a kind of layers; if there is a kind of
        Laplacian for layers that have none.
    """
    chosen: Convolution
    if isinstance(value, DiscoLayers | AttentionLayers):
        chosen = value
    elif isinstance(value, str) and value in CONVOLUTIONS:
        chosen = value if value == CHEBYSHEV else KINDS[value]()
    else:
        raise ValueError(
            f"convolution must be {', '.join(map(repr, CONVOLUTIONS))}, or DiscoLayers "
            f"or AttentionLayers, got {shown(value)}; pass one of them"
        )
    if chosen != CHEBYSHEV and laplacian is not None:
        raise ValueError(
            f"laplacian={shown(laplacian)} is an option of Chebyshev convolutions, and "
            f"{type(chosen).__name__} have no Laplacian; leave it out"
        )
    return chosen


def layers_of(convolution: Convolution, K: int, laplacian: str | None) -> LocalLayers:
    """Return the kind of layers of a checked argument; K is of Chebyshev's."""
    if isinstance(convolution, str):
        return ChebyshevLayers(K, laplacian)
    return convolution


def convolution_config(convolution: Convolution) -> dict[str, Any]:
    """Return the part of a description that tells the layers.

    It is empty for Chebyshev convolutions, whose networks earlier versions read too.
    """
    if isinstance(convolution, str):
        return {}
    return {"convolution": convolution.config}


def with_convolution(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of a network from a description: the inverse of the above."""
    described = config.get("convolution")
    if not isinstance(described, Mapping):
        return {**config}
    kind = KINDS[described["type"]]
    return {**config, "convolution": kind.from_config(described)}
