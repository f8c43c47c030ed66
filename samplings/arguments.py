"""Checks of arguments that raise a TypeError or ValueError with a remedy."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, TypeVar, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray
from samplings.quantities import radians

if TYPE_CHECKING:
    from samplings.base import Sampling

T = TypeVar("T")
# Values that are printed themselves, unless they are longer than this.
PLAIN = (int, float, complex, str, list, tuple, dict, slice, type(None))
SHORT = 60


def kind_of(value: object) -> str:
    """Return the name of the type of a value, for messages; classes by their own."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return type(value).__name__


def shown(value: object) -> str:
    """Return a value as messages show it: plain ones themselves, others by type."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, PLAIN):
        return kind_of(value)
    text = repr(value)
    return text if len(text) <= SHORT else f"{text[:SHORT]}..."


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, for messages: ``1 channel``, ``2 channels``.

    The plural is that of the noun with an s, unless it is given.
    """
    return f"{n} {noun if n == 1 else f'{noun}s' if plural is None else plural}"


def integer_argument(name: str, value: SupportsIndex, minimum: int) -> int:
    """Return ``value`` as an int of at least ``minimum``, not a boolean or float."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        remedy = f"pass a whole number, such as {max(minimum, 1)}"
        if _is_whole(value):
            remedy = "convert it with int()"
        raise TypeError(
            f"{name} must be an integer, got {shown(value)}; {remedy}"
        ) from None
    if number < minimum:
        raise ValueError(
            f"{name} must be at least {minimum}, got {number}; pass {minimum} or more"
        )
    return number


def _is_whole(value: object) -> bool:
    """Whether a float or text is a whole number, such as 3.0 or ``"3"``."""
    try:
        return isinstance(value, str | float | np.floating) and (
            int(value) == value or isinstance(value, str)
        )
    except (ValueError, OverflowError):
        return False


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
            f"{name} must be a sequence of integers, got {shown(values)}; pass a "
            "tuple, such as (16, 32)"
        ) from None
    return tuple(
        integer_argument(f"{name}[{i}]", value, minimum)
        for i, value in enumerate(listed)
    )


def flag_argument(name: str, value: bool) -> bool:
    """Return ``value`` if it is a boolean."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(
            f"{name} must be True or False, got {shown(value)}; pass one of them"
        )
    return bool(value)


def array_argument(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return real numbers as a new float64 array."""
    return real_array(name, values).astype(np.float64)


def real_array(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return real numbers or booleans as an array of their own type."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError
        return array
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{name} must be real numbers, got {shown(values)}; pass an array"
        ) from None


def instance_argument(
    name: str, value: object, kind: type[T] | tuple[type[T], ...], remedy: str
) -> T:
    """Return ``value`` if it has one of some types; messages end with ``remedy``."""
    if not isinstance(value, kind):
        names = [k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,))]
        listed = " or ".join(f"{'an' if n[0] in 'AEIO' else 'a'} {n}" for n in names)
        raise TypeError(f"{name} must be {listed}, got {kind_of(value)}; {remedy}")
    return value


def function_argument(name: str, value: object, call: str) -> None:
    """Raise unless ``value`` is None or a function, which is called as ``call``."""
    if value is not None and not callable(value):
        raise TypeError(
            f"{name} must be a function, called as {call}, got {shown(value)}; pass "
            "one, or leave it out"
        )


def path_argument(name: str, value: str | os.PathLike[str]) -> Path:
    """Return a path."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(
            f"{name} must be a path, got {shown(value)}; pass a text or a pathlib.Path"
        )
    return Path(value)


def positive_argument(name: str, value: SupportsFloat, remedy: str) -> float:
    """Return a positive and finite float; messages end with ``remedy``."""
    number = number_argument(name, value, remedy)
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {number}; {remedy}")
    return number


def nonnegative_argument(name: str, value: SupportsFloat, remedy: str) -> float:
    """Return a finite float of at least 0; messages end with ``remedy``."""
    number = number_argument(name, value, remedy)
    if not 0 <= number < math.inf:
        raise ValueError(
            f"{name} must be finite and not negative, got {number}; {remedy}"
        )
    return number


def probability_argument(name: str, value: float) -> float:
    """Return a number of at least 0 and below 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, got {shown(value)}; pass 0.1")
    if not 0 <= value < 1:
        raise ValueError(
            f"{name} must be at least 0 and below 1, got {value}; 1 would drop "
            "everything"
        )
    return float(value)


def number_argument(name: str, value: SupportsFloat, remedy: str) -> float:
    """Return a float; messages end with ``remedy``."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be a number, got {shown(value)}; {remedy}"
        ) from None


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
        raise ValueError(
            f"{name} must be {listed}, got {shown(value)}; choose one of them"
        )
    return value


def names_argument(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return a list of texts as a tuple; a single text is not a list of letters."""
    try:
        names = None if isinstance(values, str) else tuple(values)
    except TypeError:
        names = None
    if names is None or not all(isinstance(one, str) for one in names):
        raise TypeError(
            f"{name} must be a list of names, got {shown(values)}; pass texts, such as "
            "['background', 'storm']"
        )
    return names


def sampling_argument(name: str, value: object) -> Sampling:
    """Return ``value`` if it is a sampling."""
    # By what a sampling has, since its base class uses these checks; not by its arrays,
    # which may be computed when they are asked for.
    parts = ("positions", "areas", "coarsen")
    if isinstance(value, type) or not all(hasattr(value, part) for part in parts):
        has_one = hasattr(value, "sampling") and not isinstance(value, type)
        of_points = "make one of points by Irregular(xyz)"
        remedy = "pass its attribute `sampling`" if has_one else of_points
        raise TypeError(
            f"{name} must be a sampling, such as HEALPix(32), got "
            f"{kind_of(value)}; {remedy}"
        )
    return cast("Sampling", value)


def sparse_argument(name: str, matrix: object) -> sp.csr_array:
    """Return a real matrix in compressed rows of float64, copied only if need be."""
    given: Any = matrix
    try:
        if not sp.issparse(matrix):
            given = np.asarray(matrix)
        if given.ndim != 2 or given.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{name} must be a real sparse matrix, got {_kind_of_array(matrix)}; pass "
            "one made by scipy.sparse.csr_array"
        ) from None
    return sp.csr_array(given, dtype=np.float64)


def _kind_of_array(value: Any) -> str:
    """Return the type of a value, and the shape and dtype of an array."""
    if not hasattr(value, "dtype"):
        return shown(value)
    return f"{kind_of(value)} of shape {tuple(value.shape)} and {value.dtype}"
