"""xarray data made from values on the cells of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.signals import SignalLayout, layout_of, variables_on
from samplings.arguments import counted

# Encodings to keep: those of packed numbers do not suit new values.
_WHERE = ("coordinates", "grid_mapping")


def plain_array(
    cells: npt.NDArray[Any],
    grid: tuple[str, ...],
    name: str | None,
    channel: str | None,
    dims: Sequence[str],
    coordinates: Any,
) -> Any:
    """Return values ``(*other, channel, *grid)`` with the coordinates of the grid only.

    ``dims`` are the names of the other dimensions, and ``channel`` is that of the
    channels. A wrong number of names raises ``ValueError``.
    """
    n_other = cells.ndim - 1 - len(grid)
    if isinstance(dims, str) or len(dims) != n_other:
        raise ValueError(
            f"the signal has {n_other} dimensions before that of the vertices, got "
            f"the names {dims!r}; pass a list of one name for each in dims=, or like="
        )
    cells, channel = _channels_last(cells, len(grid), channel)
    last = () if channel is None else (channel,)
    return climate_module("xarray").DataArray(
        cells, dims=(*dims, *grid, *last), coords=coordinates, name=name
    )


def array_like(
    cells: npt.NDArray[Any],
    grid: tuple[str, ...],
    name: str | None,
    like: Any,
    channel: str | None,
) -> Any:
    """Return values as :func:`plain_array`, with dimensions and attributes of ``like``.

    Different sizes or numbers of channels raise ``ValueError``.
    """
    held = channel if channel in like.dims else None
    layout = layout_of(like, grid, None, held)
    given = cells.shape[: -1 - len(grid)]
    sizes = tuple(int(like.sizes[d]) for d in layout.other)
    if given != sizes:
        raise ValueError(
            f"the signal has shape {given} before its vertices, but "
            f"{like.name or 'like'} has {sizes} along ({', '.join(layout.other)}); "
            "select the same part of it, or pass channel= as for signal()"
        )
    if held is not None:
        _check_channels(cells.shape[-1 - len(grid)], layout)
        dims: tuple[str, ...] = (*layout.other, held, *grid)
    else:
        cells, channel = _channels_last(cells, len(grid), channel)
        dims = (*layout.other, *grid, *(() if channel is None else (channel,)))
    result = climate_module("xarray").DataArray(
        cells, dims=dims, coords=like.coords, attrs=like.attrs
    )
    result.name = like.name if name is None else name
    result.encoding = {k: v for k, v in like.encoding.items() if k in _WHERE}
    order = [d for d in like.dims if d in dims]
    return result.transpose(*order, ..., transpose_coords=False)


def dataset_like(
    cells: npt.NDArray[Any],
    grid: tuple[str, ...],
    like: Any,
    variables: Sequence[str] | None,
    channel: str | None,
) -> Any:
    """Return a data set with new values of its variables on the grid.

    Variables that do not agree raise ``ValueError``.
    """
    layout = layout_of(like, grid, variables, channel)
    axis = cells.ndim - 1 - len(grid)
    _check_channels(cells.shape[axis], layout)
    parts = np.split(cells, np.cumsum(layout.counts)[:-1], axis=axis)
    # Drop variables on the grid that the signal lacks; bounds and mappings stay.
    others = set(variables_on(like, grid)) - set(layout.variables)
    return like.drop_vars(others).assign(
        {
            name: array_like(part, grid, None, like[name], channel)
            for name, part in zip(layout.variables, parts, strict=True)
        }
    )


def _check_channels(n: int, layout: SignalLayout) -> None:
    if n != sum(layout.counts):
        raise ValueError(
            f"the signal has {counted(n, 'channel')}, but {sum(layout.counts)} are "
            f"expected ({' + '.join(map(str, layout.counts))} of the variables); pass "
            "as many as signal() gave"
        )


def _channels_last(
    cells: npt.NDArray[Any], n_dims: int, channel: str | None
) -> tuple[npt.NDArray[Any], str | None]:
    """Move channels behind the grid, or drop the axis of a single one."""
    axis = cells.ndim - 1 - n_dims
    if channel is None and cells.shape[axis] == 1:
        return np.squeeze(cells, axis=axis), None
    return np.moveaxis(cells, axis, -1), channel or "channel"
