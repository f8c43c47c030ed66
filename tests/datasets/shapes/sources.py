"""A small source of shapes."""

import numpy as np

from deepsphere_pyg.convert import Mesh
from tests.convert.meshes.solids import box, star


class Solids:
    """Stars and boxes in memory; indices in ``broken`` cannot be loaded."""

    class_names = ("star", "box")

    def __init__(self, n=4, broken=(), order=None):
        self.order = list(range(n)) if order is None else order
        self.ids = [f"solid-{i}" for i in self.order]
        self.labels = np.array([i % 2 for i in self.order])
        self.broken = broken
        self.loaded = []

    def load(self, index):
        i = self.order[index]
        self.loaded.append(i)
        if i in self.broken:
            raise ValueError(f"solid-{i}.obj is empty: it has no faces")
        return star(i, level=1) if i % 2 == 0 else box(0.3, 0.4, 0.1 * i)

    def key(self, index):
        return f"content-{self.order[index]}"


class Lines(Solids):
    """Shapes of which number 1 has no area."""

    def load(self, index):
        if self.order[index] == 1:
            return Mesh([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]])
        return super().load(index)
