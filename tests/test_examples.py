"""Every example runs and ends with a picture."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

# Packages of an extra, which examples draw with.
NEEDED = {"posterior_from_maps": "corner"}
EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


# In this process, since importing PyTorch takes longer than most examples.
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_draws_a_picture(example, tmp_path, monkeypatch):
    if example.stem in NEEDED:
        pytest.importorskip(NEEDED[example.stem])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(example), "--small"])
    with torch.random.fork_rng():
        runpy.run_path(str(example), run_name="__main__")
    pictures = list(tmp_path.rglob("*.png"))
    assert pictures
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
