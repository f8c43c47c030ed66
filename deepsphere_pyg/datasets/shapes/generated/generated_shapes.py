"""Generated shapes of twenty classes, made when they are needed."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.convert.meshes.mesh import Mesh
from deepsphere_pyg.datasets.shapes.generated.families import FAMILIES, deformed
from deepsphere_pyg.datasets.shapes.shape_source import ShapeSource
from samplings.arguments import integer_argument

# Goes into the keys of caches: raise it when a shape changes.
_VERSION = 1


class GeneratedShapes(ShapeSource):
    """Random shapes of up to twenty classes, upright, to learn without any file.

    Shapes are superquadrics (egg, block, diamond), vessels (vase, bottle, goblet, bowl,
    mug), windings (ring, knot, spring), limbs (tree, octopus), prisms (prism, star,
    gear), and of boxes and tubes (table, chair, shelf, aeroplane). Proportions and
    numbers of parts vary within a class, and each shape is stretched, tapered, bent and
    twisted a little. Surfaces are closed; those of several parts overlap. A shape has
    some 500 to 5,000 faces.

    Parameters
    ----------
    n
        Number of shapes; classes alternate, so that any part of the first ones is
        balanced.
    n_classes
        Number of classes, from 2 to 20.
    seed
        Seed of the shapes; a shape depends on the seed and its index alone, given the
        number of classes.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If it is out of range.

    Examples
    --------
    >>> shapes = GeneratedShapes(40)
    >>> shapes.ids[1], shapes.load(1).faces.shape
    ('vase-000001', (2736, 3))
    """

    def __init__(self, n: int = 2000, n_classes: int = 20, *, seed: int = 0) -> None:
        n = integer_argument("n", n, 1)
        n_classes = integer_argument("n_classes", n_classes, 2)
        if n_classes > len(FAMILIES):
            raise ValueError(
                f"n_classes must be at most {len(FAMILIES)}, got {n_classes}; there "
                "are no more kinds of shapes"
            )
        self.seed = integer_argument("seed", seed, 0)
        self.class_names = tuple(FAMILIES)[:n_classes]
        self.labels = np.arange(n) % n_classes
        self.ids = [
            f"{self.class_names[label]}-{index:06d}"
            for index, label in enumerate(self.labels)
        ]

    def load(self, index: int) -> Mesh:
        """Make a shape, in some milliseconds; equal at each call."""
        at = self.position(index)
        rng = np.random.default_rng([self.seed, at])
        family = FAMILIES[self.class_names[self.labels[at]]]
        return Mesh(*deformed(family(rng), rng))

    def key(self, index: int) -> str:
        """Return what a shape depends on: its class, the seed and its index."""
        at = self.position(index)
        return f"generated {_VERSION} {self.ids[at]} of seed {self.seed}"
