"""What a data set is whose maps have one class each."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from torch import Tensor
from torch.utils.data import Dataset

from samplings import Sampling


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


class ClassificationDataset(Dataset[ClassificationSample], ABC):
    """Maps on one sampling, each with a class of its own.

    Attributes
    ----------
    sampling
        Where the vertices are, the same for every map.
    channel_names
        One name an input channel.
    class_names
        One name a class.
    """

    sampling: Sampling
    channel_names: tuple[str, ...]
    class_names: tuple[str, ...]
    # What messages call one of them.
    item: ClassVar[str] = "map"

    @abstractmethod
    def __len__(self) -> int:
        """Number of maps."""

    @abstractmethod
    def __getitem__(self, index: int) -> ClassificationSample:
        """Map ``index``, from 0 to ``len(self) - 1``."""

    def __iter__(self) -> Iterator[ClassificationSample]:
        """Go through the maps in order."""
        return map(self.__getitem__, range(len(self)))

    def _check_index(self, index: int) -> int:
        """Return ``index`` as an int, or raise ``IndexError``."""
        number = operator.index(index)
        if number in range(len(self)):
            return number
        raise IndexError(
            f"{self.item} {number} does not exist: the data set has {len(self)} "
            f"{self.item}s, numbered 0 to {len(self) - 1}"
        )
