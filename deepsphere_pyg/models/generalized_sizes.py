"""Sizes of generalized networks, about as many weights as published ones have."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

#: Arguments of :class:`GeneralizedSphericalCNN` by the data that networks of the paper
#: are for: rotated digits (58k parameters published; one channel, 10 labels), atoms of
#: QM7 (335k to 337k; in a :class:`MoleculeNetwork` of width 256) and shapes of
#: SHREC'17 (250k; 6 channels, 55 labels). Source of the counts: Cobb et al. 2021,
#: arXiv:2010.11661; widths are ours.
PUBLISHED_SIZES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "digits": MappingProxyType(
            {"bandlimits": (20, 10, 5), "channels": (24, 24, 24), "hidden": (72,)}
        ),
        "molecules": MappingProxyType(
            {"bandlimits": (10, 6, 1), "channels": (40, 40, 40)}
        ),
        "shapes": MappingProxyType(
            {"bandlimits": (20, 10, 5), "channels": (40, 40, 40), "hidden": (256,)}
        ),
    }
)
