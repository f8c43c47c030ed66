"""List the public names of the packages by subject, one page a subject.

The lists are written before Sphinx reads the sources, from ``__all__`` of the packages,
so that every public name is on one of them, and autosummary makes a page of each name.
A name stands in the section of the longest path that its home starts with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pydoc import locate
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.nodes import make_refnode
from subjects import SUBJECTS, Subject

FOLDER = "reference/subjects"
OURS = ("samplings", "deepsphere_pyg")


def home_of(package: ModuleType, name: str) -> str:
    """Return the import path of the module that defines a public name."""
    found = getattr(package, name)
    home = getattr(found, "__module__", None)
    if callable(found) and home:
        return str(home)
    # A constant does not state its module. Sources tell which modules may have it, of
    # the package or of another one that it takes the name from.
    root = import_module(package.__name__.partition(".")[0])
    for within in (package, root):
        for module in _modules_that_assign(name, within):
            if getattr(import_module(module), name, None) is found:
                return module
    raise ValueError(f"no module of {root.__name__} defines {name}")


def _modules_that_assign(name: str, package: ModuleType) -> Iterator[str]:
    top = Path(package.__path__[0])
    assignment = re.compile(rf"^{name}\b.* = ", flags=re.MULTILINE)
    for path in sorted(top.rglob("*.py")):
        if assignment.search(path.read_text()):
            parts = path.relative_to(top).with_suffix("").parts
            yield ".".join([package.__name__, *parts])


def comment_of(home: str, name: str) -> list[str]:
    """Return the lines of the comment that describes a constant."""
    comments = ModuleAnalyzer.for_module(home).find_attr_docs()
    if ("", name) not in comments:
        raise ValueError(
            f"{home}.{name} lacks a comment that begins with '#:' and says what it is; "
            "write one above it"
        )
    return comments["", name]


def section_of(home: str, subject: Subject) -> str | None:
    """Return the title of the section for a home, or None if it is not of a subject."""
    within = [
        (len(path), title)
        for title, paths in subject.sections.items()
        for path in paths
        if f"{home}.".startswith(f"{path}.")
    ]
    return max(within)[1] if within else None


def names_of(subject: Subject) -> dict[str, list[str]]:
    """Return the public names of a subject by the titles of its sections."""
    package = import_module(subject.package)
    names: dict[str, list[str]] = {title: [] for title in subject.sections}
    for name in package.__all__:
        title = section_of(home_of(package, name), subject)
        if title:
            names[title].append(f"{subject.package}.{name}")
    for title, more in subject.more.items():
        names[title] += more
    return names


def page_of(subject: Subject) -> str:
    """Return the text of the page of a subject."""
    lines = [subject.title, "=" * len(subject.title), "", subject.introduction, ""]
    for title, names in names_of(subject).items():
        if not names:
            raise ValueError(f"section {title!r} of {subject.title!r} has no names")
        lines += [title, "-" * len(title), ""]
        lines += [".. autosummary::", "   :toctree: names", "   :nosignatures:", ""]
        lines += [f"   ~{name}" for name in sorted(names, key=str.lower)] + [""]
    return "\n".join(lines)


def write_pages(app: Sphinx, config: Any) -> None:
    """Write the pages of all subjects that changed, and remove those of lost names."""
    folder = Path(app.srcdir) / FOLDER
    (folder / "names").mkdir(parents=True, exist_ok=True)
    listed = {name for one in SUBJECTS for of in names_of(one).values() for name in of}
    renamed = config.autosummary_filename_map
    listed = (listed - renamed.keys()) | set(renamed.values())
    for path in (folder / "names").iterdir():
        if path.stem not in listed:
            path.unlink()
    for subject in SUBJECTS:
        path, text = folder / f"{subject.page}.rst", page_of(subject)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def describe_constant(
    app: Sphinx, kind: str, name: str, found: Any, options: Any, lines: list[str]
) -> None:
    """Give a constant the comment of its home, since its package has none."""
    if kind == "data":
        package, _, own = name.rpartition(".")
        lines[:] = comment_of(home_of(import_module(package), own), own)


@cache
def public_names() -> dict[int, str]:
    """Return the import path on the pages of each class and function, by identity."""
    paths = [name for one in SUBJECTS for of in names_of(one).values() for name in of]
    found = {path: locate(path) for path in paths}
    return {id(one): path for path, one in found.items() if callable(one)}


def find_reference(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.TextElement
) -> nodes.Element | None:
    """Resolve a reference by another path than that of the page of a name.

    Layers are ``deepsphere_pyg.layers.ChebConv`` as well as ``deepsphere_pyg.ChebConv``
    in docstrings, and types have the path of their module. What exists and is not
    public, such as a base class, stays text; what does not exist is left to a warning.
    """
    target = str(node.get("reftarget"))
    if node.get("refdomain") != "py" or not target.startswith(OURS):
        return None
    found = locate(target)
    if isinstance(found, ModuleType):
        pages = [one.page for one in SUBJECTS if one.package == target]
        if len(pages) == 1:
            page = f"{FOLDER}/{pages[0]}"
            return make_refnode(app.builder, node["refdoc"], page, "", text)
    path = public_names().get(id(found))
    name, _, own = target.rpartition(".")
    owner = locate(name)
    if path is None and id(owner) in public_names():
        path = f"{public_names()[id(owner)]}.{own}"
    domain = env.domains["py"]
    link = path and domain.resolve_xref(
        env, node["refdoc"], app.builder, "obj", path, node, text
    )
    # Fields of dataclasses are annotations alone.
    exists = found is not None or own in getattr(owner, "__annotations__", {})
    return link or (text if exists else None)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("config-inited", write_pages)
    app.connect("autodoc-process-docstring", describe_constant)
    app.connect("missing-reference", find_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
