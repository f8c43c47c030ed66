"""A sample of several maps, and checks of arrays of maps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samplings.missing_values import without_missing


class MapGroup(NamedTuple):
    """Maps that belong together.

    Attributes
    ----------
    x
        Inputs, shape ``(group, V, C)``, float32, finite everywhere.
    """

    x: Tensor


def maps_argument(name: str, values: Any, axes: str) -> npt.NDArray[Any]:
    """Return maps of real numbers as an array, which stays where it is.

    Parameters
    ----------
    name
        Name of the argument.
    values
        Array or tensor.
    axes
        Its axes, such as ``"(N, V, C)"``.
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
    if array.ndim != axes.count(",") + 1 or not array.size:
        raise ValueError(
            f"{name} must have shape {axes}, at least one each, got {array.shape}; add "
            "a channel with [..., None]"
        )
    return array


def known_maps(name: str, values: npt.NDArray[Any], index: int) -> Tensor:
    """Return maps ``(group, V, C)`` of a sample as float32.

    Raises
    ------
    ValueError
        If a value is missing.
    """
    known = without_missing(values)
    missing = ~np.isfinite(known)
    if missing.any():
        raise ValueError(
            f"{name} must be known everywhere, got {int(missing.sum())} missing values "
            f"in sample {index}; fill them, or take the part of the sampling that is "
            "known"
        )
    return torch.from_numpy(np.array(known, dtype=np.float32))
