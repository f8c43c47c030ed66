"""Configurations of pyramids, as they are saved now and as version 0.1 saved them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samplings.base import Sampling
from samplings.graphs.weightings import Weighting, weighting_from_config
from samplings.schemes.config import from_config

# Options of the weighting that version 0.1 saved at the top.
_FORMER_OPTIONS = ("t", "distance", "symmetrize")


def pyramid_description(
    sampling: Sampling,
    depth: int,
    k: int,
    coarser: Sequence[Sampling] | None,
    weighting: str | Weighting | Sequence[str | Weighting],
    weightings: Sequence[Weighting],
    connect: bool,
) -> dict[str, Any]:
    """Return the configuration of a pyramid that is not cut.

    ``weighting`` is what was given, and ``weightings`` those of the levels.
    """
    single = isinstance(weighting, str | Weighting)
    configs = [one.config for one in weightings]
    return {
        "sampling": sampling.config,
        "depth": depth,
        "coarser": None if coarser is None else [level.config for level in coarser],
        "k": k,
        "weighting": configs[0] if single else configs,
        "connect": connect,
    }


def build_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of :func:`samplings.build_pyramid` after the sampling."""
    required = {"sampling", "depth", "k"}
    options = {"coarser", "weighting", "connect", "cut", "first_graph"}
    known = {*required, *options, *_FORMER_OPTIONS}
    missing, unknown = required - set(config), set(config) - known
    if missing or unknown:
        fault = (
            f"lacks {', '.join(sorted(missing))}"
            if missing
            else f"has the unknown {', '.join(sorted(map(str, unknown)))}"
        )
        raise ValueError(
            f"a pyramid's configuration needs sampling, depth and k, but this one "
            f"{fault}; pass Pyramid.config as it was saved"
        )
    weighting, coarser = config.get("weighting", "heat"), config.get("coarser")
    if isinstance(weighting, str):
        weighting = _former_weighting(weighting, config)
    if isinstance(weighting, list):
        weighting = [weighting_from_config(one) for one in weighting]
    else:
        weighting = weighting_from_config(weighting)
    return {
        "depth": config["depth"],
        "k": config["k"],
        "coarser": None if coarser is None else [from_config(one) for one in coarser],
        "weighting": weighting,
        # Configurations without the key are older than the joining of pieces.
        "connect": config.get("connect", False),
        "cut": config.get("cut", False),
        "first_graph": config.get("first_graph", 0),
    }


def _former_weighting(
    name: str, config: Mapping[str, Any]
) -> dict[str, Any] | list[dict[str, Any]]:
    """Translate a configuration of version 0.1, which has options at the top."""
    chosen = {key: config[key] for key in _FORMER_OPTIONS if key in config}
    widths = chosen.pop("t", None)
    # Saved for all weightings, with these values where they have no use.
    for key, value in (("distance", "chordal"), ("symmetrize", "average")):
        if chosen.get(key) == value:
            del chosen[key]
    if widths is None:
        return {"name": name, **chosen}
    if not isinstance(widths, list):
        raise ValueError(f"t must list one kernel width a level, got {widths!r}")
    return [{"name": name, "t": width, **chosen} for width in widths]
