"""Checks of summaries, parameters and covariances, and the dtype of their moments."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import SupportsFloat

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.compilers import has_values
from deepsphere_pyg.losses.arguments import check_floating
from samplings.arguments import array_argument, shown
from samplings.arrays import FloatArray


def check_last_axis(name: str, x: Tensor, size: int, of: str, remedy: str) -> None:
    """Raise if ``x`` is not a floating-point tensor whose last axis has ``size``."""
    check_floating(name, x, f"(*batch, {size})")
    if x.ndim < 1 or x.shape[-1] != size:
        raise ValueError(
            f"{name} must have shape (*batch, {size}), {of}, got {tuple(x.shape)}; "
            f"{remedy}"
        )


def check_parameters_known(target: Tensor) -> None:
    """Raise ``ValueError`` if parameters are not finite, where that can be read."""
    # The sum shows in one pass whether there may be any.
    if not has_values(target) or math.isfinite(float(target.detach().sum())):
        return
    wrong = ~target.isfinite()
    if bool(wrong.any()):
        raise ValueError(
            f"the target must be finite, got {float(target[wrong][0])} at index "
            f"{tuple(wrong.nonzero()[0].tolist())}, and {int(wrong.sum())} such values "
            "in all; leave out the maps whose parameters are not known"
        )


def checked_steps(
    steps: SupportsFloat | Iterable[SupportsFloat] | npt.ArrayLike,
) -> FloatArray:
    """Return the steps of finite differences, one for each parameter."""
    given = steps.detach().cpu().numpy() if isinstance(steps, Tensor) else steps
    array = np.atleast_1d(array_argument("steps", given))  # type: ignore[arg-type]
    if array.ndim != 1 or not array.size:
        raise ValueError(
            "steps must be numbers, one for each parameter, got shape "
            f"{array.shape}; pass the differences of the simulations from theta_0, "
            "such as [0.1, 0.05]"
        )
    wrong = ~(np.isfinite(array) & (array > 0))
    if wrong.any():
        raise ValueError(
            f"steps must be positive and finite, got {array[wrong][0]:g} for parameter "
            f"{int(np.flatnonzero(wrong)[0])}; pass the size of the step, and "
            "simulations on both sides"
        )
    return array


def checked_generator(generator: object) -> torch.Generator:
    """Return ``generator`` if it is one of PyTorch."""
    if not isinstance(generator, torch.Generator):
        raise TypeError(
            f"generator must be a torch.Generator, got {shown(generator)}; make one "
            "with torch.Generator().manual_seed(seed)"
        )
    return generator


def moment_dtype(x: Tensor) -> torch.dtype:
    """Return the dtype of sums of squares, of which that of the mean is subtracted.

    It is float64 but on Apple's devices, which do not have it.
    """
    return torch.float32 if x.device.type == "mps" else torch.float64
