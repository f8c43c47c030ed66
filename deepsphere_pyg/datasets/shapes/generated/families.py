"""The classes of generated shapes, and what varies within all of them."""

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


def deformed(piece: Piece, rng: np.random.Generator) -> Piece:
    """Return a piece stretched, tapered, bent and twisted, all at random and little.

    Each step is one-to-one on the ball of radius 1 into which the piece is scaled.
    """
    vertices = (
        piece.vertices - (piece.vertices.max(axis=0) + piece.vertices.min(axis=0)) / 2
    )
    vertices = vertices / np.linalg.norm(vertices, axis=1).max()
    x, y, z = (vertices * np.exp(rng.normal(0, 0.12, 3))).T
    taper, bend, twist = rng.normal(0, (0.1, 0.12, 0.15))
    taper = np.clip(taper, -0.3, 0.3)
    x, y = (1 + taper * z) * x, (1 + taper * z) * y
    c, s = np.cos(twist * z), np.sin(twist * z)
    x, y = c * x - s * y, s * x + c * y
    return Piece(np.stack([x + bend * z**2, y, z], axis=1), piece.faces)
