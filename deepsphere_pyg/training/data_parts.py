"""Splits of samples into parts for training, validation and test."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from deepsphere_pyg.datasets.field_maps import FieldMaps
from deepsphere_pyg.datasets.netcdf.locations import GRIB, is_url
from deepsphere_pyg.datasets.sample_parts import SamplePart
from deepsphere_pyg.datasets.splits import held_out_vertices
from samplings import Sampling
from samplings.arguments import counted, kind_of, shown
from samplings.arrays import IntArray

_ENDINGS = (".nc", ".nc4", ".zarr", ".h5", ".hdf5", ".fits", ".gz", ".zip", *GRIB)
#: Names of the parts, in the order of time.
PARTS = ("train", "validation", "test")


def is_source(given: Any) -> bool:
    """Whether a part is given as other data: a data set, xarray data or a path."""
    if isinstance(given, Dataset | os.PathLike) or hasattr(given, "data_vars"):
        return True
    if isinstance(given, list | tuple):
        return bool(given) and all(is_source(one) for one in given)
    return isinstance(given, str) and (
        is_url(given)
        or glob.has_magic(given)
        or os.path.exists(given)
        or Path(given).suffix.lower() in _ENDINGS
    )


def is_share(given: Any) -> bool:
    """Whether a part is given as a share of the samples or of the area."""
    number = isinstance(given, int | float | np.integer | np.floating)
    return number and not isinstance(given, bool | np.bool_)


def checked_share(name: str, share: Any) -> float:
    """Return a share if it is between 0 and 1."""
    if not 0 < float(share) < 1:
        raise ValueError(
            f"{name} must be a share between 0 and 1, got {share}; pass 0.2, samples "
            "such as {'time': '1990/1999'}, or other data"
        )
    return float(share)


def position_along(data: Any, by: str) -> IntArray:
    """Return the position of each sample along a sample dimension, from 0."""
    if not isinstance(data, FieldMaps):
        if by != "time":
            raise ValueError(
                f"by={by!r} needs samples with coordinates, got {kind_of(data)}; pass "
                "FieldMaps, or leave by out for consecutive parts"
            )
        return np.arange(len(data))
    if not data.sample_dims:
        return np.zeros(len(data), dtype=np.int64)
    if by != "time":
        return data.positions(by)
    dim = time_dim(data)
    return _time_order(data, dim)[data.positions(dim)]


def _time_order(data: FieldMaps, dim: str) -> IntArray:
    """Return the rank in time of each position along a dimension of the files.

    Files may hold their times in any order.
    """
    dataset = data.source.dataset
    positions = np.arange(int(dataset.sizes[dim]), dtype=np.int64)
    if dim not in dataset.coords:
        return positions
    values = dataset[dim].to_numpy()
    if values.dtype.kind not in "iufmM" and not hasattr(values.flat[0], "calendar"):
        return positions
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def time_dim(data: FieldMaps) -> str:
    """Return the sample dimension of dates, else the last one."""
    coords = data.sample_coords
    for dim in data.sample_dims:
        values = coords[dim].to_numpy()
        if values.dtype.kind == "M" or hasattr(values.flat[0], "calendar"):
            return dim
    return "time" if "time" in data.sample_dims else data.sample_dims[-1]


def selected(data: Any, name: str, wanted: Any) -> IntArray:
    """Return the indices of the samples that a part names."""
    if isinstance(data, FieldMaps):
        if isinstance(wanted, str | slice):
            wanted = {time_dim(data): wanted}
        if isinstance(wanted, Mapping):
            return data.matching(wanted)
    elif isinstance(wanted, range | np.ndarray) or (
        isinstance(wanted, list | tuple)
        and all(isinstance(i, int | np.integer) for i in wanted)
    ):
        indices = np.asarray(wanted, dtype=np.int64)
        if len(indices) and 0 <= indices.min() and indices.max() < len(data):
            return indices
        raise ValueError(
            f"{name} must be indices from 0 to {len(data) - 1}, at least one, got "
            f"{shown(wanted)}"
        )
    share = "" if name in ("train", "predict") else "a share, "
    raise TypeError(
        f"{name} must be {share}samples such as {{'time': '1990/1999'}}, or other "
        f"data, got {shown(wanted)}"
        + ("" if isinstance(data, FieldMaps) else "; of arrays, pass indices")
    )


def split_samples(
    data: Any, given: Mapping[str, Any], by: str, gap: int
) -> dict[str, IntArray]:
    """Return the indices of the samples of each part that is taken from ``data``.

    Parts given by a share are the last steps along the dimension ``by``, for testing
    the very last. Without ``train``, all other samples are trained on. Samples within
    ``gap`` steps of a held-out sample are left out of the training part, and those near
    a test sample out of the validation part.
    """
    position = position_along(data, by)
    parts = {
        name: selected(data, name, one)
        for name, one in given.items()
        if not (one is None or is_source(one) or (name != "train" and is_share(one)))
    }
    taken = np.concatenate([*parts.values(), np.array([], dtype=np.int64)])
    free = np.setdiff1d(np.arange(len(data)), taken)
    steps = np.unique(position[free])
    total = len(steps)
    for name in ("test", "validation"):
        share = given.get(name)
        if share is None or not is_share(share):
            continue
        count = max(1, round(checked_share(name, share) * total))
        if count >= len(steps):
            are = "is" if total == 1 else "are"
            raise ValueError(
                f"{counted(total, 'step', 'steps')} along {by} {are} "
                "too few to train, validate and test on: "
                f"{name}={share} takes {count} of the {len(steps)} that are left; pass "
                "more samples, smaller shares, or other data for a part, or hold out "
                "blocks of the area (by='area', --by area)"
            )
        last, steps = steps[-count:], steps[:-count]
        parts[name] = free[np.isin(position[free], last)]
    if given.get("train") is None:
        parts["train"] = free[np.isin(position[free], steps)]
    _refuse_shared(parts)
    if gap:
        for name, others in (("validation", ["test"]), ("train", PARTS[1:])):
            held = [position[parts[other]] for other in others if other in parts]
            if name in parts and held:
                near = _near(position[parts[name]], np.concatenate(held), gap)
                parts[name] = parts[name][~near]
    for name, indices in parts.items():
        if not len(indices):
            raise ValueError(
                f"no sample is left for {name}; pass a smaller gap, or other parts"
            )
    return parts


def _near(position: IntArray, held: IntArray, gap: int) -> Any:
    """Where a position is at most ``gap`` from one that is held out."""
    held = np.unique(held)
    after = np.searchsorted(held, position)
    below = held[np.maximum(after - 1, 0)]
    above = held[np.minimum(after, len(held) - 1)]
    return (abs(position - below) <= gap) | (abs(position - above) <= gap)


def _refuse_shared(parts: Mapping[str, IntArray]) -> None:
    names = list(parts)
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            both = np.intersect1d(parts[name], parts[other])
            if len(both):
                raise ValueError(
                    f"{len(both)} samples are in both {name} and {other}, the first "
                    f"of index {both[0]}; select parts that do not overlap"
                )


def split_area(
    data: Any, given: Mapping[str, Any], block_degrees: float, seed: int
) -> dict[str, SamplePart]:
    """Return all samples, with the targets of blocks of area in each part."""
    sampling = getattr(data, "sampling", None)
    if not isinstance(sampling, Sampling) or getattr(data, "global_target", False):
        raise ValueError(
            "by='area' splits targets at vertices of a sampling, but these data have "
            "one target per sample or no sampling; use by='time'"
        )
    for name in PARTS:
        if given[name] is not None and (name == "train" or not is_share(given[name])):
            raise ValueError(
                f"by='area' takes shares of the area for validation and test, got "
                f"{name}={shown(given[name])}; pass numbers such as validation=0.2"
            )
    free = np.ones(len(sampling), dtype=bool)
    rest, keeps = 1.0, {}
    for name in ("test", "validation"):
        if given[name] is not None:
            share = checked_share(name, given[name])
            if share >= rest:
                raise ValueError(
                    "the shares of validation and test must add up to less than 1, got "
                    f"{given['validation']} and {given['test']}"
                )
            index = np.flatnonzero(free)
            part = sampling[free] if len(index) < len(free) else sampling
            found = held_out_vertices(part, share / rest, block_degrees, seed)
            keeps[name] = np.zeros(len(sampling), dtype=bool)
            keeps[name][index[found]] = True
            free &= ~keeps[name]
            rest -= share
    keeps["train"] = free
    every = np.arange(len(data))
    return {name: SamplePart(data, every, keep) for name, keep in keeps.items()}
