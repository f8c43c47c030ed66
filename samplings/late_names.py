"""Packages that import their names on first use, since some take seconds to load."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def late_names(
    package: str, parts: Mapping[str, Sequence[str] | None]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    The package has the public names of its parts, and ``__all__`` lists them. A name
    loads the part that has it, and those before it whose names are neither stated here
    nor written as a list in their source.

    Parameters
    ----------
    package
        Import path of the package.
    parts
        Its modules and sub-packages, as ``".base"``, and other packages, in an order in
        which each imports only those before it. Each has the names that the package has
        of it, or None for all in its ``__all__``.

    Notes
    -----
    A name must not be that of a module of the package, which would take its place as
    soon as it is imported.

    Examples
    --------
    >>> getattr_, dir_ = late_names("samplings", {".resolution": ["nominal_bandlimit"]})
    >>> getattr_("nominal_bandlimit").__module__, getattr_("__all__")
    ('samplings.resolution', ['nominal_bandlimit'])
    """

    def names_of(part: str) -> Sequence[str]:
        stated = parts[part]
        if stated is not None:
            return stated
        written = _written_names(part, package)
        if written is not None:
            return written
        names: Sequence[str] = import_module(part, package).__all__
        return names

    def getattr_(name: str) -> Any:
        if name == "__all__":
            return sorted(one for part in parts for one in names_of(part))
        home = next(
            (part for part, names in parts.items() if name in (names or ())), ""
        )
        # Python and others ask for names of their own here, too.
        if not home and not name.startswith("_"):
            if find_spec(f"{package}.{name}") is not None:
                return import_module(f"{package}.{name}")
            home = next((part for part in parts if name in names_of(part)), "")
        if home:
            found = getattr(import_module(home, package), name)
            setattr(import_module(package), name, found)
            return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def dir_() -> list[str]:
        return sorted({*vars(import_module(package)), *getattr_("__all__")})

    return getattr_, dir_


@cache
def _written_names(part: str, package: str) -> Sequence[str] | None:
    """Return the names that ``__all__`` lists in the source of a part, unloaded.

    None if it is no list of texts, or if its source is not to be had.
    """
    spec = find_spec(part, package)
    read = getattr(None if spec is None else spec.loader, "get_source", None)
    source = None if spec is None or read is None else read(spec.name)
    lists = []
    for node in ast.parse(source or "").body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        if any(getattr(one, "id", "") == "__all__" for one in targets):
            lists.append(node)
    if len(lists) != 1 or not isinstance(lists[0], ast.Assign):
        return None
    try:
        names: Sequence[str] = ast.literal_eval(lists[0].value)
    except ValueError:
        return None
    return names
