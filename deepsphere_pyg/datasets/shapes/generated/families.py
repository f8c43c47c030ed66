"""The classes of generated shapes, and the deformations of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from deepsphere_pyg.datasets.shapes.generated.branching import octopus, tree
from deepsphere_pyg.datasets.shapes.generated.furniture import (
    aeroplane,
    chair,
    shelf,
    table,
)
from deepsphere_pyg.datasets.shapes.generated.lofts import Piece
from deepsphere_pyg.datasets.shapes.generated.prisms import gear, prism, star
from deepsphere_pyg.datasets.shapes.generated.revolution import (
    bottle,
    bowl,
    goblet,
    mug,
    vase,
)
from deepsphere_pyg.datasets.shapes.generated.superquadrics import block, diamond, egg
from deepsphere_pyg.datasets.shapes.generated.windings import knot, ring, spring

# The first ones are of different kinds, for tasks of few classes.
FAMILIES: Mapping[str, Callable[[np.random.Generator], Piece]] = MappingProxyType(
    {
        "egg": egg,
        "vase": vase,
        "tree": tree,
        "table": table,
        "ring": ring,
        "star": star,
        "block": block,
        "chair": chair,
        "goblet": goblet,
        "octopus": octopus,
        "spring": spring,
        "prism": prism,
        "aeroplane": aeroplane,
        "bowl": bowl,
        "diamond": diamond,
        "knot": knot,
        "gear": gear,
        "shelf": shelf,
        "bottle": bottle,
        "mug": mug,
    }
)


# Standard deviations of the logarithms of three stretches, of the taper, of the bend
# and of the twist in radian: on the ball of radius 1.
STRETCH, TAPER, BEND, TWIST = 0.2, 0.15, 0.18, 0.3
# The section never shrinks to nothing.
LARGEST_TAPER = 0.35


def deformed(piece: Piece, rng: np.random.Generator) -> Piece:
    """Return a piece in the unit ball, stretched, tapered, twisted and bent at random.

    Each of these maps is one-to-one, so that closed surfaces stay closed.
    """
    low, high = piece.vertices.min(axis=0), piece.vertices.max(axis=0)
    vertices = piece.vertices - (low + high) / 2
    vertices = vertices / np.linalg.norm(vertices, axis=1).max()
    x, y, z = (vertices * np.exp(rng.normal(0, STRETCH, 3))).T
    taper, bend, twist = rng.normal(0, (TAPER, BEND, TWIST))
    size = 1 + np.clip(taper, -LARGEST_TAPER, LARGEST_TAPER) * z
    c, s = size * np.cos(twist * z), size * np.sin(twist * z)
    x, y = c * x - s * y, s * x + c * y
    return Piece(np.stack([x + bend * z**2, y, z], axis=1), piece.faces)
