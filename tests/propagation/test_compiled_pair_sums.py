"""Compiled sums over products of rows, beside those by operations of PyTorch."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers import TensorProductActivation
from deepsphere_pyg.propagation.compiled import pair_sums
from deepsphere_pyg.propagation.compiled.pair_sums import COMPILED, runs_compiled
from tests.helpers import random
from tests.round_off import assert_near

pytest.importorskip("numba", reason="the compiled extra is not installed")
KERNELS = "deepsphere_pyg.propagation.compiled.pair_kernels"


def with_gradient(layer, x, weights):
    """Return products and the gradient of a weighted sum of them."""
    leaf = x.clone().requires_grad_()
    y = layer(leaf)
    (gradient,) = torch.autograd.grad(y, leaf, weights)
    return y.detach(), gradient


@pytest.fixture
def calls(monkeypatch):
    """Numbers of columns that compiled kernels were called with."""
    module = pytest.importorskip(KERNELS)
    found = []
    for name in ("sum_pairs", "add_pair_gradients"):
        kernel = getattr(module, name)

        def counted(*arrays, kernel=kernel):
            found.append(arrays[0].shape[1])
            return kernel(*arrays)

        monkeypatch.setattr(module, name, counted)
    return found


@settings(deadline=None)
@given(
    tau=st.lists(st.integers(0, 3), min_size=1, max_size=6).filter(any),
    mixing=st.sampled_from(["full", "mst", "rmst"]),
    columns=st.tuples(st.integers(0, 3), st.integers(0, 5)),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    threads=st.sampled_from([1, 3]),
    seed=st.integers(0, 2**16),
)
def test_they_are_those_of_products(tau, mixing, columns, dtype, threads, seed) -> None:
    layout = HarmonicLayout(len(tau), tau)
    try:
        layer = TensorProductActivation(layout, mixing=mixing).to(dtype)
    except ValueError:
        # No two fragments couple.
        return
    torch.manual_seed(seed)
    batch, channels = columns
    x = torch.randn(batch, layout.n_rows, channels, dtype=dtype)
    weights = torch.randn(batch, layer.layout_out.n_rows, channels, dtype=dtype)
    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_sums, "_MOST_EDGES_OF_A_PAIR", 10**6)
        # Parts that do not divide the columns.
        patch.setattr(pair_sums, "_WIDEST", 4)
        patch.setattr(pair_sums, "_NARROWEST", 2)
        torch.set_num_threads(threads)
        try:
            compiled = with_gradient(layer, x, weights)
        finally:
            torch.set_num_threads(before)
        patch.setenv(COMPILED, "off")
        products = with_gradient(layer, x, weights)
    for one, other in zip(compiled, products, strict=True):
        assert one.dtype == dtype
        largest = float(other.abs().max()) if other.numel() else 1.0
        assert_near(one, other, layout.n_rows**2, max(largest, 1.0))


def test_trees_are_compiled_and_float32_sums_of_many_edges_are_not(calls) -> None:
    x = random(2, 17**2, 5)
    for dtype, mixing, expected in (
        (torch.float32, "mst", [10, 10]),
        (torch.float32, "full", []),
        (torch.float64, "full", [10, 10]),
    ):
        layer = TensorProductActivation(17, mixing=mixing).to(dtype)
        y = torch.ones(2, layer.layout_out.n_rows, 5, dtype=dtype)
        with_gradient(layer, x.to(dtype), y)
        assert calls == expected
        calls.clear()


def test_parts_of_columns_are_wide_enough_for_vectors(calls) -> None:
    layer = TensorProductActivation(4, mixing="mst").to(torch.float32)
    before = torch.get_num_threads()
    try:
        for threads, width, expected in (
            (1, 600, [200, 200, 200]),
            (2, 600, [200, 200, 200]),
            (4, 96, [32, 32, 32]),
            (4, 40, [40]),
        ):
            torch.set_num_threads(threads)
            layer(torch.ones(1, 16, width))
            assert sorted(calls) == expected
            calls.clear()
    finally:
        torch.set_num_threads(before)


def test_they_can_be_switched_off(monkeypatch, calls) -> None:
    layer = TensorProductActivation(4, mixing="mst").to(torch.float32)
    monkeypatch.setenv(COMPILED, "off")
    layer(torch.ones(1, 16, 2))
    assert calls == []
    monkeypatch.setenv(COMPILED, "no")
    with pytest.raises(ValueError, match=f"{COMPILED} must be 'on' or 'off', got 'no'"):
        layer(torch.ones(1, 16, 2))


def test_other_devices_and_dtypes_do_without() -> None:
    assert runs_compiled(torch.ones(2, 2), 1, 1)
    assert not runs_compiled(torch.ones(2, 2, dtype=torch.bfloat16), 1, 1)
    assert not runs_compiled(torch.ones(2, 2, device="meta"), 1, 1)
    assert not runs_compiled(torch.ones(2, 0), 1, 1)


@pytest.mark.parametrize("reason", ["no numba", "broken", "no compiler", "no folder"])
def test_what_happens_without_numba_or_a_folder_to_keep_kernels_in(
    reason, tmp_path
) -> None:
    """In a process of its own, since numba cannot be imported twice."""
    broken = tmp_path / "numba"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('not with this NumPy')")
    prepare = {
        "no numba": "import sys; sys.modules['numba'] = None",
        "broken": f"import sys; sys.path.insert(0, {str(tmp_path)!r})",
        "no compiler": "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'",
        "no folder": (
            "from numba.core import caching\ncaching.CacheImpl._locator_classes = []"
        ),
    }[reason]
    program = f"""
{prepare}
import torch
from deepsphere_pyg.layers.fragments.tensor_product import TensorProductActivation
layer = TensorProductActivation(3, mixing="mst")
print(layer(torch.arange(9.0)[:, None]).double().square().sum().item())
import sys
print({KERNELS!r} in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    total, is_compiled = run.stdout.split()
    layer = TensorProductActivation(3, mixing="mst")
    expected = layer(torch.arange(9.0)[:, None]).double().square().sum()
    assert np.isclose(float(total), float(expected), rtol=1e-5)
    assert is_compiled == str(reason == "no folder")
    assert ("numba cannot be imported (not with this NumPy)" in run.stderr) == (
        reason == "broken"
    )
