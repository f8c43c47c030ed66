"""Base of classes that are rebuilt from a description, and the names that they have."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any, ClassVar

import numpy as np


class Described:
    """Base of classes with a configuration, from which ``from_config`` rebuilds them.

    Those with a ``config_type`` of their own are known by it as soon as they are
    defined.
    """

    #: The ``type`` of a configuration, and the parameters that it holds.
    config_type: ClassVar[str] = ""
    config_keys: ClassVar[tuple[str, ...]] = ()
    registry: ClassVar[dict[str, type[Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        kind = cls.__dict__.get("config_type")
        if not kind:
            return
        if isinstance(cls.config_keys, str):
            raise TypeError(
                f"config_keys must be a tuple of names, got {cls.config_keys!r}; write "
                f"({cls.config_keys!r},)"
            )
        cls.config_keys = tuple(cls.config_keys)
        other = Described.registry.get(kind)
        # A class that is defined again, as in a notebook, replaces the former.
        if other is not None and _place(other) != _place(cls):
            raise ValueError(
                f"config_type must be a name of its own, got {kind!r}, that of "
                f"{other.__name__}; choose another for {cls.__name__}"
            )
        Described.registry[kind] = cls

    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description; ``samplings.from_config`` inverts it."""
        if not self.config_type:
            raise TypeError(
                f"{type(self).__name__} has no configuration to rebuild from; give the "
                "class a config_type and config_keys"
            )
        _check_constructor(type(self))
        values = {key: self._plain_setting(key) for key in self.config_keys}
        return {"type": self.config_type, **values}

    def _plain_setting(self, key: str) -> Any:
        """Return a parameter as a value that JSON has."""
        value = getattr(self, key)
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            kind = type(self).__name__
            raise TypeError(
                f"configurations hold numbers and text, got an array as {key!r} of "
                f"{kind}; give {kind} a property config that returns a dictionary of "
                f"its type and {key!r} as a list, with which {kind} is called again"
            )
        return value


def _check_constructor(kind: type[Described]) -> None:
    """Refuse a class whose constructor does not take what its configuration holds."""
    parameters = signature(kind).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    taken = {one.name: one for one in parameters if one.kind in named}
    unknown = [key for key in kind.config_keys if key not in taken]
    if unknown:
        raise TypeError(
            f"the constructor of {kind.__name__} must take the names that config_keys "
            f"lists, from which it is rebuilt, but not {', '.join(unknown)}; name "
            "parameters of the constructor in config_keys"
        )
    lacking = [
        name
        for name, one in taken.items()
        if one.default is one.empty and name not in kind.config_keys
    ]
    if lacking:
        raise TypeError(
            f"config_keys of {kind.__name__} must list all that its constructor needs, "
            f"but not {', '.join(lacking)}; add them, or give them defaults"
        )


def _place(kind: type) -> tuple[str, str]:
    """Return where a class is defined."""
    return kind.__module__, kind.__qualname__
