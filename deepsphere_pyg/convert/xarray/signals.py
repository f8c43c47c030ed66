"""Values of a file as signals on vertices, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from samplings.arrays import IntArray
from samplings.missing_values import without_missing

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SignalLayout:
    """Arrangement of the values of some variables as channels of a signal.

    Attributes
    ----------
    variables
        Their names; a single None for a ``DataArray``.
    other
        Dimensions that are neither vertices nor channels, in order.
    channel
        Dimension whose positions are channels of each variable, or None.
    counts
        Number of channels of each variable.
    """

    variables: tuple[str | None, ...]
    other: tuple[str, ...]
    channel: str | None
    counts: tuple[int, ...]


def layout_of(
    data: Any, dims: Sequence[str], variables: Sequence[str] | None, channel: str | None
) -> SignalLayout:
    """Return the layout of a ``DataArray``, or of variables of a ``Dataset``.

    Raises
    ------
    TypeError
        If a variable holds neither numbers nor booleans.
    ValueError
        If a variable does not exist, lacks the dimensions of the vertices, or differs
        from the others in its further ones.
    """
    names = _names(data, dims, variables)
    arrays = {name: _array(data, name) for name in names}
    others: dict[str | None, tuple[str, ...]] = {}
    for name, array in arrays.items():
        label = name or array.name or "the array"
        lacking = [d for d in dims if d not in array.dims]
        if lacking:
            raise ValueError(
                f"{label} has no dimension {lacking[0]}, only "
                f"{', '.join(map(str, array.dims)) or 'none'}; pass variables on the "
                f"grid ({', '.join(dims)})"
            )
        if array.dtype.kind not in "biufc":
            raise TypeError(
                f"{label} holds {array.dtype}, but signals are numbers or booleans; "
                "convert it, or leave it out with variables="
            )
        if channel is not None and (channel not in array.dims or channel in dims):
            raise ValueError(
                f"{label} has no further dimension {channel!r} for the channels; it "
                f"has {', '.join(map(str, array.dims))}"
            )
        others[name] = tuple(
            str(d) for d in array.dims if d not in dims and d != channel
        )
    first = others[names[0]]
    for name, other in others.items():
        if set(other) != set(first):
            raise ValueError(
                f"{name} has the further dimensions ({', '.join(other)}), but "
                f"{names[0]} has ({', '.join(first)}); pass variables= that agree"
            )
    counts = tuple(
        1 if channel is None else int(array.sizes[channel]) for array in arrays.values()
    )
    return SignalLayout(names, first, channel, counts)


def variables_on(data: Any, dims: Sequence[str]) -> list[str]:
    """Return variables of a data set along some dimensions, without coordinates."""
    scan = Scan(data)
    return [
        name
        for name in map(str, data.data_vars)
        if set(dims) <= set(scan.variables[name].dims) and not scan.is_place(name)
    ]


def _names(
    data: Any, dims: Sequence[str], variables: Sequence[str] | None
) -> tuple[str | None, ...]:
    if not hasattr(data, "data_vars"):
        if variables is not None:
            raise ValueError(
                "variables= chooses those of a Dataset, but a DataArray was given"
            )
        return (None,)
    if isinstance(variables, str) or (variables is not None and not variables):
        raise ValueError(
            f"variables must be a list of at least one name, got {variables!r}"
        )
    known = {str(name): None for name in data.data_vars}
    if variables is None:
        found = variables_on(data, dims)
        if not found:
            raise ValueError(
                f"no variable lies on the grid ({', '.join(dims)}); there are: "
                f"{', '.join(known) or 'none'}"
            )
        return tuple(found)
    absent = [name for name in variables if name not in known]
    if absent:
        raise ValueError(
            f"there is no variable {absent[0]!r}; there are: {', '.join(known)}"
        )
    return tuple(variables)


def _array(data: Any, name: str | None) -> Any:
    """Return an array, or a variable of a data set without its coordinates.

    Joining each variable with its coordinates would be slow for many variables.
    """
    return data if name is None else data.variables[name]


def cells_of(
    data: Any, layout: SignalLayout, dims: Sequence[str], fill_value: float | None
) -> npt.NDArray[Any]:
    """Return values ``(*other, channel, n_cells)``, NaN where missing."""
    parts = []
    for name in layout.variables:
        array = _array(data, name)
        leading = (*layout.other, *((layout.channel,) if layout.channel else ()))
        values = array.transpose(*leading, *dims).to_numpy()
        if layout.channel is None:
            values = values[(..., None, *(slice(None),) * len(dims))]
        values = without_missing(values, array.attrs, array.encoding, fill_value)
        parts.append(values.reshape(*values.shape[: -len(dims)], -1))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)


def merged(
    values: npt.NDArray[Any], vertex: IntArray, n_vertices: int
) -> npt.NDArray[Any]:
    """Return values ``(..., n_cells)`` on vertices ``(..., V)``, the means of cells.

    Equal values are kept to the last bit, and missing ones are left out.

    Raises
    ------
    ValueError
        If cells that share a vertex hold different integers or booleans.
    """
    order = np.argsort(vertex, kind="stable")
    order = order[np.searchsorted(vertex[order], 0) :]
    count = np.bincount(vertex[order], minlength=n_vertices)
    start = np.cumsum(count) - count
    signal: npt.NDArray[Any] = np.take(values, order[start], axis=-1)
    several = np.flatnonzero(count > 1)
    if len(several) == 0:
        return signal
    of_vertex = np.repeat(np.arange(len(several)), count[several])
    inside = np.isin(vertex[order], several)
    groups = np.take(values, order[inside], axis=-1)
    starts = np.cumsum(count[several]) - count[several]
    if values.dtype.kind not in "fc":
        if (groups != np.take(groups, starts[of_vertex], axis=-1)).any():
            raise ValueError(
                f"cells at the same place (a pole, or a repeated meridian) hold "
                f"different values of type {values.dtype}, which have no mean; make "
                "them equal, or convert to float"
            )
        return signal
    valid = ~np.isnan(groups)
    # Differences to the smallest: the mean of equal values is exactly that value.
    base = np.fmin.reduceat(groups, starts, axis=-1)
    apart = np.where(valid, groups - base[..., of_vertex], 0)
    n_valid = np.maximum(np.add.reduceat(valid, starts, axis=-1, dtype=np.int64), 1)
    mean = base + np.add.reduceat(apart, starts, axis=-1) / n_valid
    signal[..., several] = mean
    return signal


def spread(values: npt.NDArray[Any], vertex: IntArray) -> npt.NDArray[Any]:
    """Return values ``(..., V)`` on cells ``(..., *grid)``, NaN without a vertex."""
    cells: npt.NDArray[Any] = np.take(values, np.maximum(vertex, 0), axis=-1)
    if (vertex >= 0).all():
        return cells
    if cells.dtype.kind not in "fc":
        cells = cells.astype(np.float64)
    cells[..., vertex < 0] = np.nan
    return cells
