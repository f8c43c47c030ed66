"""The README's snippets run as they stand, and it names both commands."""

import re
import shlex
from pathlib import Path

import pytest

from deepsphere_pyg.commands.command_line import options_from

README = Path(__file__).parents[1] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)

BLOCKS = re.findall(r"```sh\n(.*?)```", README.read_text(), flags=re.DOTALL)
LINES = "".join(BLOCKS).replace("\\\n", " ").splitlines()
COMMANDS = [
    words[1:]
    for words in (shlex.split(line, comments=True) for line in LINES)
    if words[:1] == ["deepsphere-pyg"] and "--help" not in words
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_have_the_options_they_show(words):
    options_from(words[0], words[1:])


def test_readme_has_snippets_of_all_uses_and_of_the_import():
    assert len(SNIPPETS) == 10


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippet_runs(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(SNIPPETS[number], f"README snippet {number}", "exec"), {})


def test_readme_names_both_commands():
    text = README.read_text()
    assert "make demo" in text
    assert "make test" in text
