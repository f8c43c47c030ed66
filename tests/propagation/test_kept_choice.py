"""Sizes and kernels are measured once, kept, and change results by round-off only."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from deepsphere_pyg import ChebConv, DepthwiseChebConv, EdgeOperator
from deepsphere_pyg.propagation import executions, kept_choice
from deepsphere_pyg.propagation.choice_trials import (
    ALL_WIDTHS,
    BUILT_IN,
    NUMBERS,
    WIDTHS,
    Choice,
    best_numbers,
    best_width,
    faster,
    fastest_choice,
)
from deepsphere_pyg.propagation.kept_choice import choice_here
from samplings import HEALPix, knn_graph, laplacian, use_cache
from tests.round_off import assert_near

OTHER = Choice(2**16, 8, 32)


@pytest.fixture(autouse=True)
def _anew(monkeypatch):
    """Let each test begin and end like a process, with measurements allowed."""
    monkeypatch.delenv("DEEPSPHERE_PYG_TUNING")
    kept_choice._choice.cache_clear()
    yield
    kept_choice._choice.cache_clear()


@pytest.fixture
def folder(tmp_path):
    with use_cache(tmp_path):
        yield tmp_path


def found_by(choices, monkeypatch) -> list[Choice]:
    """Let measurements find choices, in order; return those that are left."""
    left = list(choices)
    monkeypatch.setattr(kept_choice, "fastest_choice", lambda: left.pop(0))
    return left


def test_a_measurement_finds_one_of_the_choices():
    choice = fastest_choice()
    assert choice.numbers in NUMBERS
    assert choice.csr_width in WIDTHS[torch.float32]
    assert choice.csr_width_double in WIDTHS[torch.float64]


def test_it_is_measured_once_and_read_by_later_processes(folder, monkeypatch):
    left = found_by([OTHER], monkeypatch)
    assert choice_here() == choice_here() == OTHER
    assert not left
    kept_choice._choice.cache_clear()
    assert choice_here() == OTHER
    assert len(list(folder.glob("kernels/choice-*.json"))) == 1


def test_threads_processors_and_versions_have_choices_of_their_own(folder, monkeypatch):
    others = [replace(OTHER, numbers=numbers) for numbers in NUMBERS[:4]]
    left = found_by(others, monkeypatch)
    found = [choice_here()]
    torch.set_num_threads(torch.get_num_threads() + 1)
    found.append(choice_here())
    monkeypatch.setattr(kept_choice, "processor", lambda: "another one, AVX2")
    kept_choice._choice.cache_clear()
    found.append(choice_here())
    monkeypatch.setattr(kept_choice, "version", lambda name: "99.0")
    kept_choice._choice.cache_clear()
    found.append(choice_here())
    assert found == others and not left


@pytest.mark.parametrize("turned_off", ["tuning", "cache"])
def test_turned_off_nothing_is_measured_or_written(turned_off, tmp_path, monkeypatch):
    found_by([], monkeypatch)
    if turned_off == "tuning":
        monkeypatch.setenv("DEEPSPHERE_PYG_TUNING", "off")
    with use_cache(tmp_path if turned_off == "tuning" else None):
        assert choice_here() == BUILT_IN
    assert not list(tmp_path.iterdir())


def test_a_word_that_is_neither_on_nor_off_is_refused(monkeypatch):
    monkeypatch.setenv("DEEPSPHERE_PYG_TUNING", "maybe")
    with pytest.raises(ValueError, match=r"_TUNING must be 'on' or 'off', got 'maybe'"):
        choice_here()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"\{", "{{"),
        (r"(?s).*", ""),
        (r'"numbers": \d+', '"numbers": 77'),
        (r'"numbers": \d+', '"numbers": []'),
        (r'"csr_width": \d+', '"csr_width": -1'),
        (r'"threads": \d+', '"threads": 99'),
        (r'"layout"', '"shape"'),
    ],
)
def test_damaged_files_are_replaced(old, new, folder, monkeypatch):
    again = replace(OTHER, csr_width=16)
    left = found_by([OTHER, again], monkeypatch)
    choice_here()
    (path,) = folder.glob("kernels/choice-*.json")
    whole = path.read_text()
    path.write_text(re.sub(old, new, whole, count=1))
    kept_choice._choice.cache_clear()
    with pytest.warns(RuntimeWarning, match=r"choice-.*cannot be read.*measurements"):
        assert choice_here() == again
    assert not left
    assert path.read_text() == whole.replace('"csr_width": 8', '"csr_width": 16')


def test_where_nothing_can_be_kept_the_built_in_choice_holds(folder, monkeypatch):
    found_by([], monkeypatch)
    (folder / "kernels").write_text("in the way")
    with pytest.warns(RuntimeWarning, match=r"built-in one is used.*_TUNING to off"):
        assert choice_here() == BUILT_IN


def test_processes_that_start_together_agree(folder, monkeypatch):
    left = found_by([replace(OTHER, numbers=n) for n in NUMBERS], monkeypatch)
    with ThreadPoolExecutor(5) as pool:
        # Locks of files exclude threads that open them apart, as they do processes.
        futures = [pool.submit(kept_choice._kept, folder, 1) for _ in range(5)]
        found = {future.result() for future in futures}
    assert len(found) == 1 and len(left) == len(NUMBERS) - 1


def test_importing_measures_nothing(tmp_path):
    script = "import deepsphere_pyg.edge_operator"
    where = {**os.environ, "DEEPSPHERE_PYG_CACHE": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=where, check=True)
    assert not list(tmp_path.iterdir())


HEAT = laplacian(knn_graph(HEALPix(16), 8, weighting="heat")).rescaled()


@pytest.mark.parametrize("layer", [ChebConv(2, 2, 3), DepthwiseChebConv(2, 3)])
def test_the_first_convolution_measures_whatever_pytorch_is_doing(layer, folder):
    state = torch.get_rng_state()
    with torch.inference_mode(), torch.autocast("cpu"):
        layer(torch.ones(1, 3072, 2), EdgeOperator(HEAT))
    assert torch.equal(state, torch.get_rng_state())
    assert len(list(folder.glob("kernels/choice-*.json"))) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("choice", [OTHER, Choice(2**20, 0, 8), Choice(2**18, 16, 64)])
@pytest.mark.parametrize("channels", [(6, 20), (20, 6), (6, 6)])
def test_results_depend_on_the_choice_by_round_off_alone(
    channels, choice, dtype, monkeypatch
):
    torch.manual_seed(0)
    layer = ChebConv(*channels, 4).to(dtype)
    if channels == (6, 6):
        layer = DepthwiseChebConv(6, 4).to(dtype)
    x = torch.randn(5, 3072, channels[0], dtype=dtype, requires_grad=True)
    results = []
    for chosen in (BUILT_IN, choice):
        monkeypatch.setattr(executions, "choice_here", lambda chosen=chosen: chosen)
        y = layer(x, EdgeOperator(HEAT, dtype=dtype))
        gradients = torch.autograd.grad(y.square().mean(), [x, *layer.parameters()])
        results.append((y.detach(), *gradients))
    for one, other in zip(*results, strict=True):
        # Sums over 9 edges, 4 terms and up to 20 channels, or 15,360 vertices.
        assert_near(one, other, 4000)


def test_only_clear_gains_replace_what_is_built_in():
    times = {2**17: [0.95, 1.0, 1.0], 2**18: [1.0, 1.05, 1.1], 2**19: [0.5, 1.1, 2.0]}
    assert not faster(times, 2**17, 2**18)
    assert best_numbers(times) == 2**18
    assert best_numbers({**times, 2**20: [0.7, 0.8, 0.9]}) == 2**20


@pytest.mark.parametrize(
    ("dtype", "built_in", "csr_wins", "expected"),
    [
        (torch.float32, 4, (2, 4), 4),
        (torch.float32, 4, (2, 4, 8), 8),
        (torch.float32, 4, (2, 4, 8, 16), 16),
        (torch.float32, 4, (2, 4, 16), 4),
        (torch.float32, 4, (2,), 2),
        (torch.float32, 4, (2, 16), 2),
        (torch.float32, 4, (), 0),
        (torch.float64, ALL_WIDTHS, (32, 64, ALL_WIDTHS), ALL_WIDTHS),
        (torch.float64, ALL_WIDTHS, (32, 64), 64),
        (torch.float64, ALL_WIDTHS, (32,), 32),
        (torch.float64, ALL_WIDTHS, (), 16),
        (torch.float64, ALL_WIDTHS, (ALL_WIDTHS,), ALL_WIDTHS),
    ],
)
def test_the_width_moves_to_where_kernels_change_places(
    dtype, built_in, csr_wins, expected
):
    times = {}
    for width in WIDTHS[dtype][1:]:
        times["csr", width] = [1.0 if width in csr_wins else 2.0]
        times["bag", width] = [1.5]
    assert best_width(times, WIDTHS[dtype], built_in) == expected


def test_kernels_that_are_as_fast_leave_the_built_in_width():
    times = {(name, width): [1.0] for name in ("csr", "bag") for width in (2, 4, 8, 16)}
    assert best_width(times, WIDTHS[torch.float32], 4) == 4
