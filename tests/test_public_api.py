"""Packages have the names of their modules, and importing them is light."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import deepsphere_pyg
import samplings
from deepsphere_pyg import (
    convert,
    datasets,
    harmonics,
    layers,
    metrics,
    models,
    training,
)
from deepsphere_pyg.datasets import molecules
from deepsphere_pyg.training import forecasts

# Packages whose names are imported on first use.
LATE = [
    *(samplings, deepsphere_pyg, convert, datasets, harmonics, layers, metrics),
    *(models, molecules, forecasts, training),
]


def read(module):
    """The syntax tree of a module's source."""
    return ast.parse(Path(module.__file__).read_text())


def names_of_type_checker(package):
    """Names that ``__init__`` imports for type checkers only, with their modules."""
    (branch,) = [node for node in read(package).body if isinstance(node, ast.If)]
    homes = {}
    for node in branch.body:
        if isinstance(node, ast.ImportFrom):
            home = import_module(node.module)
            star = node.names[0].name == "*"
            names = [one.name for one in node.names]
            if star:
                late = home in LATE
                names = names_of_type_checker(home) if late else literal_names(home)
            homes |= dict.fromkeys(names, home)
    return homes


def literal_names(module):
    """Names in the list that ``__all__`` starts as, which is all that mypy reads."""
    (found,) = [
        node.value
        for node in read(module).body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "__all__"
    ]
    return ast.literal_eval(found)


@pytest.mark.parametrize("package", LATE, ids=lambda one: one.__name__)
def test_names_at_run_time_are_those_of_the_type_checker(package):
    homes = names_of_type_checker(package)
    modules = {path.stem for path in Path(package.__file__).parent.iterdir()}
    assert package.__all__ == sorted(homes)
    assert set(homes) <= set(dir(package))
    for name, home in homes.items():
        assert getattr(package, name) is getattr(home, name)
        # A module of that name would replace it as soon as it is imported.
        assert name not in modules


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
        ("import samplings", ["numpy", "scipy", "healpy"]),
        ("from deepsphere_pyg.training import TrainingOptions", ["torch", "healpy"]),
        pytest.param(
            "import deepsphere_pyg.models",
            ["pytorch_lightning", "pygsp", "torch_geometric", "torch._dynamo"],
            marks=pytest.mark.slow,  # It loads PyTorch.
        ),
        pytest.param(
            "from deepsphere_pyg.datasets import FieldMaps",
            [
                *("pytorch_lightning", "torch_geometric", "torch._dynamo", "xarray"),
                *("deepsphere_pyg.datasets.weather", "deepsphere_pyg.harmonics.sht"),
            ],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "from deepsphere_pyg.models import SphericalUNet",
            ["deepsphere_pyg.models.so3_classifier", "deepsphere_pyg.harmonics.so3"],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_importing_loads_no_more_than_needed(statement, absent):
    code = f"{statement}; import sys; print([m for m in {absent} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
