"""Codes of a label variable: their areas, and refusal of quantities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings import Sampling
from samplings.arrays import IntArray

# Labels have at most as many codes as a byte has values; a field has more.
MOST_CLASSES = 256


def code_areas(
    maps: Iterable[npt.NDArray[Any]], sampling: Sampling, vertex: IntArray, what: str
) -> dict[float, float]:
    """Sum the area of each code over maps on the cells of a file.

    Parameters
    ----------
    maps
        Codes, shape of ``vertex``, NaN where missing.
    sampling, vertex
        Vertices, and the vertex of each cell, or -1.
    what
        The variable, for messages: see :func:`refuse_fields`.
    """
    flat = vertex.ravel()
    cells = np.flatnonzero(flat >= 0)
    own = flat[cells]
    areas = (sampling.weights / np.bincount(own, minlength=len(sampling)))[own]
    found: dict[float, float] = {}
    for one in maps:
        codes = one.astype(np.float64).ravel()[cells]
        known = np.isfinite(codes)
        values, place = np.unique(codes[known], return_inverse=True)
        sums = np.bincount(place, areas[known], minlength=len(values))
        for value, area in zip(values.tolist(), sums.tolist(), strict=True):
            found[value] = found.get(value, 0.0) + area
        refuse_fields(what, list(found))
    return found


def refuse_fields(what: str, codes: list[float]) -> None:
    """Refuse a variable that has fractions or too many values to be classes."""
    remedy = (
        "bin them first, for example with numpy.digitize(values, edges), or choose "
        "another variable: segmentation needs classes, not a quantity; for numbers use "
        "regression"
    )
    fractions = [code for code in codes if code != np.floor(code)]
    if fractions:
        raise ValueError(
            f"{what} must hold the codes of classes, which are integers, got "
            f"{fractions[0]:g}; {remedy}"
        )
    if len(codes) > MOST_CLASSES:
        raise ValueError(
            f"{what} has more than {MOST_CLASSES} different values, from "
            f"{min(codes):g} to {max(codes):g}; {remedy}"
        )
