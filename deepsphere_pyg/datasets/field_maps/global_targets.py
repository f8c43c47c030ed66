"""Targets of whole samples: numbers or a class."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.field_maps.class_options import (
    ClassOptions,
    Kind,
    hold_classes,
)
from deepsphere_pyg.datasets.field_maps.matching import matched_steps
from deepsphere_pyg.datasets.field_maps.sample_axes import SampleAxes
from deepsphere_pyg.datasets.field_maps.time_targets import is_component, time_values
from deepsphere_pyg.datasets.netcdf.class_table import ClassTable
from deepsphere_pyg.datasets.netcdf.label_codes import refuse_fields
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from samplings.missing_values import without_missing


@dataclass(frozen=True, eq=False)
class GlobalTargets:
    """One number or class per sample.

    Attributes
    ----------
    names, units
        One per target.
    values
        Numbers ``(*sizes, C)`` float64, or classes ``(*sizes,)`` int64, along the
        sample dimensions.
    table
        Classes of the codes, or None for numbers.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: npt.NDArray[Any]
    table: ClassTable | None


def is_global(source: XarraySource, name: str, axes: SampleAxes) -> bool:
    """Whether a target is one value per sample, and not a map."""
    dataset = source.dataset
    if is_component(dataset, name):
        return True
    if name not in dataset.variables:
        return False
    return set(map(str, dataset[name].dims)) <= set(axes.dims)


def global_targets(
    source: XarraySource,
    names: Sequence[str],
    axes: SampleAxes,
    inputs: XarraySource,
    kind: Kind,
    options: ClassOptions,
) -> GlobalTargets:
    """Return the targets of whole samples."""
    dataset = source.dataset
    arrays, units, sizes = [], [], axes.sizes
    for name in names:
        computed = is_component(dataset, name)
        array = time_values(dataset, name) if computed else dataset[name]
        if array.dtype.kind not in "biuf":
            raise ValueError(
                f"{source.name}: {name} must hold numbers to be a target, got "
                f"{array.dtype}; of a time, pass a part such as '{name}.year' or "
                f"'{name}.dayofyear'"
            )
        along = [dim for dim in axes.dims if dim in array.dims]
        values = array.transpose(*along).to_numpy()
        values = without_missing(values, array.attrs, array.encoding)
        for axis, dim in enumerate(along):
            if source is not inputs:
                steps = matched_steps(source, inputs, axes, dim)
                values = np.take(values, np.maximum(steps, 0), axis=axis)
        shape = [n if d in along else 1 for d, n in zip(axes.dims, sizes, strict=True)]
        arrays.append(np.broadcast_to(values.reshape(shape), sizes))
        units.append(str(array.attrs.get("units", "")))
    stacked = np.stack([one.astype(np.float64) for one in arrays], axis=-1)
    of_samples = stacked[tuple(axes.samples.T)]
    if np.isnan(of_samples).any():
        bad = itertools.compress(names, np.isnan(of_samples).any(axis=0))
        raise ValueError(
            f"{source.name}: {next(bad)} is missing for "
            f"{int(np.isnan(of_samples).any(axis=1).sum())} of {len(axes)} samples, "
            "and a target of a whole sample cannot be masked; select the samples that "
            "have one with select="
        )
    counted = [dataset[name] for name in names if not is_component(dataset, name)]
    as_classes = kind == "classes" or (
        len(counted) == len(names) and hold_classes(kind, counted)
    )
    if not as_classes:
        return GlobalTargets(tuple(names), tuple(units), stacked, None)
    if len(names) != 1:
        raise ValueError(
            f"the class of a sample is a single target, got {len(names)}: "
            f"{', '.join(names)}; name one, or pass target_kind='numbers'"
        )
    what = f"{source.name}: {names[0]}"
    codes, counts = np.unique(of_samples, return_counts=True)
    refuse_fields(what, codes.tolist())
    shares = options.given() or dict(
        zip(codes.tolist(), map(float, counts.tolist()), strict=True)
    )
    attributes = counted[0].attrs if counted else {}
    table = options.table(shares, attributes, what)
    classes = np.full(sizes, -1, dtype=np.int64)
    at = tuple(axes.samples.T)
    classes[at] = table.apply(of_samples[:, 0])
    if (classes[at] < 0).any():
        raise ValueError(
            f"{what}: samples of rare classes cannot be masked; give them a name with "
            "rare_label, or leave them out with select="
        )
    return GlobalTargets(tuple(names), tuple(units), classes, table)
