"""Packages that import their names on first use, since some take seconds to load."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def late_names(
    package: str, parts: Mapping[str, Sequence[str] | None]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    The package has the public names of its parts, and ``__all__`` lists them. A name
    loads the part that has it, and those before it whose names are not stated here.

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
