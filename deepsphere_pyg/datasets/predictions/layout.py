"""Variables, dimensions and coordinates of predictions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.field_maps.described_maps import DescribedMaps
from deepsphere_pyg.datasets.predictions.output_grid import OutputGrid
from deepsphere_pyg.datasets.regridding.winds import paired
from samplings.arguments import counted, names_argument

# Attributes of the variable that was a target which hold for its prediction, too.
_KEPT = ("units", "standard_name", "long_name", "calendar")


@dataclass(frozen=True)
class OutputVariable:
    """One variable of the result.

    Attributes
    ----------
    name, dims, shape
        As in the file, the dimensions of samples first.
    dtype, fill
        Type, and the value of cells without a vertex.
    attrs
        Attributes.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: float
    attrs: dict[str, Any]


@dataclass(frozen=True, eq=False)
class SampleLayout:
    """Dimensions of the samples: as in the file if they fill a block, else a list.

    Attributes
    ----------
    dims, sizes
        The dimensions.
    places
        Position of each sample along them, shape ``(N, len(dims))``.
    coordinates
        Data set of their coordinates.
    """

    dims: tuple[str, ...]
    sizes: tuple[int, ...]
    places: npt.NDArray[np.int64]
    coordinates: Any

    @classmethod
    def of(cls, maps: DescribedMaps) -> SampleLayout:
        """Return the layout of the samples of a data set."""
        xarray = climate_module("xarray")
        n = len(maps)
        dims = maps.sample_dims
        if not dims:
            # A single sample; its scalar coordinates are those of the grid.
            nothing = np.zeros((1, 0), np.int64)
            return cls((), (), nothing, xarray.Dataset())
        uniques, places = [], []
        for dim in dims:
            found, first, place = np.unique(
                maps.positions(dim), return_index=True, return_inverse=True
            )
            # In the order in which they first occur.
            rank = np.argsort(np.argsort(first))
            uniques.append(found[np.argsort(first)])
            places.append(rank[place])
        sizes = tuple(len(one) for one in uniques)
        together = np.stack(places, axis=1)
        distinct = len(np.unique(together, axis=0)) == n
        if not distinct or int(np.prod(sizes)) != n:
            coords = maps.sample_coords.drop_vars("sample")
            return cls(("sample",), (n,), np.arange(n)[:, None], bare(coords))
        dataset = maps.source.dataset
        coords = {}
        for name, variable in dataset.coords.variables.items():
            if variable.dims and set(variable.dims) <= set(dims):
                at = {dim: uniques[dims.index(dim)] for dim in variable.dims}
                coords[str(name)] = variable.isel(at)
        return cls(dims, sizes, together, bare(xarray.Dataset(coords=coords)))


def bare(coords: Any) -> Any:
    """Return coordinates without the encodings of their files, except of times."""
    found = coords.copy()
    for variable in found.variables.values():
        variable.encoding = {
            key: value
            for key, value in variable.encoding.items()
            if key in ("units", "calendar")
        }
        # Bounds are not copied.
        variable.attrs = {
            key: value
            for key, value in variable.attrs.items()
            if key not in ("bounds", "climatology", "cell_measures")
        }
    return found


class PredictionLayout:
    """Names, shapes and attributes of predicted numbers or classes.

    Parameters
    ----------
    maps
        The samples that are predicted.
    shape
        Shape of the answer for a sample: ``(V, C)``, or ``(C,)`` for whole samples.
    grid
        Where the values are written.
    names, units, class_names
        As for :func:`predictions_to_xarray`.
    dtype
        Type of the answers.
    samples
        Dimensions of the answers; by default those of the maps.
    """

    def __init__(
        self,
        maps: DescribedMaps,
        shape: tuple[int, ...],
        grid: OutputGrid,
        names: Sequence[str] | None,
        units: Sequence[str] | None,
        class_names: Sequence[str] | None,
        dtype: np.dtype[Any],
        samples: SampleLayout | None = None,
    ) -> None:
        self.grid, self.n_outputs = grid, shape[-1]
        self.at_vertices = len(shape) == 2
        self.samples = SampleLayout.of(maps) if samples is None else samples
        if class_names is None and names is None:
            class_names = maps.class_names or None
        self.class_names = None
        if class_names is not None:
            self.class_names = names_argument("class_names", class_names)
        self.coordinates = self._coordinates()
        self._attrs = self.grid.attributes(self.coordinates) if self.at_vertices else {}
        kind = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        self.winds: tuple[tuple[int, int], ...] = ()
        if self.class_names is None:
            self.variables = self._numbers(maps, names, units, kind)
        else:
            self.variables = self._classes(maps, names, kind)

    def _coordinates(self) -> Any:
        found = self.samples.coordinates
        if self.at_vertices:
            grid = bare(self.grid.coordinates())
            found = found.assign_coords(
                {n: v for n, v in grid.variables.items() if n not in found.variables}
            )
        if self.class_names is not None:
            found = found.assign_coords(
                {"class": ("class", np.array(self.class_names, dtype=object))}
            )
        return found

    def _variable(
        self, name: str, dtype: Any, fill: float, attrs: Any, last: tuple[str, ...] = ()
    ) -> OutputVariable:
        grid = self.grid.dims if self.at_vertices else ()
        sizes = self.grid.places.shape if self.at_vertices else ()
        outputs = (self.n_outputs,) if last else ()
        return OutputVariable(
            name,
            (*self.samples.dims, *last, *grid),
            (*self.samples.sizes, *outputs, *sizes),
            np.dtype(dtype),
            fill,
            {**attrs, **self._attrs},
        )

    def _numbers(
        self, maps: DescribedMaps, names: Any, units: Any, kind: Any
    ) -> list[OutputVariable]:
        own = maps.target_names if maps.labelled and not maps.n_classes else None
        attributes: Sequence[dict[str, Any]] = [{}] * self.n_outputs
        if names is None and own is not None and len(own) == self.n_outputs:
            names = own
            attributes = [
                {key: one[key] for key in _KEPT if key in one}
                for one in maps.target_attributes
            ]
        elif names is None:
            names = [f"output{i}" for i in range(self.n_outputs)]
        names = names_argument("names", names)
        if self.at_vertices:
            self.winds = paired(names, maps.winds)
        units = None if units is None else names_argument("units", units)
        for what, given in (("names", names), ("units", units)):
            if given is not None and len(given) != self.n_outputs:
                raise ValueError(
                    f"{what} must be one per output, got {len(given)} for "
                    f"{counted(self.n_outputs, 'output')}; pass a list of "
                    f"{self.n_outputs}"
                )
        if units is not None:
            attributes = [
                {**one, "units": unit}
                for one, unit in zip(attributes, units, strict=True)
            ]
        clean = _clean_names(names, self.coordinates)
        return [
            self._variable(
                short,
                kind,
                np.nan,
                one if short == name else {"long_name": name, **one},
            )
            for short, name, one in zip(clean, names, attributes, strict=True)
        ]

    def _classes(
        self, maps: DescribedMaps, names: Any, kind: Any
    ) -> list[OutputVariable]:
        classes = self.class_names or ()
        if len(classes) != self.n_outputs:
            raise ValueError(
                f"class_names must be one per output, got {len(classes)} for "
                f"{counted(self.n_outputs, 'output')}; pass the names that the network "
                "was trained with, or names= for numbers"
            )
        own = maps.target_names if maps.n_classes else ("class_map",)
        listed = names_argument("names", own if names is None else names)
        if len(listed) != 1:
            raise ValueError(
                f"names must be one, that of the map of classes, got {len(listed)}; "
                "pass one, or leave it out"
            )
        (name,) = _clean_names(listed, self.coordinates)
        small = np.dtype(np.int8 if len(classes) <= 127 else np.int16)
        meanings = " ".join(re.sub(r"[^\w.+@-]+", "_", one) for one in classes)
        flags = {
            "long_name": "class of the highest probability",
            "flag_values": np.arange(len(classes), dtype=small),
            "flag_meanings": meanings,
        }
        shares = {"long_name": "probability of each class", "units": "1"}
        return [
            self._variable(name, small, -1, flags),
            self._variable(f"{name}_probability", kind, np.nan, shares, ("class",)),
        ]

    def values(self, block: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the values of each variable for answers ``(n, V, C)`` or ``(n, C)``.

        Each has shape ``(n, ...)`` with the dimensions of the variable behind those of
        samples.
        """
        channels = np.moveaxis(block, -1, 1)
        if self.at_vertices:
            channels = self.grid.cells(channels, self.winds)
        if self.class_names is None:
            return [
                channels[:, i].astype(variable.dtype)
                for i, variable in enumerate(self.variables)
            ]
        first, second = self.variables
        known = ~np.isnan(channels[:, 0])
        classes = np.where(known, channels.argmax(axis=1), -1)
        return [classes.astype(first.dtype), channels.astype(second.dtype)]

    def at(self, sample: int) -> tuple[int, ...]:
        """Return the position of a sample along the dimensions of samples."""
        return tuple(int(i) for i in self.samples.places[sample])


def _clean_names(names: Sequence[str], coordinates: Any) -> list[str]:
    """Return names that may stand in NetCDF, and differ from those of coordinates."""
    found: list[str] = []
    for name in names:
        clean = re.sub(r"[/\s]+", "_", name) or "output"
        while clean in found or clean in coordinates.variables:
            clean += "_predicted" if clean in coordinates.variables else "_"
        found.append(clean)
    return found
