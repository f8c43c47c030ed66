"""Several files joined to one data set: years, variables, levels or members apart."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.netcdf.coordinates import coordinate_keys
from deepsphere_pyg.datasets.netcdf.unfit_files import refuse_unaligned, refuse_unfit
from samplings.reading import DataFileError

# Files that a data set was opened from, for messages.
Opened = tuple[str, Any]


def joined(opened: Sequence[Opened]) -> Any:
    """Join open data sets by their coordinates.

    Variables of different names lie side by side, and files of the same variable follow
    each other along the dimension whose coordinates differ, such as time. Two layouts
    of weather files need more than that:

    - A coordinate of a single value that differs between files, as the ``level`` of
      ``geopotential_500`` and ``temperature_850`` in WeatherBench, or the member or
      the time of files that have one each. It becomes a dimension if files with the
      same variable differ by it, and is dropped if each variable has one value.
    - Names of features along a dimension, as those of the stores ``dynamic.zarr`` and
      ``bc.zarr`` of deepsphere-weather, which have no order: they follow each other.

    Parameters
    ----------
    opened
        Path and data set of each file.

    Returns
    -------
    xarray.Dataset
        Loaded when it is read, as the given ones.

    Raises
    ------
    DataFileError
        If files overlap, lie on different grids, or lack members or levels that others
        have.
    """
    xarray = climate_module("xarray")
    seen: set[str] = set()
    for path, _ in opened:
        if path in seen:
            raise DataFileError(f"{path} is given twice; name each file once")
        seen.add(path)
    parts = _with_features([*_with_scalars(opened)])
    refuse_unfit(parts)
    try:
        return xarray.combine_by_coords(
            [data for _, data in parts],
            data_vars="minimal",
            coords="minimal",
            compat="no_conflicts",
            join="exact",
            combine_attrs="override",
        )
    except ValueError as error:
        refuse_unaligned(parts)
        raise DataFileError(
            f"{_named(parts)} cannot be joined by their coordinates: {error}; pass "
            "files that continue each other along time, or hold other variables on the "
            "same coordinates"
        ) from error


def _named(parts: Sequence[Opened]) -> str:
    more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
    return f"{parts[0][0]}{more}"


# -- coordinates of a single value --------------------------------------------------


def _with_scalars(opened: Sequence[Opened]) -> list[Opened]:
    """Make scalar coordinates that differ dimensions, or drop them."""
    values: dict[str, list[Hashable]] = {}
    for i, (_, data) in enumerate(opened):
        for name, one in data.coords.variables.items():
            if one.ndim == 0:
                found = values.setdefault(str(name), [None] * len(opened))
                found[i] = coordinate_keys(one.to_numpy())[0]
    differing = [name for name, found in values.items() if len({*found} - {None}) > 1]
    chosen: dict[str, list[str]] = {}
    for name in differing:
        if not _tells_apart(opened, values[name]):
            continue
        # Coordinates that change together, as time and valid time, are one dimension.
        for first in chosen:
            pairs = set(zip(values[first], values[name], strict=True))
            if len(pairs) == len({one for one, _ in pairs}):
                chosen[first].append(name)
                break
        else:
            chosen[name] = []
    beside = {name for names in chosen.values() for name in names}
    dropped = [n for n in differing if n not in chosen and n not in beside]
    result = []
    for path, data in opened:
        data = data.drop_vars([n for n in dropped if n in data.coords])
        for name, others in chosen.items():
            if name in data.coords and data[name].ndim == 0:
                data = data.expand_dims(name)
                along = {n: (name, [data[n].to_numpy()]) for n in others}
                data = data.assign_coords(along)
        result.append((path, data))
    return result


def _tells_apart(opened: Sequence[Opened], values: Sequence[Hashable]) -> bool:
    """Whether files with the same variable have different values of a coordinate."""
    seen: dict[Hashable, set[Hashable]] = {}
    for (_, data), value in zip(opened, values, strict=True):
        if value is not None:
            for name in data.data_vars:
                seen.setdefault(name, set()).add(value)
    return any(len(found) > 1 for found in seen.values())


# -- names of features ----------------------------------------------------------------


def _with_features(parts: list[Opened]) -> list[Opened]:
    """Join files that differ by the names along a dimension."""
    xarray = climate_module("xarray")
    groups: dict[Hashable, list[Opened]] = {}
    names: dict[Hashable, str] = {}
    for i, (path, data) in enumerate(parts):
        texts = [d for d, one in data.indexes.items() if one.dtype.kind in "OUST"]
        texts = [d for d in texts if data[d].dtype.kind in "OUST" and _is_text(data[d])]
        key: Hashable = i
        if len(texts) == 1:
            rest = {
                str(d): tuple(coordinate_keys(data[d].to_numpy()))
                for d in data.indexes
                if d != texts[0]
            }
            key = (frozenset(map(str, data.data_vars)), *sorted(rest.items()))
            names[key] = str(texts[0])
        groups.setdefault(key, []).append((path, data))
    result = []
    for key, group in groups.items():
        if len(group) > 1:
            dim = names[key]
            _refuse_twice(group, dim)
            joint = xarray.concat(
                [data for _, data in group],
                dim=dim,
                data_vars="minimal",
                coords="minimal",
                compat="no_conflicts",
                join="exact",
                combine_attrs="override",
            )
            group = [(_named(group), joint)]
        result += group
    return result


def _is_text(array: Any) -> bool:
    return array.size > 0 and isinstance(array.to_numpy().flat[0], str | bytes)


def _refuse_twice(group: Sequence[Opened], dim: str) -> None:
    """Refuse a name of a feature that several files have."""
    seen: dict[str, str] = {}
    for path, data in group:
        for name in map(str, data[dim].to_numpy()):
            if name in seen:
                raise DataFileError(
                    f"{seen[name]} and {path} both have {name} along {dim}; pass one "
                    "of them, such as the store of one chunking"
                )
            seen[name] = path
