"""Check of arrays of maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor


def maps_argument(
    name: str, values: Any, axes: str, *, channels: int = 1
) -> npt.NDArray[Any]:
    """Return maps of real numbers as an array, which stays where it is.

    Parameters
    ----------
    name
        Name of the argument.
    values
        Array or tensor.
    axes
        Its axes, such as ``"(N, V, C)"``.
    channels
        Least number of channels, the last axis.

    Raises
    ------
    TypeError
        If it is not an array of real numbers.
    ValueError
        If it has other axes, or one is too short.
    """
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    try:
        array: npt.NDArray[Any] = np.asanyarray(values)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "iufb":
        raise TypeError(
            f"{name} must be an array of real numbers {axes}, got "
            f"{type(values).__name__} of {array.dtype}; convert it"
        )
    shape = array.shape
    if len(shape) != axes.count(",") + 1 or 0 in shape[:-1] or shape[-1] < channels:
        raise ValueError(
            f"{name} must have shape {axes}, at least one each, got {shape}; add a "
            "channel with [..., None]"
        )
    return array
