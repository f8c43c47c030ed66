"""Training, validation and test maps."""

from __future__ import annotations

from dataclasses import dataclass

from deepsphere_pyg.datasets import SegmentationDataset, SelectedMaps


@dataclass(frozen=True)
class Splits:
    """Training, validation and test maps, and their description."""

    train: SegmentationDataset
    validation: SegmentationDataset
    test: SegmentationDataset
    description: str
    test_name: str


def cut(maps: SegmentationDataset, *sizes: int) -> list[SegmentationDataset]:
    """Cut a data set into consecutive parts, because maps near in time are similar.

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
