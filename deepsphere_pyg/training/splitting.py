"""Maps to learn from, to choose by and to report on."""

from __future__ import annotations

from dataclasses import dataclass

from deepsphere_pyg.datasets import SegmentationDataset, SelectedMaps


@dataclass(frozen=True)
class Splits:
    """Maps to train on, to choose the best weights by, and to report on."""

    train: SegmentationDataset
    validation: SegmentationDataset
    test: SegmentationDataset
    description: str
    test_name: str


def cut(maps: SegmentationDataset, *sizes: int) -> list[SegmentationDataset]:
    """Consecutive parts of a data set: maps near in time are alike.

    Raises
    ------
    ValueError
        If a part would be empty.
    """
    if min(sizes) < 1:
        raise ValueError(
            f"{len(maps)} maps are too few to train, validate and test on; "
            "add files, or hold out pixels where the data allow it"
        )
    parts: list[SegmentationDataset] = []
    start = 0
    for size in sizes:
        parts.append(SelectedMaps(maps, range(start, start + size)))
        start += size
    return parts
