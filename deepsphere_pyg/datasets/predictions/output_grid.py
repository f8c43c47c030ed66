"""Grids that predictions are written on: that of the inputs, or the sampling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert import XarraySampling
from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.attributes import attributes_of
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import coordinate_rank
from deepsphere_pyg.convert.xarray.signals import spread
from deepsphere_pyg.convert.xarray.winds import cell_frames
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from samplings import HEALPix, Irregular, Sampling, same_sampling
from samplings.arrays import FloatArray, IntArray
from samplings.base import whole_sampling
from samplings.interpolation.weights import Method

# Largest difference in degree of coordinates that are those of one grid.
_SAME = 1e-9


class OutputGrid:
    """Carries signals on a sampling to the cells of a grid.

    Parameters
    ----------
    sampling
        Where the answers are.
    places
        The grid, or None for the sampling itself.
    regrid
        Method, if they differ.

    Attributes
    ----------
    places
        The cells.
    exact
        Whether the vertices are those of the grid, so that values are kept.
    """

    def __init__(
        self, sampling: Sampling, places: XarraySampling | None, regrid: Method
    ) -> None:
        self.places = sampling_places(sampling) if places is None else places
        self._sampling = sampling
        self.exact = same_sampling(sampling, self.places.sampling)
        self._regridder = (
            None if self.exact else Regridder(sampling, self.places.sampling, regrid)
        )

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the cells."""
        return self.places.dims

    def cells(
        self,
        signals: npt.NDArray[Any],
        winds: Sequence[tuple[int, int]] = (),
    ) -> npt.NDArray[Any]:
        """Return signals ``(..., V)`` on cells ``(..., *grid)``, else NaN.

        ``winds`` are pairs of positions along the axis before that of the vertices:
        eastward and northward winds, which are carried as vectors.
        """
        vertex, kind = self.places.vertex, signals.dtype
        carried = signals
        if self._regridder is not None:
            carried = self._regridder.fields(signals).astype(kind)
        found = spread(carried, vertex)
        for pair in winds:
            at: tuple[Any, ...] = (..., list(pair), *(slice(None),) * len(self.dims))
            found[at] = self._winds(signals[..., list(pair), :]).astype(kind)
        return found

    @cached_property
    def _frames(self) -> tuple[FloatArray, FloatArray]:
        """East and north at the vertices and at the cells."""
        cells = cell_frames(self.places).reshape(-1, 2, 3)
        return cell_frames(self._sampling), cells

    def _winds(self, winds: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return winds ``(..., 2, V)`` on cells, ``(..., 2, *grid)``."""
        of_vertices, of_cells = self._frames
        cartesian = np.einsum("...kv,vkc->...cv", winds, of_vertices, dtype=np.float64)
        if self._regridder is not None:
            cartesian = self._regridder.fields(cartesian)
        on_cells = spread(cartesian, self.places.vertex.ravel())
        found: npt.NDArray[Any] = np.einsum("...cn,nkc->...kn", on_cells, of_cells)
        return found.reshape(*found.shape[:-1], *self.places.shape)

    def coordinates(self) -> Any:
        """Return coordinates by which ``from_xarray`` recognises the grid.

        Files whose grid is described otherwise, as by a mesh, get the latitudes and
        longitudes of the vertices; areas that do not follow from coordinates are added.
        """
        found = self.places.coordinates
        own = _vertex_coordinates(self.places)
        if not _has_places(found):
            along = [
                name
                for name, one in found.variables.items()
                if set(one.dims) & set(self.dims)
            ]
            return found.drop_vars(along).assign_coords(own)
        # Without areas, those of points would be estimated again.
        estimated = isinstance(whole_sampling(self.places.sampling)[0], Irregular)
        known = any(
            one.attrs.get("standard_name") == "cell_area"
            for one in found.variables.values()
        )
        if estimated and not known:
            return found.assign_coords(cell_area=own["cell_area"])
        return found

    @staticmethod
    def attributes(coordinates: Any) -> dict[str, str]:
        """Return the attributes with which a variable refers to its grid."""
        found = {}
        for name, variable in coordinates.variables.items():
            if "grid_mapping_name" in variable.attrs:
                found["grid_mapping"] = str(name)
            if variable.attrs.get("standard_name") == "cell_area":
                found["cell_measures"] = f"area: {name}"
        return found


def _has_places(coordinates: Any) -> bool:
    """Whether coordinates have HEALPix pixels, or latitudes and longitudes."""
    attributes = {
        str(name): attributes_of(one) for name, one in coordinates.variables.items()
    }
    if any(
        "healpix" in (one.get("grid_mapping_name"), one.get("grid_name"))
        for one in attributes.values()
    ):
        return True
    return all(
        any(coordinate_rank(n, one, kind) is not None for n, one in attributes.items())
        for kind in ("latitude", "longitude")
    )


def sampling_places(sampling: Sampling) -> XarraySampling:
    """Return a sampling as a grid of a file, with its coordinates.

    HEALPix pixels lie along ``cell``, with their indices and a grid mapping; grids of
    parallels and meridians along ``lat`` and ``lon``, where cells at a pole share a
    vertex; other points along ``cell``, with latitudes, longitudes and areas.
    """
    xarray = climate_module("xarray")
    whole, index = whole_sampling(sampling)
    if isinstance(whole, HEALPix):
        mapping = {
            "grid_mapping_name": "healpix",
            "healpix_nside": whole.nside,
            "healpix_order": "nested" if whole.nest else "ring",
        }
        pixels = {"standard_name": "healpix_index", "units": "1"}
        coords = {"cell": ("cell", index, pixels), "crs": ((), 0, mapping)}
        order = np.argsort(np.argsort(index))
        return (
            XarraySampling(
                sampling,
                ("cell",),
                np.arange(len(index)),
                xarray.Dataset(coords=coords),
            )
            if (order == np.arange(len(index))).all()
            else _listed(sampling)
        )
    grid = _parallels(sampling)
    if grid is None:
        return _listed(sampling)
    lat, lon, vertex = grid
    coords = {
        "lat": ("lat", lat, _attributes("latitude")),
        "lon": ("lon", lon, _attributes("longitude")),
    }
    return XarraySampling(
        sampling, ("lat", "lon"), vertex, xarray.Dataset(coords=coords)
    )


def _listed(sampling: Sampling) -> XarraySampling:
    xarray = climate_module("xarray")
    bare = XarraySampling(
        sampling, ("cell",), np.arange(len(sampling)), xarray.Dataset()
    )
    coords = xarray.Dataset(coords=_vertex_coordinates(bare))
    return XarraySampling(sampling, ("cell",), bare.vertex, coords)


def _vertex_coordinates(places: XarraySampling) -> dict[str, Any]:
    """Return latitudes, longitudes and areas of the vertices along the cells."""
    sampling, dims = places.sampling, places.dims
    shares = np.bincount(
        places.vertex[places.vertex >= 0].ravel(), minlength=len(sampling)
    )
    areas = sampling.weights / np.maximum(shares, 1)
    return {
        "lat": (dims, spread(sampling.lat, places.vertex), _attributes("latitude")),
        "lon": (dims, spread(sampling.lon, places.vertex), _attributes("longitude")),
        "cell_area": (
            dims,
            spread(areas, places.vertex),
            {"standard_name": "cell_area", "units": "sr"},
        ),
    }


def _attributes(kind: str) -> dict[str, str]:
    units = "degrees_north" if kind == "latitude" else "degrees_east"
    return {"standard_name": kind, "units": units}


def _parallels(
    sampling: Sampling,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], IntArray] | None:
    """Return latitudes, longitudes and vertices of a grid; None for other points."""
    lat, lon = sampling.lat, sampling.lon
    starts = np.flatnonzero(np.diff(lat, prepend=np.inf) < -_SAME)
    counts = np.diff([*starts, len(lat)])
    n_lon = int(counts.max())
    poles = (counts == 1) & (np.abs(np.abs(lat[starts]) - 90) < _SAME)
    if len(starts) < 2 or n_lon < 2 or not ((counts == n_lon) | poles).all():
        return None
    vertex = starts[:, None] + np.where(poles, 0, 1)[:, None] * np.arange(n_lon)
    first = vertex[~poles]
    if (np.abs(lon[first] - lon[first[0]]) > _SAME).any():
        return None
    if (np.abs(lat[first] - lat[first[:, :1]]) > _SAME).any():
        return None
    return lat[starts], lon[first[0]], vertex.astype(np.int64)
