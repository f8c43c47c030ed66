"""Checks of arguments that raise a TypeError or ValueError with a remedy."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any, SupportsFloat, SupportsIndex, TypeVar

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray
from samplings.base import Sampling
from samplings.quantities import radians

T = TypeVar("T")


def integer_argument(name: str, value: SupportsIndex, minimum: int) -> int:
    """Return ``value`` as an int of at least ``minimum``, not a boolean or float."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be an integer, got {value!r}; pass a number")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name} must be an integer, got {value!r} of type "
            f"{type(value).__name__}; convert it with int()"
        ) from None
    if number < minimum:
        raise ValueError(
            f"{name} must be at least {minimum}, got {number}; pass {minimum} or more"
        )
    return number


def integers_argument(
    name: str, values: Iterable[SupportsIndex], minimum: int
) -> tuple[int, ...]:
    """Return a sequence of integers that are at least ``minimum``."""
    try:
        if isinstance(values, str | Mapping):
            raise TypeError
        listed = list(values)
    except TypeError:
        raise TypeError(
            f"{name} must be a sequence of integers, got {values!r}; pass a tuple, "
            "such as (16, 32)"
        ) from None
    return tuple(integer_argument(name, value, minimum) for value in listed)


def flag_argument(name: str, value: bool) -> bool:
    """Return ``value`` if it is a boolean."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(
            f"{name} must be True or False, got {value!r} of type "
            f"{type(value).__name__}; pass one of them"
        )
    return bool(value)


def array_argument(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return real numbers as a float64 array."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{name} must be real numbers, got {type(values).__name__}; pass an array"
        ) from None


def instance_argument(name: str, value: object, kind: type[T], remedy: str) -> T:
    """Return ``value`` if it has the type ``kind``; messages end with ``remedy``."""
    if not isinstance(value, kind):
        raise TypeError(
            f"{name} must be a {kind.__name__}, got {type(value).__name__}; {remedy}"
        )
    return value


def positive_argument(name: str, value: SupportsFloat, remedy: str) -> float:
    """Return a positive and finite float; messages end with ``remedy``."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}; {remedy}") from None
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {number}; {remedy}")
    return number


def angle_argument(name: str, value: Any, remedy: str) -> float:
    """Return an angle in radian, converted from its unit, as a positive float."""
    if not isinstance(value, int | float | str):
        value = radians(name, value)
        if value.ndim:
            raise TypeError(f"{name} must be a number, got shape {value.shape}")
    return positive_argument(name, value, remedy)


def extent_argument(value: Any) -> float:
    """Return the angle in radian, in (0, pi], up to which a cell reaches."""
    extent = angle_argument("extent", value, "pass an angle in radian")
    if extent > math.pi:
        raise ValueError(
            f"extent must be an angle in radian, at most pi, got {extent}; convert "
            "degrees with numpy.deg2rad, divide kilometres by 6371"
        )
    return extent


def choice_argument(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        listed = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be {listed}, got {value!r}; choose one of them")
    return value


def sampling_argument(name: str, value: object) -> Sampling:
    """Return ``value`` if it is a sampling."""
    if not isinstance(value, Sampling):
        raise TypeError(
            f"{name} must be a sampling, such as HEALPix(32), got "
            f"{type(value).__name__}; make one of points by Irregular(xyz)"
        )
    return value
