"""The public names are what the type checker sees, and importing them is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import deepsphere_pyg


def declared_names():
    """Names that ``__init__`` imports for type checkers only."""
    tree = ast.parse(Path(deepsphere_pyg.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname: f"{node.module}"
        for node in imports
        for alias in node.names
        if node.module and node.module.startswith("deepsphere_pyg")
    }


def test_names_at_run_time_are_those_of_the_type_checker():
    assert declared_names() == deepsphere_pyg._HOME_OF
    assert deepsphere_pyg.__all__ == sorted(declared_names())
    assert set(deepsphere_pyg.__all__) <= set(dir(deepsphere_pyg))
    for name in deepsphere_pyg.__all__:
        assert getattr(deepsphere_pyg, name).__name__ == name


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'ChebyConv'"):
        deepsphere_pyg.ChebyConv  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import deepsphere_pyg", ["torch_geometric", "torch", "pytorch_lightning"]),
        ("import deepsphere_pyg.models", ["pytorch_lightning", "pygsp"]),
    ],
)
def test_importing_loads_no_more_than_needed(statement, absent):
    code = f"{statement}; import sys; print([m for m in {absent} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
