"""What is shipped: the archive, the citation and the recipe agree with the project."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RECIPE = yaml.safe_load((ROOT / "conda/recipe.yaml").read_text())

# Names on conda-forge where they differ.
CONDA_NAMES = {
    "torch": "pytorch",
    "torch-geometric": "pytorch_geometric",
    "matplotlib": "matplotlib-base",
    "docstring-parser": "docstring_parser",
}


def requirements_of_extra(requirement):
    """Return what the extras of a requirement require."""
    found = map(Requirement, requires(requirement.name) or [])
    return [
        other
        for other in found
        for extra in requirement.extras
        if other.marker
        and other.marker.evaluate({"extra": extra})
        and not other.marker.evaluate({"extra": ""})
    ]


def test_the_conda_recipe_requires_what_the_project_requires():
    needed = [Requirement(text) for text in PROJECT["dependencies"]]
    extra = [other for one in needed for other in requirements_of_extra(one)]
    expected = {f"python {PROJECT['requires-python']}"}
    for one in needed:
        expected.add(f"{CONDA_NAMES.get(one.name, one.name)} {one.specifier}")
    run = set(RECIPE["requirements"]["run"])
    assert expected <= run
    names = {CONDA_NAMES.get(one.name, one.name) for one in extra} - {"jsonargparse"}
    assert {line.split()[0] for line in run - expected} == names


def test_versions_and_licences_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == RECIPE["context"]["version"] == PROJECT["version"]
    assert citation["license"] == RECIPE["about"]["license"] == PROJECT["license"]
    assert RECIPE["about"]["summary"] == PROJECT["description"]
    (command,) = PROJECT["scripts"].items()
    assert RECIPE["build"]["python"]["entry_points"] == [" = ".join(command)]
    minor = re.findall(r":: (3\.\d+)", " ".join(PROJECT["classifiers"]))
    assert PROJECT["requires-python"] == f">={minor[0]}"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return the names of the files of a source archive, without its folder."""
    if not (ROOT / "deepsphere_pyg").is_dir():
        pytest.skip("needs a checkout, with the packages beside the tests")
    folder = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns(
        *(".git", ".venv*", "runs", "build", "dist", "_build", "*_cache"),
        *("__pycache__", "*.egg-info", ".hypothesis"),
    )
    copy = shutil.copytree(ROOT, folder / "copy", ignore=ignored, symlinks=True)
    script = "from setuptools import build_meta as b; b.build_sdist('out')"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (path,) = (copy / "out").glob("*.tar.gz")
    with tarfile.open(path) as opened:
        return {name.partition("/")[2] for name in opened.getnames()}


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE"),
        *("Makefile", "constraints.txt", "docs/conf.py", "docs/architecture.md"),
        *(
            "conda/recipe.yaml",
            "tests/conftest.py",
            "tests/test_packaging.py",
        ),
        *("samplings/py.typed", "deepsphere_pyg/plot/maps/coastlines.npz"),
    ],
)
def test_the_archive_has_what_a_checkout_has(archive, name):
    assert name in archive


def test_the_archive_has_all_code_and_no_remains(archive):
    for folder in ("deepsphere_pyg", "samplings", "tests", "examples", "benchmarks"):
        code = {str(p.relative_to(ROOT)) for p in (ROOT / folder).rglob("*.py")}
        assert code and code <= archive
    assert not any("__pycache__" in name or "_build" in name for name in archive)
