"""Which values are missing: one rule for files, maps, coordinates and points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]

# Attributes of a variable that list codes for missing values.
CODES = ("_FillValue", "missing_value")
# healpy's UNSEEN, which takes seconds to load.
UNSEEN = -1.6375e30
# The tolerance of healpy for it; a float32 UNSEEN is off by a relative 2e-8.
UNSEEN_TOLERANCE = 1e-5
# Codes went through float32 (6e-8) or through the seven digits of a text.
CODE_TOLERANCE = 1e-6
# Values that the NetCDF library leaves where nothing was written (netcdf.h). Every byte
# could be data.
DEFAULT_FILL = {"f4": 9.969209968386869e36, "f8": 9.969209968386869e36}
DEFAULT_FILL |= {"i2": -32767, "i4": -2147483647, "i8": -9223372036854775806}
DEFAULT_FILL |= {"u2": 65535, "u4": 4294967295, "u8": 18446744073709551614}


def without_missing(
    values: npt.ArrayLike,
    attributes: Mapping[str, Any] | None = None,
    encoding: Mapping[str, Any] | None = None,
    fill_value: float | Iterable[float] | None = None,
) -> npt.NDArray[Any]:
    """Return values in native byte order, with NaN where they are missing.

    Missing are: values that are not finite; entries that a NumPy masked array hides;
    healpy's ``UNSEEN`` and the default fill value of NetCDF floats, also after a pass
    through float32; the codes ``_FillValue`` and ``missing_value``; values outside
    ``valid_min``, ``valid_max`` or ``valid_range``; default fill values of the integer
    type that a file packs its values in; and ``fill_value``.

    Parameters
    ----------
    values
        Numbers or booleans of any shape and byte order, masked or not.
    attributes
        Of the variable: codes and valid limits, each a number or a list.
    encoding
        How a file packs the values, as xarray describes a decoded variable: ``dtype``,
        ``scale_factor``, ``add_offset``, ``_FillValue``, ``_Unsigned``. It gives the
        unit of limits that are integers.
    fill_value
        Another code, or several.

    Returns
    -------
    numpy.ndarray
        The same shape. Integers and booleans become float64 where some are missing.
        Not a copy unless values change.

    Raises
    ------
    TypeError
        If the values are neither numbers nor booleans.

    Notes
    -----
    Source: CF conventions 1.13, section 2.5.1; NetCDF users' guide, attribute
    conventions (limits of the packed type are of packed values). Codes are compared up
    to a relative difference of 1e-6, their rounding in float32, and ``UNSEEN`` up to
    1e-5, as by ``healpy.mask_bad``.

    Examples
    --------
    >>> without_missing(np.array([1.0, -9999.0, 3.0]), {"missing_value": [-9999]})
    array([ 1., nan,  3.])
    >>> without_missing(np.ma.array([1, 2], mask=[True, False]))
    array([nan,  2.])
    """
    array = native(values)
    missing = missing_values(values, attributes, encoding, fill_value)
    if not missing.any():
        return array
    if array.dtype.kind not in "fc":
        array = array.astype(np.float64)
    return np.where(missing, np.array(np.nan, dtype=array.dtype), array)


def missing_values(
    values: npt.ArrayLike,
    attributes: Mapping[str, Any] | None = None,
    encoding: Mapping[str, Any] | None = None,
    fill_value: float | Iterable[float] | None = None,
) -> BoolArray:
    """Return where values are missing, as booleans; see :func:`without_missing`.

    Examples
    --------
    >>> import healpy
    >>> missing_values(np.float64([np.float32(healpy.UNSEEN), 0, np.inf]))
    array([ True, False,  True])
    """
    attributes, packing = attributes or {}, _Packing.of(encoding or {})
    missing = np.array(np.ma.getmaskarray(np.ma.asanyarray(values)))
    array = native(values)
    if array.dtype.kind == "b":
        return missing
    codes = [*_numbers(fill_value)]
    for key in CODES:
        codes += _numbers(attributes.get(key))
        stored = _numbers((encoding or {}).get(key))
        codes += [packing.unpacked(code) for code in stored]
    if not codes:
        codes += packing.default_fill()
    if array.dtype.kind in "fc":
        missing |= ~np.isfinite(array)
        # Such values are rare, so most arrays need only this look.
        with np.errstate(invalid="ignore", over="ignore"):
            huge = bool((np.abs(array) > 1e30).any())
        if huge:
            missing |= _close(array, UNSEEN, UNSEEN_TOLERANCE)
            missing |= _close(array, DEFAULT_FILL["f8"], CODE_TOLERANCE)
    for code in codes:
        missing |= _close(array, code, CODE_TOLERANCE)
    return missing | _outside(array, attributes, packing)


def native(values: npt.ArrayLike, name: str = "values") -> npt.NDArray[Any]:
    """Return numbers or booleans as a plain array of native byte order."""
    array = np.asarray(np.ma.getdata(values))
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"{name} must be numbers or booleans, got {array.dtype}; convert them with "
            "values.astype(float)"
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _numbers(codes: Any) -> list[float]:
    """Return the finite numbers of an attribute: one, several, or texts of numbers."""
    found: list[float] = []
    for code in np.atleast_1d(np.asarray([] if codes is None else codes)).ravel():
        if isinstance(code, np.integer):
            # Integers stay exact, since 64 bits hold more digits than a float.
            found.append(int(code))
            continue
        try:
            number = complex(code)
        except (TypeError, ValueError):
            continue
        if np.isfinite(number):
            found.append(number.real)
    return found


def _close(array: npt.NDArray[Any], code: float, tolerance: float) -> BoolArray:
    """Return where an array holds a code, up to rounding of the code."""
    never = np.zeros(array.shape, dtype=bool)
    if array.dtype.kind in "iu":
        info = np.iinfo(array.dtype)
        if code != int(code) or not info.min <= int(code) <= info.max:
            return never
        return np.asarray(array == array.dtype.type(int(code)))
    precision = np.finfo(array.dtype)
    if abs(code) > precision.max:
        return never
    slack = max(tolerance, float(precision.eps)) * abs(code)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.abs(array - array.dtype.type(code)) <= slack)


@dataclass(frozen=True)
class _Packing:
    """How a file stores values: its type, and the linear function that unpacks them."""

    dtype: np.dtype[Any] | None
    scale: float
    offset: float
    packed: bool

    @classmethod
    def of(cls, encoding: Mapping[str, Any]) -> _Packing:
        scale, offset = (
            float(np.asarray(encoding.get(key, default)).ravel()[0])
            for key, default in (("scale_factor", 1.0), ("add_offset", 0.0))
        )
        packed = "scale_factor" in encoding or "add_offset" in encoding
        try:
            dtype = np.dtype(encoding["dtype"])
        except (KeyError, TypeError):
            return cls(None, scale, offset, packed)
        if str(encoding.get("_Unsigned", "")).lower() == "true":
            dtype = np.dtype(f"u{dtype.itemsize}")
        return cls(dtype if dtype.kind in "iuf" else None, scale, offset, packed)

    def unpacked(self, value: float) -> float:
        """Return a stored number as it reads after unpacking."""
        if self.dtype is not None and self.dtype.kind == "u" and value < 0:
            value += 2 ** (8 * self.dtype.itemsize)
        return self.scale * value + self.offset if self.packed else value

    def default_fill(self) -> list[float]:
        """Return the value that reads where nothing was written, if there is one."""
        if self.dtype is None:
            return []
        fill = DEFAULT_FILL.get(f"{self.dtype.kind}{self.dtype.itemsize}")
        return [] if fill is None else [self.unpacked(fill)]

    def limit(
        self, given: Any, array: npt.NDArray[Any]
    ) -> tuple[float, float, bool] | None:
        """Return a limit in the unit of the array, or None if it is not one number.

        The second value is its rounding, and the third whether unpacking turns upper
        limits into lower ones.
        """
        numbers = _numbers(given)
        if len(numbers) != 1:
            return None
        kind = np.asarray(given).dtype.kind
        if kind in "iu" and array.dtype.kind in "fc":
            if self.packed and self.dtype is not None and self.dtype.kind in "iu":
                turned = self.scale < 0
                return self.unpacked(numbers[0]), 0.5 * abs(self.scale), turned
            # The packing of a short integer is not known any more.
            if self.dtype is None and getattr(given, "itemsize", 8) < 4:
                return None
        elif kind in "iu":
            return self.unpacked(numbers[0]), 0.0, False
        return float(numbers[0]), CODE_TOLERANCE * abs(numbers[0]), False


def _outside(
    array: npt.NDArray[Any], attributes: Mapping[str, Any], packing: _Packing
) -> BoolArray:
    """Return where values are outside the valid limits."""
    given = [attributes.get("valid_min"), attributes.get("valid_max")]
    both = attributes.get("valid_range")
    if both is not None and np.size(both) == 2:
        given = list(np.asarray(both).ravel())
    outside = np.zeros(array.shape, dtype=bool)
    for one, sign in zip(given, (-1, 1), strict=True):
        limit = packing.limit(one, array)
        if limit is None:
            continue
        value, slack, turned = limit
        # Differences of unsigned integers would wrap around.
        real = array.real if array.dtype.kind in "fc" else array.astype(np.float64)
        with np.errstate(invalid="ignore"):
            outside |= (real - value) * (-sign if turned else sign) > slack
    return outside
