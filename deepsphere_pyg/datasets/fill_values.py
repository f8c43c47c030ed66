"""Fill values of missing data that count as numbers, since nothing declares them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from samplings.arguments import counted
from samplings.arrays import FloatArray
from samplings.missing_values import CODE_TOLERANCE

# Absolute values that files of models, stations and satellites hold where nothing is
# known. UNSEEN and the default of NetCDF are taken as missing already.
_CODES = np.array(
    [
        *(999.0, 999.9, 9999.0, 9999.9, 99999.0, 99999.9, 999999.0, 32767.0, 32768.0),
        *(1e15, 1e20, 9.999e20, 1e30, 1e33, 1e34, 1e35, 1e36, 1e37),
    ]
)
# Outer fences of Tukey's box plots, in widths of the middle half of the values.
_FENCE = 3.0


#: How values of files are marked as missing.
FILES_REMEDY = (
    "name them in the attribute missing_value of the variable, or open the file with "
    "xarray and pass data.where(data != value)"
)


class FillValueWarning(UserWarning):
    """Values that look like marks of missing data, but are taken as numbers."""


class FillValues:
    """Suspected fill values in the channels of many maps.

    A value is suspected if it is one of the usual codes, such as -9999 or 1e20, the
    lowest or highest value of its channel in a map, and further from the middle half of
    the others than three times its width (Tukey's outer fences). If more than half of
    the others are one number, such as zero, the middle half is that of the rest.

    Attributes
    ----------
    counts
        Number of values by channel and fill value.
    n_places
        Number of vertices looked at.

    Examples
    --------
    >>> found = FillValues()
    >>> found.add(np.array([[1.0, 3.0], [-9999.0, 4.0], [2.0, 5.0]]))
    >>> found.counts
    {(0, -9999.0): 1}
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[int, float], int] = {}
        self.n_places = 0

    def add(self, values: npt.ArrayLike, keep: npt.ArrayLike = True) -> None:
        """Look at a map.

        Parameters
        ----------
        values
            Shape ``(V, C)``, NaN where missing.
        keep
            True where the values count, shape ``(V,)`` or one for all.
        """
        x = np.asarray(values)
        x = x[np.broadcast_to(np.asarray(keep, dtype=bool), x.shape[:1])]
        self.n_places += len(x)
        if not len(x):
            return
        # Codes are rare, so most maps need only their extremes.
        suspects = set()
        for extremes in (np.fmin.reduce(x, axis=0), np.fmax.reduce(x, axis=0)):
            sizes = np.abs(extremes.astype(np.float64))[:, None]
            near = np.abs(sizes - _CODES) <= CODE_TOLERANCE * _CODES
            for channel in np.flatnonzero(near.any(axis=1)).tolist():
                code = float(_CODES[near[channel].argmax()])
                suspects.add((channel, code if extremes[channel] > 0 else -code))
        for channel, code in suspects:
            column = x[:, channel].astype(np.float64)
            same = np.abs(column - code) <= CODE_TOLERANCE * abs(code)
            others = column[~same & np.isfinite(column)]
            if not len(others) or _far(code, others):
                known = self.counts.get((channel, code), 0)
                self.counts[channel, code] = known + int(same.sum())

    def warn(
        self,
        data: str,
        names: Sequence[str] | None,
        remedy: str,
        *,
        places: tuple[str, str] = ("vertex", "vertices"),
        stacklevel: int = 2,
    ) -> None:
        """Give a :class:`FillValueWarning` of what was found, if anything was.

        Parameters
        ----------
        data
            What the maps are, such as ``"X"``.
        names
            One name per channel; None for their numbers.
        remedy
            How to mark values as missing.
        places
            What a value belongs to, one and several.
        stacklevel
            As for :func:`warnings.warn`, 2 for the caller.
        """
        if not self.counts:
            return
        found = [
            f"channel {channel if names is None else names[channel]} is {value:.6g} at "
            f"{n} of {counted(self.n_places, *places)}"
            for (channel, value), n in sorted(self.counts.items())
        ]
        warnings.warn(
            f"{data} may hold marks of missing values that count as numbers: "
            f"{', '.join(found)}; {remedy}, or ignore FillValueWarning if they are "
            "numbers",
            FillValueWarning,
            stacklevel=stacklevel + 1,
        )


def _far(code: float, others: FloatArray) -> bool:
    """Return whether a value lies beyond the outer fences of the others."""
    low, high = np.quantile(others, (0.25, 0.75))
    if low == high and not (others == low).all():
        # Where half of the values are one, such as zeros of rain, the others tell how
        # far values go.
        low, high = np.quantile(others[others != low], (0.25, 0.75))
    fence = _FENCE * (high - low)
    return not low - fence <= code <= high + fence
