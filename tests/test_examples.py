"""Every example and tutorial runs, ends with a picture and leaves nothing behind."""

import re
import runpy
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

FOLDER = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted([*FOLDER.glob("*.py"), *FOLDER.glob("tutorials/*.py")])
# Packages of an extra, which some scripts need.
NEEDED = {"posterior_from_maps": "corner", "shapes_on_the_sphere": "embreex"}
# Trainings of ten seconds and more, and one that starts processes.
SLOW = {
    "climate_file",
    "forecasting",
    "one_sphere_two_processes",
    "partial_sky",
    "points_and_pyg_layers",
}


def named(script: Path):
    """Return a script as a parameter of the tests below."""
    marks = [pytest.mark.slow] if script.stem in SLOW else []
    return pytest.param(script, id=script.stem, marks=marks)


@pytest.fixture
def _figures():
    plt.close("all")
    # Scripts choose the style of the package for all of their pictures.
    with mpl.rc_context():
        yield
    plt.close("all")


# PyTorch Geometric scripts functions as it is imported.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
# In this process, since importing PyTorch takes longer than most scripts.
@pytest.mark.usefixtures("_figures")
# Where there is a screen, but Matplotlib is not to use it.
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")
@pytest.mark.parametrize("script", [named(script) for script in SCRIPTS])
def test_script_draws_a_picture(script, tmp_path, monkeypatch):
    if script.stem in NEEDED:
        pytest.importorskip(NEEDED[script.stem])
    plt.switch_backend("agg")
    monkeypatch.chdir(tmp_path)
    # Short scripts take no options; longer ones have this one.
    monkeypatch.setattr(sys, "argv", [str(script), "--small"])
    with torch.random.fork_rng():
        runpy.run_path(str(script), run_name="__main__")
    numbers = plt.get_fignums()
    assert numbers, "there is no figure of pyplot, which galleries show"
    for number in numbers:
        figure = plt.figure(number)
        figure.set_dpi(40)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())
        assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 10, "figure is blank"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_begins_with_a_title(script):
    text = script.read_text()
    head = re.match(r'"""\n(?P<title>.+)\n(?P<line>=+)\n\n(?P<what>\S)', text)
    assert head, "begin with an underlined title and a paragraph"
    assert len(head["line"]) == len(head["title"])
    assert "shared/" not in text, "data beside the repository are not for examples"
