"""Dimensions of a file along which its samples lie, such as time and member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.attributes import attributes_of, text
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import find_time
from deepsphere_pyg.datasets.netcdf.positions import (
    positions_along,
    selected_positions,
)
from samplings.arguments import names_argument
from samplings.arrays import IntArray

# Names of dimensions that count the runs of an ensemble.
_MEMBERS = frozenset(
    "member members realization realisation ensemble ensemble_member ens number "
    "member_id run file sample".split()
)


@dataclass(frozen=True, eq=False)
class SampleAxes:
    """The sample dimensions of a file, and the place of each sample along them.

    Attributes
    ----------
    dims
        Names of the dimensions, in the order of the file.
    sizes
        Their sizes in the file.
    samples
        Position of each sample along each dimension, shape ``(N, len(dims))``.
    """

    dims: tuple[str, ...]
    sizes: tuple[int, ...]
    samples: IntArray

    @classmethod
    def of(
        cls, dataset: Any, dims: Sequence[str], selection: Mapping[str, Any]
    ) -> Self:
        """Return all samples of a selection, the last dimension varying fastest."""
        dims = tuple(dims)
        kept = selected_positions(dataset, dims, selection)
        grid = np.meshgrid(*(np.array(one, np.int64) for one in kept), indexing="ij")
        samples = np.stack([one.ravel() for one in grid], axis=1) if dims else None
        sizes = tuple(int(dataset.sizes[dim]) for dim in dims)
        return cls(
            dims, sizes, np.zeros((1, 0), np.int64) if samples is None else samples
        )

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, indices: Any) -> Self:
        """Return some of the samples."""
        return replace(self, samples=self.samples[np.asarray(indices, np.int64)])

    def matching(self, dataset: Any, wanted: Mapping[str, Any]) -> IntArray:
        """Return the indices of the samples at some coordinates.

        If a dimension or value does not exist, or no sample is left, ``ValueError`` is
        raised.
        """
        chosen = np.ones(len(self), dtype=bool)
        for dim, values in wanted.items():
            if dim not in self.dims:
                raise ValueError(
                    f"there is no sample dimension {dim!r}; there are: "
                    f"{', '.join(self.dims) or 'no dimensions, but a single sample'}"
                )
            positions = positions_along(dataset, dim, values)
            chosen &= np.isin(self.samples[:, self.dims.index(dim)], positions)
        if not chosen.any():
            raise ValueError(
                f"no sample of this part is at {dict(wanted)}; select others"
            )
        return np.flatnonzero(chosen)

    def coordinates(self, dataset: Any) -> Any:
        """Return the coordinates of the samples as a data set along ``sample``."""
        xarray = climate_module("xarray")
        found: dict[str, Any] = {}
        for name, variable in dataset.coords.variables.items():
            if len(variable.dims) == 1 and variable.dims[0] in self.dims:
                positions = self.samples[:, self.dims.index(variable.dims[0])]
                found[str(name)] = _along_samples(variable, positions)
        for i, dim in enumerate(self.dims):
            if dim not in found:
                found[dim] = (("sample",), self.samples[:, i])
        return xarray.Dataset(coords={"sample": np.arange(len(self)), **found})


def _along_samples(variable: Any, positions: IntArray) -> Any:
    """Return a coordinate at the positions of the samples."""
    xarray = climate_module("xarray")
    values = variable.to_numpy()[positions]
    return xarray.Variable("sample", values, variable.attrs, variable.encoding)


def sample_dims(
    dataset: Any,
    variables: Iterable[tuple[str, tuple[str, ...]]],
    given: Sequence[str] | None,
    selection: Mapping[str, Any],
) -> tuple[str, ...]:
    """Return the sample dimensions of some variables, in the order of the file.

    Parameters
    ----------
    dataset
        The data set of the variables.
    variables
        Names, and the dimensions of their places.
    given
        Names of sample dimensions; by default those of time and of members.
    selection
        Values along dimensions; those with a single one are not taken for time if
        another dimension is.
    """
    listed = list(variables)
    if given is not None:
        given = names_argument("sample_dims", given)
        places = {dim for _, dims in listed for dim in dims}
        known = [d for name, _ in listed for d in map(str, dataset[name].dims)]
        for dim in given:
            if dim not in known or dim in places:
                raise ValueError(
                    f"sample_dims must be dimensions of the variables that are not "
                    f"those of the grid, got {dim!r}; there are: "
                    f"{', '.join(d for d in dict.fromkeys(known) if d not in places)}"
                )
        found = set(given)
    else:
        found = set()
        for name, places_dims in listed:
            found |= _times_and_members(dataset, name, places_dims, selection)
    order: list[str] = []
    for name, _ in sorted(listed, key=lambda one: -dataset[one[0]].ndim):
        order += [d for d in map(str, dataset[name].dims) if d not in order]
    return tuple(d for d in order if d in found)


def _times_and_members(
    dataset: Any, name: str, places: tuple[str, ...], selection: Mapping[str, Any]
) -> set[str]:
    own = [str(d) for d in dataset[name].dims if d not in places]
    found = {d for d in own if _is_member(dataset, d)}
    single = {
        dim: 0
        for dim, value in selection.items()
        if dim in own and not isinstance(value, slice) and np.ndim(value) == 0
    }
    part = dataset[[name]]
    time = find_time(part.isel(single), name) or find_time(part, name)
    if time is not None and time not in places:
        found.add(time)
    return found


def _is_member(dataset: Any, dim: str) -> bool:
    if dim.lower() in _MEMBERS:
        return True
    variable = dataset.variables.get(dim)
    attributes = {} if variable is None else attributes_of(variable)
    return text(attributes, "standard_name") == "realization"
