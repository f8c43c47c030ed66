"""A sampling found in xarray data, which carries signals both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.results import array_like, dataset_like, plain_array
from deepsphere_pyg.convert.xarray.signals import (
    BoolArray,
    cells_of,
    layout_of,
    merged,
    spread,
)
from samplings import Sampling
from samplings.arguments import kind_of
from samplings.arrays import IntArray


@dataclass(frozen=True, eq=False)
class XarraySampling:
    """The sampling that :func:`from_xarray` finds, and the vertex of each cell.

    Attributes
    ----------
    sampling
        The sampling, in its own order of vertices.
    dims
        Dimensions of the file that the vertices lie along.
    vertex
        Vertex of each cell, shape of those dimensions; -1 for cells without
        coordinates. Cells at a pole, or on a meridian that repeats, share a vertex.
    coordinates
        ``xarray.Dataset`` of the coordinates along :attr:`dims`, and of scalars.
    """

    sampling: Sampling
    dims: tuple[str, ...]
    vertex: IntArray
    coordinates: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of :attr:`dims`."""
        return self.vertex.shape

    @property
    def mask(self) -> BoolArray:
        """True where a cell of the file is a vertex, shape of :attr:`dims`."""
        return np.asarray(self.vertex >= 0)

    def __repr__(self) -> str:
        sizes = ", ".join(
            f"{d}: {n}" for d, n in zip(self.dims, self.shape, strict=True)
        )
        return f"XarraySampling({sizes}) of {self.sampling!r}"

    def signal(
        self,
        data: Any,
        variables: Sequence[str] | None = None,
        channel: str | None = None,
        fill_value: float | None = None,
    ) -> tuple[npt.NDArray[Any], BoolArray]:
        """Return values as a signal on the vertices, and where they are known.

        Parameters
        ----------
        data
            ``xarray.DataArray``, or a ``Dataset`` whose variables are channels. Lazy
            data are loaded: select the part that is needed first.
        variables
            Names of variables of a data set; by default all on the grid.
        channel
            Dimension whose positions are channels, such as that of levels.
        fill_value
            A further value for missing data, besides those of
            :func:`samplings.missing_values.without_missing`: values that are not
            finite, codes and limits in attributes, default fill values, and healpy's
            ``UNSEEN``.

        Returns
        -------
        values : ndarray
            Shape ``(*other, V, channel)`` with the other dimensions in the order of the
            file, in its dtype and native byte order; NaN where missing. Channels of a
            variable are consecutive. Cells that share a vertex are averaged over the
            known ones, which is right for scalars; :func:`wind_signal` is for winds.
        mask : ndarray
            True where a value is known, same shape.

        Raises
        ------
        TypeError
            If ``data`` is not of xarray, or holds neither numbers nor booleans.
        ValueError
            If a variable does not exist, does not lie on the grid, has other sizes or
            coordinates, differs from the others in its further dimensions, or holds
            different integers in cells that share a vertex.

        Examples
        --------
        >>> import xarray as xr
        >>> from deepsphere_pyg.convert import from_xarray
        >>> data = xr.DataArray(np.arange(24.0).reshape(2, 3, 4), name="height",
        ...     dims=("time", "lat", "lon"),
        ...     coords={"lat": [60, 0, -60], "lon": [45, 135, 225, 315]})
        >>> places = from_xarray(data)
        >>> values, mask = places.signal(data)
        >>> values.shape, bool(mask.all())
        ((2, 12, 1), True)
        """
        _check("data", data)
        layout = layout_of(data, self.dims, variables, channel)
        self._check_grid(data)
        cells = cells_of(data, layout, self.dims, fill_value)
        values = merged(cells, self.vertex.ravel(), len(self.sampling))
        values = np.ascontiguousarray(np.swapaxes(values, -1, -2))
        if values.dtype.kind in "fc":
            return values, ~np.isnan(values)
        return values, np.ones(values.shape, dtype=bool)

    def to_xarray(
        self,
        signal: Any,
        name: str | None = None,
        like: Any = None,
        *,
        variables: Sequence[str] | None = None,
        channel: str | None = None,
        dims: Sequence[str] = (),
    ) -> Any:
        """Return a signal on the cells of the file, with its coordinates.

        Parameters
        ----------
        signal
            Array or tensor of shape ``(*other, V, channel)``, or ``(V,)``.
        name
            Name of the result, by default that of ``like``.
        like
            ``DataArray`` from which the result takes its further dimensions and their
            order, coordinates and attributes; or a ``Dataset``, for a data set of its
            variables. By default the result has only the coordinates of the grid.
        variables, channel
            As in :meth:`signal`. If ``like`` has no dimension of this name, channels
            become the last dimension; its default name, for several, is ``"channel"``.
        dims
            Names of the ``other`` dimensions, needed without ``like``.

        Returns
        -------
        xarray.DataArray or xarray.Dataset
            In the dtype of the signal. Cells that share a vertex have the same value;
            cells without a vertex are NaN (integers become float64 for that).

        Raises
        ------
        TypeError
            If ``like`` is not of xarray.
        ValueError
            If the shape does not fit.

        Examples
        --------
        >>> import xarray as xr
        >>> from deepsphere_pyg.convert import from_xarray
        >>> data = xr.DataArray(np.arange(12.0).reshape(3, 4), name="height",
        ...     dims=("lat", "lon"),
        ...     coords={"lat": [60, 0, -60], "lon": [45, 135, 225, 315]})
        >>> places = from_xarray(data)
        >>> values, _ = places.signal(data)
        >>> places.to_xarray(values, like=data).identical(data)
        True
        """
        array = _array(signal)
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim == 0 or array.shape[-2] != len(self.sampling):
            raise ValueError(
                f"a signal must have shape (*other, {len(self.sampling)}, channel) on "
                f"{self.sampling!r}, got {np.shape(signal)}"
            )
        cells = spread(np.swapaxes(array, -1, -2), self.vertex)
        if like is None:
            return plain_array(
                cells, self.dims, name, channel, dims, self.coordinates.coords
            )
        _check("like", like)
        self._check_grid(like)
        if hasattr(like, "data_vars"):
            return dataset_like(cells, self.dims, like, variables, channel)
        return array_like(cells, self.dims, name, like, channel)

    def _check_grid(self, data: Any) -> None:
        """Refuse data whose sizes or coordinates along the grid differ."""
        for dim, size in zip(self.dims, self.shape, strict=True):
            if dim in data.sizes and data.sizes[dim] != size:
                raise ValueError(
                    f"dimension {dim} has {data.sizes[dim]} positions, but {size} in "
                    "the data that the sampling was made from; make another with "
                    "from_xarray"
                )
            both = dim in data.coords and dim in self.coordinates.coords
            own = self.coordinates.variables.get(dim)
            if both and not data[dim].variable.equals(own):
                raise ValueError(
                    f"the coordinates of {dim} are not those of the data that the "
                    "sampling was made from; make another with from_xarray"
                )


def _check(name: str, data: Any) -> None:
    xarray = climate_module("xarray")
    if not isinstance(data, xarray.DataArray | xarray.Dataset):
        raise TypeError(
            f"{name} must be an xarray.DataArray or Dataset, got {kind_of(data)}; open "
            "files with xarray.open_dataset"
        )


def _array(signal: Any) -> npt.NDArray[Any]:
    """NumPy array of an array or a tensor on any device."""
    if hasattr(signal, "detach"):
        signal = signal.detach().cpu()
    return np.asarray(signal)
