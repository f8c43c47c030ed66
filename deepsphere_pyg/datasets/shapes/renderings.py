"""How shapes become maps: settings, and the shift and rotation of each copy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from deepsphere_pyg.convert.meshes import Mesh, background_maps
from deepsphere_pyg.convert.meshes.copies import CentredSurfaces
from deepsphere_pyg.convert.meshes.maps import SURFACE_CHANNELS
from samplings import Sampling
from samplings.arrays import FloatArray

# Raise it with any change of values: kept maps of other versions are not used.
_VERSION = 1


@dataclass(frozen=True)
class Rendering:
    """Settings of the maps of shapes.

    Attributes
    ----------
    sampling
        Points on the sphere.
    augmentations
        Number of copies of each shape.
    rotate
        Whether each copy is rotated at random.
    shift
        Largest length of the random shift of each copy.
    miss
        Distance where a ray misses.
    hull
        Whether the convex hull is mapped too.
    seed
        Seed of shifts and rotations.
    dtype
        Type of the values, ``"float32"`` or ``"float16"``.
    """

    sampling: Sampling
    augmentations: int
    rotate: bool
    shift: float
    miss: float
    hull: bool
    seed: int
    dtype: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Copies, vertices and channels of one shape."""
        channels = SURFACE_CHANNELS * (2 if self.hull else 1)
        return self.augmentations, len(self.sampling), channels

    def digest(self) -> str:
        """Return a digest of the settings and the points."""
        settings = (
            _VERSION,
            self.augmentations,
            self.rotate,
            self.shift,
            self.miss,
            self.hull,
            # Without shift and rotation, nothing is random.
            self.seed if self.rotate or self.shift else 0,
            self.dtype,
        )
        digest = hashlib.sha256(repr(settings).encode())
        digest.update(self.sampling.xyz.tobytes())
        return digest.hexdigest()[:16]

    def placement(self, name: str, copy: int) -> tuple[FloatArray, Rotation]:
        """Return shift and rotation of a copy, by the seed, the id and the copy."""
        words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype="<u4")
        key = [int(word) for word in words]
        seeds = np.random.SeedSequence(self.seed, spawn_key=(*key, copy))
        random = np.random.default_rng(seeds)
        # Drawn in any case, so that rotated copies have the same shifts.
        direction, quaternion = random.normal(size=3), random.normal(size=4)
        length = random.uniform(0, self.shift)
        turned = Rotation.from_quat(quaternion) if self.rotate else Rotation.identity()
        return length * direction / np.linalg.norm(direction), turned

    def render(self, mesh: Mesh, name: str) -> npt.NDArray[Any]:
        """Return the maps of all copies of a shape, of :attr:`shape`."""
        surfaces = CentredSurfaces(mesh, self.hull)
        maps = np.empty(self.shape, dtype=self.dtype)
        for copy in range(self.augmentations):
            shift, turned = self.placement(name, copy)
            maps[copy] = surfaces.maps(
                self.sampling.xyz, self.miss, shift, turned.as_matrix()
            )
        return maps

    def background(self) -> npt.NDArray[Any]:
        """Return the maps of a shape that cannot be read, of :attr:`shape`."""
        maps = background_maps(self.sampling, hull=self.hull, miss=self.miss)
        return np.broadcast_to(maps, self.shape).astype(self.dtype)
