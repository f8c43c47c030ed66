"""How codes of targets become classes, and which variables hold codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deepsphere_pyg.datasets.netcdf.class_table import (
    ClassTable,
    build_table,
    code_names,
    given_names,
)
from samplings.arguments import probability_argument

Kind = Literal["auto", "numbers", "classes"]
KINDS: tuple[Kind, ...] = ("auto", "numbers", "classes")


@dataclass(frozen=True)
class ClassOptions:
    """How codes become classes: options of :class:`FieldMaps`."""

    class_names: Mapping[float, str] | Sequence[str] | None = None
    missing_label: str | None = None
    min_share: float = 0.0
    rare_label: str | None = "other"

    def __post_init__(self) -> None:
        probability_argument("min_share", self.min_share)

    def table(
        self, shares: Mapping[float, float], attributes: Mapping[str, Any], what: str
    ) -> ClassTable:
        """Return the class of each code; ``what`` names the variable in messages."""
        try:
            if self.class_names is None:
                names = code_names(attributes)
            else:
                names = given_names(self.class_names, sorted(shares))
            return build_table(
                shares,
                names,
                missing_label=self.missing_label,
                min_share=self.min_share,
                rare_label=self.rare_label,
            )
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from error

    def given(self) -> dict[float, float] | None:
        """Return the codes if names by code tell them, so that none need be read."""
        if isinstance(self.class_names, Mapping) and self.min_share == 0:
            return dict.fromkeys(given_names(self.class_names, ()), 1.0)
        return None


def hold_classes(kind: Kind, variables: Sequence[Any]) -> bool:
    """Whether variables hold classes: as asked, else by their type and attributes."""
    if kind != "auto":
        return kind == "classes"
    return all(_holds_codes(variable) for variable in variables)


def _holds_codes(variable: Any) -> bool:
    """Whether a variable has named codes, or is stored as integers as they are."""
    if {"flag_values", "CLIST"} & set(variable.attrs):
        return True
    packed = {"scale_factor", "add_offset"} & set(variable.encoding)
    # The coordinate of a dimension is a quantity, such as a year without its month.
    if packed or variable.dims == (variable.name,):
        return False
    stored = np.dtype(variable.encoding.get("dtype", variable.dtype))
    return stored.kind in "iub" or variable.dtype.kind in "iub"
