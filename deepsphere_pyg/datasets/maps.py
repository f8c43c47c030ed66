"""Base of all data sets of maps."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, TypeVar

from torch.utils.data import Dataset

from samplings import Sampling

Sample_co = TypeVar("Sample_co", covariant=True)


class MapDataset(Dataset[Sample_co], ABC):
    """Maps on one sampling.

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
        """Return ``index`` as an int, or raise ``IndexError``."""
        number = operator.index(index)
        if number in range(len(self)):
            return number
        raise IndexError(
            f"{self.item} {number} does not exist: the data set has {len(self)} "
            f"{self.item}s, numbered 0 to {len(self) - 1}"
        )
