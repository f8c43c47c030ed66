"""A sample of several maps that belong together."""

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
