"""Selections along the dimensions of files, as ``level=850``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepsphere_pyg.commands.options.parsing import flag


def selection(texts: Sequence[str], option: str = "select") -> dict[str, Any]:
    """Return the values by dimension: one value, or a list of several.

    Parameters
    ----------
    texts
        Selections ``DIM=VALUE``.
    option
        Option that they are of, for messages.

    Raises
    ------
    ValueError
        If a text has another form.

    Examples
    --------
    >>> selection(["level=850", "step=6h", "level=500"])
    {'level': [850, 500], 'step': '6h'}
    """
    values: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ValueError(
                f"--{flag(option)}: expected DIM=VALUE, such as level=850, got {text!r}"
            )
        # Without selections, nothing of the data sets is loaded.
        from deepsphere_pyg.datasets.netcdf.coordinates import number_or_text

        values.setdefault(name, []).append(number_or_text(value))
    return {name: all_[0] if len(all_) == 1 else all_ for name, all_ in values.items()}
