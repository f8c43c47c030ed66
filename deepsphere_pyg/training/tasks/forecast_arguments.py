"""Checks of the arguments of forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
import numpy.typing as npt
from torch import Tensor

from samplings.arguments import counted, nonnegative_argument, real_array
from samplings.encoding import decode_array, encode_array
from samplings.missing_values import without_missing


def encoded(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Return a fixed field as JSON; :func:`checked_static` and others take it."""
    kind = "b1" if array.dtype == np.bool_ else array.dtype.str[1:]
    return {"array": encode_array(array), "dtype": kind, "shape": [*array.shape]}


def _decoded(values: Any) -> Any:
    """Invert :func:`encoded`; other values are left unchanged."""
    if isinstance(values, Mapping) and {"array", "dtype", "shape"} <= set(values):
        return decode_array(values["array"], values["dtype"], tuple(values["shape"]))
    return _array(values)


def _array(values: Any) -> Any:
    """Return tensors as arrays."""
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else values


def checked_static(static: Any, n: int | None = None) -> npt.NDArray[np.float32] | None:
    """Return static fields ``(V, n_static)``."""
    if static is None:
        return None
    fields = real_array("static", _decoded(static))
    if fields.ndim != 2 or n not in (None, len(fields)):
        of = "V" if n is None else n
        raise ValueError(
            f"static must have shape ({of}, n_static), got {fields.shape}; pass one "
            "row for each vertex of the sampling"
        )
    if not np.isfinite(without_missing(fields)).all():
        raise ValueError(
            "static fields must be known at each vertex, got missing values; fill "
            "them, or pass them as a mask"
        )
    return fields.astype(np.float32)


def checked_valid(mask: Any, n: int, channels: int) -> npt.NDArray[np.bool_]:
    """Return where the field exists, shape ``(V, C)``."""
    if mask is None:
        return np.ones((n, channels), dtype=bool)
    valid = np.asarray(_decoded(mask))
    if valid.dtype != np.bool_:
        raise TypeError(
            f"mask must be boolean, True where the field exists, got {valid.dtype}; "
            "compare it, as in depth > 0"
        )
    if valid.shape not in ((n,), (n, channels)):
        raise ValueError(
            f"mask must have shape ({n},) or ({n}, {channels}), one value per vertex, "
            f"got {valid.shape}; pass one that does not change with time"
        )
    if not valid.any():
        raise ValueError("mask must be True at a vertex, got False everywhere; turn it")
    return np.array(np.broadcast_to(valid.reshape(n, -1), (n, channels)))


def checked_step_weights(
    weights: Sequence[SupportsFloat] | None, steps: int
) -> tuple[float, ...]:
    """Return the weights of the steps in the loss."""
    if weights is None:
        return (1.0,) * steps
    numbers = real_array("step_weights", _array(weights))
    if numbers.ndim != 1:
        raise ValueError(
            f"step_weights must be a list of numbers, got shape {numbers.shape}; pass "
            "one for each step, as [1, 0.5]"
        )
    given = tuple(
        nonnegative_argument(f"step_weights[{i}]", weight, "pass 0 or more")
        for i, weight in enumerate(numbers.tolist())
    )
    if len(given) != steps or not sum(given) > 0:
        raise ValueError(
            f"step_weights must be one for each of {counted(steps, 'step')}, not all "
            f"zero, got {list(given)}; leave them out for equal ones"
        )
    return given


def known_states(x0: Any, shape: tuple[int, int, int]) -> tuple[npt.NDArray[Any], bool]:
    """Return states ``(N, H, V, C)``, NaN where missing, and whether N was given."""
    given = real_array("x0", _array(x0))
    history, *place = shape
    # With a history of one state, its axis may be left out.
    plain = history == 1 and given.ndim in (2, 3)
    states = given[..., None, :, :] if plain else given
    if states.ndim not in (3, 4) or states.shape[-3:] != shape or not states.size:
        short = f" or ({place[0]}, {place[1]})" if history == 1 else ""
        raise ValueError(
            f"x0 must have shape {shape}{short}: history, vertices and channels, with "
            f"or without an axis of several starts, got {given.shape}; pass the last "
            f"{counted(history, 'state')}, oldest first"
        )
    several = states.ndim == 4
    known = without_missing(states if several else states[None])
    return np.asarray(known, dtype=np.float64), several


def known_forcing(
    forcing: Any, n: int, steps: int, vertices: int, channels: int
) -> npt.NDArray[Any]:
    """Return forcing ``(N, steps, V, n_forcing)``, which must be known everywhere."""
    shape = (steps, vertices, channels)
    if forcing is None:
        if channels:
            raise ValueError(
                f"forcing must be given for the {counted(steps, 'state')} to predict, "
                f"shape {shape}, got None; pass what is known in advance at their times"
            )
        return np.zeros((n, *shape))
    given = real_array("forcing", _array(forcing))
    if given.shape not in (shape, (n, *shape)):
        raise ValueError(
            f"forcing must have shape {shape} or {(n, *shape)}: steps, vertices and "
            f"channels, got {given.shape}; pass it at the times of the states to "
            "predict"
        )
    if not np.isfinite(without_missing(given)).all():
        raise ValueError(
            "forcing must be known everywhere, got missing values; fill them"
        )
    return np.array(np.broadcast_to(given, (n, *shape)), dtype=np.float64)
