"""Checks of the options of ``deepsphere-pyg shapes``."""

from __future__ import annotations

import math
from typing import Any

from deepsphere_pyg.commands.options.parsing import flag
from deepsphere_pyg.commands.shapes.networks import SHAPE_NETWORKS
from deepsphere_pyg.commands.shapes.options import FOLDS


def check_options(options: Any) -> None:
    """Refuse options that no run can have, before any shape is rendered.

    Raises
    ------
    ValueError
        If one is out of its range.
    """
    for name, least in [("translations", 0), ("rotations", 0), ("test_copies", 1)]:
        if getattr(options, name) < least:
            raise ValueError(
                f"--{flag(name)} must be at least {least}, got {getattr(options, name)}"
            )
    if options.translations + options.rotations < 1:
        raise ValueError(
            "--translations and --rotations are 0 copies of each shape together; pass "
            "at least one"
        )
    if options.nside < 8 or math.log2(options.nside) % 1:
        raise ValueError(
            f"--nside must be a power of 2 of at least 8, got {options.nside}"
        )
    if options.triplet < 0:
        raise ValueError(f"--triplet must be at least 0, got {options.triplet}")
    for name, known in [("networks", tuple(SHAPE_NETWORKS)), ("train", ("NR", "R"))]:
        _check_choices(name, getattr(options, name), known)
    _check_choices(
        "folds", options.folds, (0,) if options.published_parts else tuple(range(FOLDS))
    )
    with_triplet = [n for n in options.networks if not n.startswith("chebyshev")]
    if options.triplet and with_triplet:
        raise ValueError(
            "--triplet is for chebyshev networks, got --networks "
            f"{' '.join(with_triplet)}; pass --triplet 0"
        )
    if options.dataset == "generated":
        if options.root is not None:
            raise ValueError("--root is not of --dataset generated; leave it out")
    elif options.root is None:
        raise ValueError(
            f"--root is required: the meshes of --dataset {options.dataset}"
        )


def _check_choices(name: str, values: tuple[Any, ...], known: tuple[Any, ...]) -> None:
    wrong = [value for value in values if value not in known]
    if wrong or not values or len(set(values)) < len(values):
        raise ValueError(
            f"--{name} must be distinct values of {', '.join(map(str, known))}, got "
            f"{' '.join(map(str, values))}"
        )
