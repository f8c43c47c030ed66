"""Maps that are read or made once."""

from __future__ import annotations

from deepsphere_pyg.datasets.base import SegmentationDataset, SegmentationSample


class CachedMaps(SegmentationDataset):
    """Keep the maps of a data set in memory once they have been asked for.

    Parameters
    ----------
    dataset
        The maps. They must not change, nor their tensors in place.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> from samplings import HEALPix
    >>> maps = CachedMaps(ClimateEvents(HEALPix(2), 3))
    >>> maps[0] is maps[0], maps.n_bytes
    (True, 10512)
    """

    def __init__(self, dataset: SegmentationDataset) -> None:
        self.dataset = dataset
        self.sampling = dataset.sampling
        self.channel_names = dataset.channel_names
        self.class_names = dataset.class_names
        self._kept: dict[int, SegmentationSample] = {}

    @property
    def n_bytes(self) -> int:
        """Memory that all maps take: float32 inputs, int64 labels, boolean masks."""
        per_vertex = 4 * len(self.channel_names) + 8 + 1
        return len(self.dataset) * len(self.sampling) * per_vertex

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Map ``index``, the same object each time."""
        index = self._check_index(index)
        if index not in self._kept:
            self._kept[index] = self.dataset[index]
        return self._kept[index]
