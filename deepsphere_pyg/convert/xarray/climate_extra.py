"""Packages of the ``climate`` extra, imported only where they are needed."""

from __future__ import annotations

import importlib
from typing import Any


def climate_module(name: str) -> Any:
    """Import a package of the ``climate`` extra.

    Raises
    ------
    ImportError
        If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"reading these files needs {name}, which is not installed; "
            "run: pip install 'deepsphere-pyg[climate]'"
        ) from error
