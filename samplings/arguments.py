"""Checks shared by the constructors, with messages that say what to pass instead."""

from __future__ import annotations

import math
import operator
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np

from samplings.base import Sampling
from samplings.quantities import radians


def integer_argument(name: str, value: SupportsIndex, minimum: int) -> int:
    """Return ``value`` as an int that is at least ``minimum``.

    Raises
    ------
    TypeError
        If ``value`` is not an integer; booleans and floats are refused.
    ValueError
        If it is smaller than ``minimum``.
    """
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


def positive_argument(name: str, value: SupportsFloat, remedy: str) -> float:
    """Return ``value`` as a float that is positive and finite.

    Raises
    ------
    TypeError
        If ``value`` is not a number.
    ValueError
        If it is not positive and finite; the message ends with ``remedy``.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}; {remedy}") from None
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {number}; {remedy}")
    return number


def angle_argument(name: str, value: Any, remedy: str) -> float:
    """Return an angle in radian as a float that is positive and finite.

    Raises
    ------
    TypeError, ValueError
        As :func:`positive_argument`; also if it carries a unit of something else.
    """
    if not isinstance(value, int | float | str):
        value = radians(name, value)
        if value.ndim:
            raise TypeError(f"{name} must be a number, got shape {value.shape}")
    return positive_argument(name, value, remedy)


def choice_argument(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``.

    Raises
    ------
    ValueError
        If it is not; the message lists the choices.
    """
    if value not in choices:
        listed = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be {listed}, got {value!r}; choose one of them")
    return value


def sampling_argument(name: str, value: object) -> Sampling:
    """Return ``value`` if it is a sampling.

    Raises
    ------
    TypeError
        If it is not; the message says how to make one of points.
    """
    if not isinstance(value, Sampling):
        raise TypeError(
            f"{name} must be a sampling, such as HEALPix(32), got "
            f"{type(value).__name__}; make one of points by Irregular.from_xyz"
        )
    return value
