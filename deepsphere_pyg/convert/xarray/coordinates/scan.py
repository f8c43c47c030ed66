"""The variables of a data set, scanned once for all that is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from deepsphere_pyg.convert.xarray.coordinates.attributes import attributes_of, text
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import (
    coordinate_rank,
    is_time,
)
from deepsphere_pyg.convert.xarray.coordinates.mappings import is_mapping

Angle = Literal["latitude", "longitude"]
ANGLES: tuple[Angle, Angle] = ("latitude", "longitude")
# Rank of coordinates that are recognised by the names x and y alone.
WEAKEST = 4


class Scan:
    """Attributes of all variables of a data set, read once.

    Parameters
    ----------
    dataset
        ``xarray.Dataset``.

    Attributes
    ----------
    dataset
        The data set.
    variables
        Its variables by name, which are cheaper than its arrays.
    attributes
        The attributes of each, including those that decoding moved to the encoding.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.variables: Mapping[str, Any] = {
            str(name): variable for name, variable in dataset.variables.items()
        }
        self.attributes: dict[str, dict[str, Any]] = {
            name: attributes_of(variable) for name, variable in self.variables.items()
        }
        self._coordinates = frozenset(map(str, dataset.coords))
        self._times: dict[str, bool] = {}

    @cached_property
    def bounds(self) -> frozenset[str]:
        """Variables that are the bounds of coordinates."""
        found = (text(one, "bounds") for one in self.attributes.values())
        return frozenset(filter(None, found))

    @cached_property
    def mappings(self) -> dict[str, Mapping[str, Any]]:
        """Attributes of the variables that describe grid mappings, by name."""
        return {
            name: attributes
            for name, attributes in sorted(self.attributes.items())
            if is_mapping(attributes)
        }

    @cached_property
    def meshes(self) -> tuple[str, ...]:
        """Variables that describe the topology of a mesh (UGRID)."""
        return tuple(
            name
            for name, attributes in sorted(self.attributes.items())
            if text(attributes, "cf_role") == "mesh_topology"
        )

    @cached_property
    def ranks(self) -> dict[Angle, dict[str, int]]:
        """Ranks of the variables that may be latitudes or longitudes."""
        found: dict[Angle, dict[str, int]] = {kind: {} for kind in ANGLES}
        for name in sorted(self.variables):
            for kind in ANGLES:
                rank = self._rank(name, kind)
                if rank is not None:
                    found[kind][name] = rank
        return found

    def _rank(self, name: str, kind: Angle) -> int | None:
        variable = self.variables[name]
        if variable.dtype.kind not in "iuf" or name in self.bounds:
            return None
        rank = coordinate_rank(name, self.attributes[name], kind)
        # Data may be called x too.
        weak = rank == WEAKEST and name not in self._coordinates
        return None if weak else rank

    def is_place(self, name: str) -> bool:
        """Whether a variable is a latitude or longitude, or the bounds of one."""
        return name in self.bounds or any(name in self.ranks[kind] for kind in ANGLES)

    def is_time(self, dim: str) -> bool:
        """Whether a dimension counts times."""
        if dim not in self._times:
            self._times[dim] = is_time(self.dataset, dim)
        return self._times[dim]

    def place_dims(self, name: str, dims: frozenset[str]) -> tuple[str, ...] | None:
        """Return the dimensions of a variable along which a coordinate gives places.

        Times are dropped if there are more than two dimensions, or the variable lacks
        one of them. None if others are left, or more than three.
        """
        own = tuple(map(str, self.variables[name].dims))
        if not 1 <= len(own) <= 4:
            return None
        if len(own) > 2 or not dims.issuperset(own):
            own = tuple(d for d in own if not self.is_time(d))
        return own if 1 <= len(own) <= 3 and dims.issuperset(own) else None
