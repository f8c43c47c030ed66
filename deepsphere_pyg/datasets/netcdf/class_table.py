"""From the codes of a label variable to named classes 0, 1, 2, ..."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import (
    counted,
    instance_argument,
    names_argument,
    probability_argument,
    shown,
)


@dataclass(frozen=True)
class ClassTable:
    """The class of each code in the files."""

    names: tuple[str, ...]  # of the classes
    codes: tuple[float, ...]  # ascending
    classes: tuple[int, ...]  # of the codes; -1 for a masked one
    missing: int  # class of missing labels; -1 if they are masked

    def apply(self, labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the classes of an array of codes, -1 where masked.

        Codes that are not in the table raise ``ValueError``.
        """
        values = labels.astype(np.float64)
        known = np.isfinite(values)
        position = np.searchsorted(self.codes, values[known])
        position = np.minimum(position, len(self.codes) - 1)
        strange = np.asarray(self.codes)[position] != values[known]
        if strange.any():
            raise ValueError(
                f"label {values[known][strange][0]:g} is not among the known codes "
                f"{', '.join(f'{code:g}' for code in self.codes)}; "
                "give class_names for every code that occurs"
            )
        classes = np.full(values.shape, self.missing, dtype=np.int64)
        classes[known] = np.asarray(self.classes, dtype=np.int64)[position]
        return classes


def code_names(attributes: Mapping[str, Any]) -> dict[float, str]:
    """Return the names of codes in the attributes of a file.

    They are ``flag_values`` with ``flag_meanings`` (CF conventions, section 3.5), or
    ``CLIST`` (IRI Data Library: one name per line, from the code ``valid_min`` on).
    Different numbers of names and values, and codes that are sums of flags, raise
    ``ValueError``.

    Examples
    --------
    >>> code_names({"flag_values": [0, 4], "flag_meanings": "land open_sea"})
    {0.0: 'land', 4.0: 'open sea'}
    """
    if "flag_masks" in attributes:
        raise ValueError(
            "flag_masks says that codes are sums of flags, several of which may be "
            "set: derive classes first, as in (values & 4) > 0, or pass "
            "class_names for the codes as they are"
        )
    if "flag_values" in attributes and "flag_meanings" in attributes:
        values = _flag_values(attributes["flag_values"])
        names = " ".join(map(str, np.ravel(attributes["flag_meanings"]))).split()
        if len(values) != len(names):
            raise ValueError(
                f"flag_values has {counted(len(values), 'value')} but flag_meanings "
                f"{counted(len(names), 'name')}; pass class_names"
            )
        named = zip(values, names, strict=True)
        return {float(value): name.replace("_", " ") for value, name in named}
    if "CLIST" in attributes:
        first = int(np.ravel(attributes.get("valid_min", 1))[0])
        lines = str(np.ravel(attributes["CLIST"])[0]).split("\n")
        return {float(first + i): line.strip() for i, line in enumerate(lines)}
    return {}


def _flag_values(given: Any) -> list[float]:
    """Return the numbers in an attribute, or in a text such as ``"0, 1b, 2b"``."""
    if isinstance(given, str):
        given = re.findall(r"[-+]?\d+(?:\.\d*)?", given)
    return [float(value) for value in np.ravel(np.asarray(given)).tolist()]


def build_table(
    shares: Mapping[float, float],
    names: Mapping[float, str],
    *,
    missing_label: str | None = None,
    min_share: float = 0.0,
    rare_label: str | None = "other",
) -> ClassTable:
    """Assign a class to each code.

    The class of missing labels comes first if there is one, then the codes in ascending
    order, with codes of equal name in one class. Names that cover less than
    ``min_share`` of the labelled area become ``rare_label``, which is the last class
    unless it names one of the others, or are masked if that is None. Fewer than two
    remaining classes raise ``ValueError``.

    Parameters
    ----------
    shares
        Area of each code that occurs, in any unit.
    names
        Names of codes; a code without a name is called by its number.
    missing_label, min_share, rare_label
        As in :class:`XarrayDataset`.

    Examples
    --------
    >>> table = build_table({1: 90, 2: 1, 5: 9}, {1: "sea"}, missing_label="land",
    ...     min_share=0.05)
    >>> table.names, table.classes, table.missing
    (('land', 'sea', '5', 'other'), (1, 3, 2), 0)
    """
    probability_argument("min_share", min_share)
    for label, value in (("missing_label", missing_label), ("rare_label", rare_label)):
        if value is not None:
            instance_argument(label, value, str, "pass a name, or None for no class")
    codes = sorted(shares)
    named = [names.get(code, f"{code:g}") for code in codes]
    total = sum(shares.values())
    covered: dict[str, float] = {}
    for code, name in zip(codes, named, strict=True):
        covered[name] = covered.get(name, 0.0) + shares[code]
    rare = {name for name, area in covered.items() if area < min_share * total}
    order = [] if missing_label is None else [missing_label]
    order += [name for name in covered if name not in rare]
    if rare and rare_label is not None:
        order.append(rare_label)
    order = list(dict.fromkeys(order))
    if len(order) < 2:
        raise ValueError(
            f"segmentation needs at least two classes, got {order} from the codes "
            f"[{', '.join(f'{code:g}' for code in codes)}]; give missing labels a "
            "class with missing_label, or lower min_share"
        )
    # Masked names are not in the order.
    position = {name: i for i, name in enumerate(order)}
    final = [rare_label if name in rare else name for name in named]
    classes = tuple(-1 if name is None else position[name] for name in final)
    missing = -1 if missing_label is None else 0
    return ClassTable(tuple(order), tuple(codes), classes, missing)


def given_names(
    class_names: Mapping[float, str] | Sequence[str], codes: Sequence[float]
) -> dict[float, str]:
    """Return the names that a user gives to codes, by code or in the order of codes.

    Different numbers of names and codes raise ``ValueError``.
    """
    if isinstance(class_names, Mapping):
        try:
            return {float(code): str(name) for code, name in class_names.items()}
        except (TypeError, ValueError):
            raise TypeError(
                f"class_names must map codes, which are numbers, to names, got "
                f"{shown(class_names)}; pass a mapping such as {{0: 'land', 1: 'sea'}}"
            ) from None
    class_names = names_argument("class_names", class_names)
    if len(class_names) != len(codes):
        raise ValueError(
            f"class_names has {counted(len(class_names), 'name')} for the {len(codes)} "
            f"codes {', '.join(f'{code:g}' for code in codes)}; pass one each, or a "
            "mapping from code to name"
        )
    return dict(zip(codes, class_names, strict=True))
