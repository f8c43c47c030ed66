"""Attributes of variables, in whatever types their writers chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def attributes_of(variable: Any) -> dict[str, Any]:
    """Return the attributes of a variable; decoding moves some into the encoding."""
    return {**variable.encoding, **variable.attrs}


def text(attributes: Mapping[str, Any], key: str) -> str:
    """Return an attribute as text, empty if it is missing.

    Values may be bytes, arrays, or objects such as units of astropy or pint; several
    are joined by blanks.

    Examples
    --------
    >>> text({"units": [b"degrees_north"]}, "units"), text({"units": 1}, "units")
    ('degrees_north', '1')
    """
    value = attributes.get(key)
    if value is None:
        return ""
    if isinstance(value, np.ndarray | list | tuple):
        return " ".join(filter(None, (text({"": one}, "") for one in np.ravel(value))))
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value).strip().strip("\0").strip()


def number(attributes: Mapping[str, Any], key: str) -> float | None:
    """Return an attribute as a finite number, or None if it is not one.

    Examples
    --------
    >>> number({"radius": ["6371.0 "]}, "radius"), number({"radius": "Earth"}, "radius")
    (6371.0, None)
    """
    value = np.ravel(np.asarray(attributes.get(key), dtype=object))
    if value.size != 1:
        return None
    try:
        found = float(value[0])
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None
