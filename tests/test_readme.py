"""Snippets of the README and of the site run, and commands there have their options."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.commands.command_line import options_from

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
# Their snippets follow each other; those of other pages stand alone.
CONTINUED = {"docs/export.md"}


def name_of(page):
    return str(page.relative_to(ROOT))


def blocks_of(page, language):
    """Blocks of code of a page."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


def snippets_of(page):
    """Codes that run on their own, with a name each."""
    blocks = blocks_of(page, "python")
    if name_of(page) in CONTINUED:
        blocks = ["\n".join(blocks)]
    return [(f"{name_of(page)} {n}", code) for n, code in enumerate(blocks)]


def commands_of(page):
    """Words of the lines of shell code of a page, without comments."""
    lines = "".join(blocks_of(page, "sh")).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


SNIPPETS = [one for page in PAGES for one in snippets_of(page)]
COMMANDS = [words for page in PAGES for words in commands_of(page)]
OWN = [
    words[1:]
    for words in COMMANDS
    if words[0] == "deepsphere-pyg" and "--help" not in words
]
TEXT = "".join(page.read_text() for page in PAGES)


@pytest.mark.parametrize("words", OWN, ids=" ".join)
def test_commands_have_the_options_they_show(words):
    options_from(words[0], words[1:])


@pytest.mark.parametrize(
    "module", sorted(set(re.findall(r"-m (benchmarks[a-z0-9_.]+)", TEXT)))
)
def test_programs_that_made_a_table_are_there(module):
    assert find_spec(module.rstrip(".")) is not None


@pytest.mark.parametrize("path", sorted(set(re.findall(r"examples/\w+\.py", TEXT))))
def test_examples_that_are_named_are_there(path):
    assert (ROOT / path).is_file()


def test_readme_has_five_snippets_and_the_site_those_of_all_uses():
    assert len(snippets_of(README)) == 5
    assert len(snippets_of(ROOT / "docs" / "start" / "uses.md")) == 8


@pytest.fixture
def folder_with_fields(tmp_path, monkeypatch):
    """The folder to run in, with the file of fields that the README reads."""
    monkeypatch.chdir(tmp_path)
    u = np.random.default_rng(0).normal(size=(12, 45, 90))
    axes = ("time", "lat", "lon")
    places = {"lat": np.linspace(-88, 88, 45), "lon": np.arange(0, 360, 4.0)}
    fields = xr.Dataset(
        {"u": (axes, u), "t": (axes, 280 + 5 * u)}, {"time": range(12), **places}
    )
    fields.to_netcdf("fields.nc")


@pytest.mark.usefixtures("folder_with_fields")
@pytest.mark.parametrize(("name", "code"), SNIPPETS, ids=[name for name, _ in SNIPPETS])
def test_snippet_runs(name, code):
    exec(compile(code, name, "exec"), {})


def test_readme_is_short_and_names_both_commands():
    text = README.read_text()
    assert len(text.splitlines()) <= 150
    assert "make demo" in text
    assert "make test" in text
