"""The site builds without a warning, and its links and pictures are all of use."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pydoc import locate
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted(DOCS.rglob("*.md")),
]
# Links and pictures, but for addresses and places of the same page.
LINK = re.compile(r"\]\((?!https?://|#)([^)\s]+)\)")


def links_of(text):
    """Paths that a text links to, without the place on the page."""
    return [unquote(link.partition("#")[0]) for link in LINK.findall(text.read_text())]


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(text):
    # Pages of the gallery are made by the build; it checks links to them.
    made = ("tutorials/", "gallery/", "reference/subjects/")
    for link in links_of(text):
        target = (text.parent / link).resolve()
        if not str(target.relative_to(ROOT)).startswith(
            tuple(f"docs/{m}" for m in made)
        ):
            assert target.exists(), f"{text.relative_to(ROOT)} links to {link}"


def test_every_picture_is_shown_on_a_page():
    shown = {
        (text.parent / link).resolve() for text in TEXTS for link in links_of(text)
    }
    pictures = {path for path in (DOCS / "images").iterdir() if path.is_file()}
    assert pictures - shown == set()


def test_reference_has_one_page_of_every_public_name(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "extensions")
    subjects = import_module("subjects").SUBJECTS
    names_of = import_module("reference_pages").names_of
    paths = [path for one in subjects for of in names_of(one).values() for path in of]
    pages = {id(locate(path)): path for path in paths}
    assert len(pages) == len(paths)
    for package in {import_module(one.package) for one in subjects}:
        for name in package.__all__:
            assert id(getattr(package, name)) in pages, f"{package.__name__}.{name}"


def test_site_builds_without_a_warning(tmp_path):
    # All is read and all references are resolved, but no HTML is written, which takes
    # as long again; and no script of the gallery is run.
    options = "-q -W --keep-going -b dummy -t without_sources".split()
    packages = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, DOCS, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        # The packages that this process found, wherever they are.
        env=os.environ | {"PYTHONPATH": packages, "DOCS_RUN_SCRIPTS": "0"},
    )
    assert done.returncode == 0, done.stderr[-5000:]
