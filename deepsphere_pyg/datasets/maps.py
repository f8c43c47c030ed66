"""Bases of data sets of maps: any, with one class each, and rotated."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.utils.data import Dataset

from samplings import Sampling
from samplings.arguments import shown
from samplings.arrays import FloatArray

Sample_co = TypeVar("Sample_co", covariant=True)


class MapDataset(Dataset[Sample_co], ABC):
    """Maps on one sampling.

    Attributes
    ----------
    sampling
        Where the vertices are, the same for every map.
    channel_names
        One name per input channel.
    class_names
        One name per class.
    """

    sampling: Sampling
    channel_names: tuple[str, ...]
    class_names: tuple[str, ...]
    # The noun for one of them in messages.
    item: ClassVar[str] = "map"

    @abstractmethod
    def __len__(self) -> int:
        """Number of maps."""

    @abstractmethod
    def __getitem__(self, index: int) -> Sample_co:
        """Map ``index``, from 0 to ``len(self) - 1``."""

    def __iter__(self) -> Iterator[Sample_co]:
        """Go through the maps in order."""
        return map(self.__getitem__, range(len(self)))

    def _check_index(self, index: int) -> int:
        """Return ``index`` as an int; raise ``TypeError`` or ``IndexError``."""
        try:
            number = operator.index(index)
        except TypeError:
            raise TypeError(
                f"index must be the number of one {self.item}, got {shown(index)}; "
                "take several by torch.utils.data.Subset(dataset, indices)"
            ) from None
        if number in range(len(self)):
            return number
        raise IndexError(
            f"{self.item} {number} does not exist: the data set has {len(self)} "
            f"{self.item}s, numbered 0 to {len(self) - 1}"
        )


class ClassificationSample(NamedTuple):
    """One map and its class.

    Attributes
    ----------
    x
        Inputs, shape ``(V, C)``, float32, finite everywhere.
    y
        Class of the whole map; a ``DataLoader`` makes an int64 tensor of them.
    """

    x: Tensor
    y: int


class ClassificationDataset(MapDataset[ClassificationSample]):
    """Maps on one sampling, each with a class of its own.

    Its attributes are those of :class:`SegmentationDataset`, without ``labelled``.
    """


class RotatedMaps(MapDataset[Sample_co]):
    """Maps that are not rotated, rotated alike, or rotated at random each.

    Random numbers depend on ``seed`` and a key that contains the index of the map.
    """

    rotate: bool | Rotation
    seed: int

    def rotation(self, index: int) -> FloatArray:
        """Return the rotation matrix R of map ``index``, shape ``(3, 3)``."""
        index = self._check_index(index)
        if isinstance(self.rotate, Rotation):
            return self.rotate.as_matrix()
        if not self.rotate:
            return np.eye(3)
        return Rotation.from_quat(self._quaternion(index)).as_matrix()

    def _quaternion(self, index: int) -> FloatArray:
        """Draw a normal vector: its direction is a uniform unit quaternion."""
        return self._generator(*self._rotation_key(index)).normal(size=4)

    def _rotation_key(self, index: int) -> tuple[int, int]:
        return (index, 1)

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


def checked_rotation(rotate: bool | Rotation) -> bool | Rotation:
    """Return ``rotate`` if it is a boolean or one rotation.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If there are several rotations.
    """
    if isinstance(rotate, Rotation):
        if not rotate.single:
            raise ValueError(
                f"rotate must be one rotation for all maps, got {len(rotate)}; "
                "pass True for a random rotation of each map, or rotations[i]"
            )
        return rotate
    if isinstance(rotate, bool | np.bool_):
        return bool(rotate)
    raise TypeError(
        f"rotate must be True, False or a scipy Rotation, got {type(rotate).__name__}; "
        "make one with scipy.spatial.transform.Rotation.from_euler"
    )
