"""The top level has the names of its modules, and importing it is light."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import deepsphere_pyg


def read(module):
    """The syntax tree of a module's source."""
    return ast.parse(Path(module.__file__).read_text())


def star_imports():
    """Modules whose names ``__init__`` imports for type checkers only."""
    imports = [
        n for n in ast.walk(read(deepsphere_pyg)) if isinstance(n, ast.ImportFrom)
    ]
    return [import_module(n.module) for n in imports if n.names[0].name == "*"]


def literal_names(module):
    """Names in the list that ``__all__`` starts as, which is all that mypy reads."""
    (found,) = [
        node.value
        for node in read(module).body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "__all__"
    ]
    return ast.literal_eval(found)


def test_names_at_run_time_are_those_of_the_type_checker():
    homes = {name: home for home in star_imports() for name in literal_names(home)}
    assert deepsphere_pyg.__all__ == sorted(homes)
    assert set(homes) <= set(dir(deepsphere_pyg))
    for name, home in homes.items():
        assert getattr(deepsphere_pyg, name) is getattr(home, name)


@pytest.mark.parametrize(
    "name", ["ChebConv", "EdgeOperator", "GeneralizedSphericalCNN", "ISHT", "SHT"]
)
def test_what_networks_are_put_together_from_is_at_the_top(name):
    assert getattr(deepsphere_pyg, name).__name__ == name


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'ChebyConv'"):
        deepsphere_pyg.ChebyConv  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import deepsphere_pyg", ["torch_geometric", "torch", "pytorch_lightning"]),
        ("from deepsphere_pyg import commands", ["torch_geometric", "torch"]),
        pytest.param(
            "import deepsphere_pyg.models",
            ["pytorch_lightning", "pygsp"],
            marks=pytest.mark.slow,  # It loads PyTorch.
        ),
    ],
)
def test_importing_loads_no_more_than_needed(statement, absent):
    code = f"{statement}; import sys; print([m for m in {absent} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
