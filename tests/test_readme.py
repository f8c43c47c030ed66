"""The README's snippets run as they stand, and it names both commands."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)


def test_readme_has_snippets_of_all_uses_and_of_the_import():
    assert len(SNIPPETS) == 8


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippet_runs(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(SNIPPETS[number], f"README snippet {number}", "exec"), {})


def test_readme_names_both_commands():
    text = README.read_text()
    assert "make demo" in text
    assert "make test" in text
