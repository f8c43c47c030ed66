"""Base of segmentation data sets, and the statistics that training needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.datasets.fill_values import FILES_REMEDY, FillValues
from deepsphere_pyg.datasets.maps import MapDataset
from samplings.arguments import instance_argument, integer_argument
from samplings.missing_values import missing_values, native, without_missing


class SegmentationSample(NamedTuple):
    """One map: inputs, classes, and which vertices count.

    Attributes
    ----------
    x
        Inputs, shape ``(V, C)``, float32, finite everywhere.
    y
        Class of each vertex, shape ``(V,)``, int64; 0 where masked.
    mask
        True where the label and all inputs are valid, shape ``(V,)``, bool.
    """

    x: Tensor
    y: Tensor
    mask: Tensor


class SegmentationDataset(MapDataset[SegmentationSample]):
    """Maps on one sampling, each vertex with inputs and a class.

    Subclasses set the attributes and define ``__len__`` and ``__getitem__``;
    :func:`segmentation_sample` turns arrays with missing values into a sample.

    Attributes
    ----------
    sampling, channel_names, class_names
        The points, the same for every map, and one name each for the input channels and
        the classes; class 0 is the background.
    labelled
        False if the classes of the samples are placeholders.
    """

    labelled: bool = True


def dataset_argument(dataset: SegmentationDataset) -> SegmentationDataset:
    """Return ``dataset`` if it is a segmentation data set."""
    remedy = "pass one such as ClimateEvents(HEALPix(32), 10)"
    return instance_argument("dataset", dataset, SegmentationDataset, remedy)


def boolean_mask(name: str, mask: npt.ArrayLike, n: int) -> npt.NDArray[np.bool_]:
    """Return a mask of ``n`` vertices as an array.

    Raises
    ------
    TypeError
        If it is not boolean: as numbers, NaN and 2 would count as True.
    ValueError
        If its shape is not ``(n,)``.
    """
    array = np.asarray(mask)
    if array.dtype != np.bool_:
        raise TypeError(
            f"{name} must be boolean, True where a vertex counts, got {array.dtype}; "
            "compare it, as in values > 0"
        )
    if array.shape != (n,):
        raise ValueError(
            f"{name} must have one value per vertex, shape ({n},), got {array.shape}"
        )
    return array


def segmentation_sample(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    n_classes: int,
    mask: npt.ArrayLike | None = None,
) -> SegmentationSample:
    """Make a sample from arrays that may have missing values.

    A vertex counts if ``mask`` is True there, and its label and all its inputs are
    known. Inputs that are not finite become the mean of their channel over the vertices
    that count, or zero if no vertex counts; labels that do not count become 0.

    Parameters
    ----------
    x
        Inputs, shape ``(V, C)``. Missing values are recognised by
        :func:`samplings.missing_values.missing_values`.
    y
        Classes, shape ``(V,)``, integers from 0 to ``n_classes - 1`` where they count.
    n_classes
        Number of classes.
    mask
        True where the label is valid, shape ``(V,)``; everywhere by default.

    Raises
    ------
    TypeError
        If the mask is not boolean.
    ValueError
        If shapes do not fit, or a label that counts is not a class.

    Examples
    --------
    >>> sample = segmentation_sample([[1.0], [float("nan")], [3.0]], [0, 1, 1], 2)
    >>> sample.x.T, sample.y, sample.mask
    (tensor([[1., 2., 3.]]), tensor([0, 0, 1]), tensor([ True, False,  True]))
    """
    n_classes = integer_argument("n_classes", n_classes, 1)
    native(x, "x")
    # Values that overflow float32 become infinity, which is missing too.
    with np.errstate(over="ignore"):
        inputs = np.array(without_missing(x), dtype=np.float32)
    if inputs.ndim != 2:
        raise ValueError(f"x must have shape (V, C), got {inputs.shape}")
    labels = native(y, "y")
    if labels.shape != inputs.shape[:1]:
        raise ValueError(
            f"y must have one class per vertex, shape {inputs.shape[:1]}, "
            f"got {labels.shape}"
        )
    finite = np.isfinite(inputs)
    valid = finite.all(axis=1)
    if mask is not None:
        valid &= boolean_mask("mask", mask, len(labels))
    valid &= ~missing_values(y)
    counted = labels[valid]
    wrong = (counted < 0) | (counted >= n_classes) | (counted != np.floor(counted))
    if wrong.any():
        raise ValueError(
            f"labels must be integers from 0 to {n_classes - 1}, "
            f"got {counted[wrong][0]} at vertex {np.flatnonzero(valid)[wrong][0]}; "
            "mask out the vertices without a class"
        )
    if not finite.all():
        means = inputs[valid].mean(axis=0, dtype=np.float64) if valid.any() else 0.0
        inputs = np.where(finite, inputs, means).astype(np.float32)
    classes = np.where(valid, labels, 0).astype(np.int64)
    return SegmentationSample(
        torch.from_numpy(inputs), torch.from_numpy(classes), torch.from_numpy(valid)
    )


def input_statistics(
    dataset: SegmentationDataset, limit: int | None = None
) -> tuple[Tensor, Tensor]:
    r"""Compute the area-weighted mean and standard deviation of each channel.

    .. math:: \mu = \frac{\sum_{n,i} m_{ni} a_i x_{ni}}{\sum_{n,i} m_{ni} a_i}, \quad
        \sigma^2 = \frac{\sum_{n,i} m_{ni} a_i (x_{ni} - \mu)^2}{\sum_{n,i} m_{ni} a_i}

    Parameters
    ----------
    dataset
        Maps n with masks m on a sampling with cell areas a.
    limit
        Use at most this many maps, evenly spaced; all by default.

    Returns
    -------
    tuple of Tensor
        Mean and standard deviation, shape ``(C,)``, float64, in the channels' units.
        The standard deviation of a constant channel is zero.

    Warns
    -----
    FillValueWarning
        If a channel seems to hold marks of missing values, such as -9999.

    Raises
    ------
    ValueError
        If no vertex of the maps is valid, or ``limit`` is below one.
    """
    area = torch.from_numpy(np.array(dataset_argument(dataset).sampling.weights))
    found = FillValues()

    def parts() -> Iterator[tuple[Tensor, Tensor]]:
        for sample in _maps(dataset, limit):
            found.add(sample.x, sample.mask)
            yield sample.x, area * sample.mask

    result = channel_statistics(parts())
    found.warn("the data set", dataset.channel_names, FILES_REMEDY)
    return result


def channel_statistics(parts: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Compute the weighted mean and standard deviation of each channel.

    Parameters
    ----------
    parts
        Values ``(n, C)`` and their weights ``(n,)``, part by part.

    Returns
    -------
    tuple of Tensor
        As for :func:`input_statistics`.

    Raises
    ------
    ValueError
        If all weights are zero.
    """
    moments = RunningMoments()
    for values, weights in parts:
        moments.add(values, weights)
    return moments.result()


class RunningMoments:
    """Weighted mean and standard deviation of each channel, added part by part."""

    def __init__(self) -> None:
        self.total: Tensor = torch.zeros((), dtype=torch.float64)
        self.mean: Tensor = torch.zeros((), dtype=torch.float64)
        self.squares: Tensor = torch.zeros((), dtype=torch.float64)

    def add(self, values: Tensor, weights: Tensor) -> None:
        """Add values ``(n, C)`` of weights ``(n,)``."""
        if not (part := weights.sum()) > 0:
            return
        x = values.double()
        part_mean = weights @ x / part
        # Merge centred sums (Chan et al.): the plain sum of squares would cancel for
        # pressures, whose mean is a hundred times their spread.
        difference = part_mean - self.mean
        total = self.total
        self.squares = self.squares + weights @ (x - part_mean) ** 2
        self.squares = self.squares + difference**2 * (total * part / (total + part))
        self.mean = self.mean + difference * (part / (total + part))
        self.total = total + part

    def result(self) -> tuple[Tensor, Tensor]:
        """Return means and deviations; without weights, raise ``ValueError``."""
        _require_area(self.total)
        return self.mean, (self.squares / self.total).sqrt()


def class_shares(dataset: SegmentationDataset, limit: int | None = None) -> Tensor:
    """Compute the share of each class in the valid area.

    Parameters and errors are those of :func:`input_statistics`.

    Returns
    -------
    Tensor
        Shares, shape ``(n_classes,)``, float64, which sum to one.
    """
    area = torch.from_numpy(np.array(dataset_argument(dataset).sampling.weights))
    shares = torch.zeros(len(dataset.class_names), dtype=torch.float64)
    for sample in _maps(dataset, limit):
        shares.index_add_(0, sample.y, area * sample.mask)
    _require_area(shares.sum())
    return shares / shares.sum()


def _maps(
    dataset: SegmentationDataset, limit: int | None
) -> Iterator[SegmentationSample]:
    """Go through at most ``limit`` maps, evenly spaced over the data set."""
    count = len(dataset)
    if limit is not None:
        count = min(integer_argument("limit", limit, 1), count)
    return (dataset[i * len(dataset) // count] for i in range(count))


def _require_area(area: Tensor) -> None:
    if not area > 0:
        raise ValueError(
            "the maps have no valid vertex: every label or input is masked; "
            "check the names of the variables and the codes of missing values"
        )
