"""Loaders of training, validation, test and prediction, with their statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytorch_lightning as pl
from torch.utils.data import DataLoader, Dataset, Sampler

from deepsphere_pyg.datasets.field_maps import BlockShuffle, FieldMaps
from deepsphere_pyg.datasets.sample_parts import SamplePart
from deepsphere_pyg.training.data_parts import (
    is_source,
    selected,
    split_area,
    split_samples,
)
from deepsphere_pyg.training.data_statistics import Statistics, sample_statistics
from deepsphere_pyg.training.samplers import EpochBlocks, EpochShuffle, InOrder
from samplings import Sampling
from samplings.arguments import integer_argument, kind_of, number_argument


class SphereDataModule(pl.LightningDataModule):
    """Samples for training, validation, test and prediction.

    ================================  =================================================
    split                             arguments
    ================================  =================================================
    consecutive parts of time         ``validation=0.2, test=0.1, gap=5``
    members of an ensemble            ``by="member", validation=0.25``, or
                                      ``validation={"member": [68, 69]}``
    blocks of area                    ``by="area", validation=0.2``
    ranges of time                    ``train="1890/1959", validation="1960/1979",
                                      test="1980/1999"``
    files                             ``SphereDataModule("train.nc",
                                      validation="validation.nc")``
    ================================  =================================================

    Parameters
    ----------
    data
        A data set such as :class:`FieldMaps`, or what makes one together with
        ``options``: a path, a pattern, or xarray data.
    train, validation, test
        A share of the samples or of the area (not for ``train``); coordinates of
        samples, such as ``{"member": [57, 59]}``, or a range of time as text; indices,
        for data sets without coordinates; or other data. Without ``train``, all other
        samples are trained on.
    predict
        Samples to predict, likewise; by default all.
    by
        ``"time"`` for consecutive parts, the last for testing; the name of another
        sample dimension; or ``"area"`` for blocks of vertices.
    gap
        Steps along ``by`` that are left out on both sides of held-out samples, since
        neighbours in time are similar.
    block_degrees
        Width of the blocks of area in degree.
    batch_size
        Samples per batch, in each process.
    n_workers
        Processes that read samples; 0 reads them in the process that trains. Each
        opens the files itself and has a cache of its own. The order of samples that do
        not fit into the cache depends on this number, since workers read blocks of
        their own.
    seed
        Seed of the order of the samples and of the blocks of area.
    **options
        Options of :class:`FieldMaps`, for data that are not a data set.

    Raises
    ------
    TypeError
        If an argument has another type, or options are given for a data set.
    ValueError
        If a part would be empty, parts overlap, or other data have other channels.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> from samplings import HEALPix
    >>> module = SphereDataModule(ClimateEvents(HEALPix(4), 10), validation=0.2, gap=1)
    >>> len(module.parts["train"]), len(module.parts["validation"])
    (7, 2)
    >>> next(iter(module.train_dataloader())).x.shape
    torch.Size([4, 192, 16])
    """

    def __init__(
        self,
        data: Any,
        *,
        train: Any = None,
        validation: Any = 0.2,
        test: Any = None,
        predict: Any = None,
        by: str = "time",
        gap: int = 0,
        block_degrees: float = 15.0,
        batch_size: int = 4,
        n_workers: int = 0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__()
        self.batch_size = integer_argument("batch_size", batch_size, 1)
        self.n_workers = integer_argument("n_workers", n_workers, 0)
        self.seed = integer_argument("seed", seed, 0)
        gap = integer_argument("gap", gap, 0)
        width = number_argument(
            "block_degrees", block_degrees, "pass a width in degree"
        )
        if not isinstance(by, str):
            raise TypeError(
                f"by must be 'time', 'area' or the name of a sample dimension, got "
                f"{kind_of(by)}; pass one of them"
            )
        self.data = _opened("data", data, options)
        given = {"train": train, "validation": validation, "test": test}
        self.parts: dict[str, SamplePart] = {}
        if by == "area":
            self.parts = split_area(self.data, given, width, self.seed)
        else:
            found = split_samples(self.data, given, by, gap)
            self.parts = {n: SamplePart(self.data, i) for n, i in found.items()}
        for name, one in {**given, "predict": predict}.items():
            if is_source(one):
                self.parts[name] = self._other(name, one, options)
        if predict is None:
            self.parts["predict"] = SamplePart(self.data, np.arange(len(self.data)))
        elif "predict" not in self.parts:
            indices = selected(self.data, "predict", predict)
            self.parts["predict"] = SamplePart(self.data, indices)
        self._statistics: Statistics | None = None

    def _other(self, name: str, given: Any, options: Mapping[str, Any]) -> SamplePart:
        """Return other data as a part, on the sampling of the data."""
        if isinstance(given, Dataset):
            other = given
        else:
            own: dict[str, Any] = dict(options)
            if isinstance(self.data, FieldMaps):
                own["sampling"] = self.data.sampling
            if name == "predict" and not isinstance(given, Dataset):
                own = {k: v for k, v in own.items() if k in _WITHOUT_TARGETS}
                if isinstance(self.data, FieldMaps) and own.get("inputs") is None:
                    own["inputs"] = list(self.data.channel_names)
            other = FieldMaps(given, **own)
        for what in ("channel_names", "class_names", "target_names"):
            wanted = getattr(self.data, what, None)
            found = getattr(other, what, None)
            if name == "predict" and what != "channel_names":
                continue
            if wanted != found:
                raise ValueError(
                    f"{name} must have the {what.replace('_', ' ')} of the data, "
                    f"{wanted}, got {found}; name the same variables and classes"
                )
        return SamplePart(other, np.arange(len(other)))  # type: ignore[arg-type]

    # -- what the samples are ---------------------------------------------------------
    @property
    def sampling(self) -> Sampling | None:
        """Where the vertices are; None if the data set does not tell."""
        return getattr(self.data, "sampling", None)

    @property
    def global_target(self) -> bool:
        """Whether there is one target per sample."""
        return bool(getattr(self.data, "global_target", _is_global(self._first)))

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for numbers."""
        found = getattr(self.data, "n_classes", None)
        return len(self.class_names) if found is None else int(found)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; numbers where the data set has no names."""
        names = getattr(self.data, "class_names", None)
        if names is None:
            names = map(str, range(getattr(self.data, "n_classes", 0)))
        return tuple(names)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the inputs; numbers where the data set has no names."""
        found = getattr(self.data, "channel_names", None)
        return tuple(map(str, range(self.in_channels)) if found is None else found)

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of numbers to predict; numbers where the data set has no names."""
        found = getattr(self.data, "target_names", None)
        return tuple(map(str, range(self.out_channels)) if found is None else found)

    @property
    def in_channels(self) -> int:
        """Number of inputs."""
        return int(self._first.x.shape[-1])

    @property
    def out_channels(self) -> int:
        """Number of outputs of a network: of numbers or of classes."""
        return self.n_classes or int(self._first.y.shape[-1])

    @property
    def n_vertices(self) -> int:
        """Number of vertices of a map."""
        return int(self._first.x.shape[0])

    @property
    def _first(self) -> Any:
        sample: Any = self.parts["train"][0]
        if not hasattr(sample, "y"):
            raise ValueError("the data have no targets to train on; name targets=")
        return sample

    # -- loaders ----------------------------------------------------------------------
    def train_dataloader(self) -> DataLoader[Any]:
        """Batches to train on, in an order that depends on the seed and the epoch."""
        return self._loader("train", self._order(self.parts["train"]))

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Batches to validate on, in order; an empty list without such a part."""
        return self._loader("validation") if "validation" in self.parts else []

    def test_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Batches to test on, in order; an empty list without such a part."""
        return self._loader("test") if "test" in self.parts else []

    def predict_dataloader(self) -> DataLoader[Any]:
        """Batches to predict, in order."""
        return self._loader("predict")

    def _loader(self, name: str, order: Sampler[int] | None = None) -> DataLoader[Any]:
        part = self.parts[name]
        return DataLoader(
            part,
            self.batch_size,
            sampler=InOrder(len(part)) if order is None else order,
            num_workers=self.n_workers,
            persistent_workers=self.n_workers > 0,
        )

    def _order(self, part: SamplePart) -> Sampler[int]:
        blocks = part.blocks
        if blocks is not None:
            in_memory = part.dataset.blocks_in_memory
            # Where all blocks fit into memory, samples are shuffled freely.
            if in_memory < len(np.unique(blocks)) < len(blocks):
                shuffle = BlockShuffle(
                    blocks, in_memory, self.seed, n_workers=self.n_workers
                )
                return EpochBlocks(shuffle, self.batch_size)
        return EpochShuffle(len(part), self.seed, self.batch_size)

    # -- statistics -------------------------------------------------------------------
    @property
    def statistics(self) -> Statistics:
        """Means and standard deviations of the training part, computed on first use.

        All samples are read once, block by block.
        """
        if self._statistics is None:
            area = None if self.sampling is None else self.sampling.weights
            numbers = not self.n_classes
            self._statistics = sample_statistics(self.parts["train"], area, numbers)
        return self._statistics


def _is_global(sample: Any) -> bool:
    """Whether a sample has one target, by its shape."""
    return np.ndim(sample.y) == 0 or not hasattr(sample, "mask")


# Options of FieldMaps that do not concern targets.
_WITHOUT_TARGETS = (
    "inputs",
    "sampling",
    "select",
    "sample_dims",
    "regrid",
    "cache_bytes",
)


def _opened(name: str, data: Any, options: Mapping[str, Any]) -> Any:
    """Return a data set, made with the options unless it is one."""
    if not isinstance(data, Dataset):
        return FieldMaps(data, **options)
    if options:
        raise TypeError(
            f"{', '.join(options)} are options to open files with, but {name} is a "
            "data set already; leave them out"
        )
    return data
