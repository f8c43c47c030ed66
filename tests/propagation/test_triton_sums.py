"""Sums over edges by Triton, in its interpreter, and the choice by measurement.

The interpreter runs on the CPU: ``make test-triton`` installs Triton beside the virtual
environment and runs these tests, and those of all executions.
"""

import os
import subprocess
import sys
import time
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from deepsphere_pyg import ChebConv, EdgeOperator, SphericalClassifier
from deepsphere_pyg.propagation import available_executions, measured_choices
from deepsphere_pyg.propagation.gpu import chosen_by_time, runs_triton, triton_sum
from deepsphere_pyg.propagation.products import product_step
from samplings import HEALPix
from tests.helpers import random
from tests.round_off import assert_near

CPU = torch.device("cpu")
interpreted = pytest.mark.skipif(
    not runs_triton(CPU),
    reason="Triton is not installed, or TRITON_INTERPRET is not 1: make test-triton",
)
DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


def with_gaps(n_out, n_in, density=0.2, seed=0):
    """A matrix with a full row, and with rows and columns that are empty."""
    rng = np.random.default_rng(seed)
    dense = rng.standard_normal((n_out, n_in)) * (rng.random((n_out, n_in)) < density)
    dense[-1] = 1
    dense[: n_out // 3] = 0
    dense[:, n_in // 2 :: 7] = 0
    return sp.csr_array(dense)


MATRICES = {
    "square": with_gaps(40, 40),
    "wide": with_gaps(9, 70),
    # More rows than a program has, for every number of columns.
    "tall": with_gaps(300, 5, density=0.1),
    "one vertex": sp.csr_array([[-2.5]]),
    "no edge": sp.csr_array((6, 4)),
}


def parts_of(matrix, dtype):
    operator = EdgeOperator(matrix, dtype=dtype)
    return [operator.offsets, operator.indices, operator.weight]


@interpreted
@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("batch", "channels"), [((), 3), ((2,), 16), ((3,), 65)])
def test_sums_are_those_of_scipy(name, dtype, batch, channels):
    matrix = MATRICES[name]
    x = random(*batch, matrix.shape[1], channels, dtype=torch.float64).to(dtype)
    rows = parts_of(matrix, dtype)
    y = triton_sum(x, *rows)
    # Signals and weights are those that were rounded; sums are in float32 at least.
    rounded = matrix.copy()
    rounded.data = rows[2].double().numpy()
    signals = x.double().reshape(-1, *x.shape[-2:]).numpy()
    wanted = torch.from_numpy(np.stack([rounded @ one for one in signals]))
    assert y.dtype == dtype and y.shape == (*batch, matrix.shape[0], channels)
    largest = float((abs(rounded) @ abs(signals[0])).max()) if matrix.nnz else 1.0
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    in_sums = 16 * torch.finfo(wide).eps * largest * 70**0.5
    rounding = torch.finfo(dtype).eps * wanted.abs()
    found = y.double().view(wanted.shape)
    assert ((found - wanted).abs() <= in_sums + rounding).all()


@interpreted
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_step_is_that_of_the_other_kernels(scale, dtype):
    rows = parts_of(MATRICES["square"], dtype)
    x, z = (random(40, 7, dtype=dtype, seed=seed) for seed in (1, 2))
    # Terms at the core and around it are prefixes of the rows.
    rows[0] = rows[0][:31]
    for minus in (None, z):
        found = product_step(x, rows, "triton", scale, minus)
        wanted = product_step(x, rows, "csr", scale, minus)
        assert_near(found, wanted, 40, 10)
    assert torch.equal(z, random(40, 7, dtype=dtype, seed=2))


@interpreted
def test_equal_inputs_give_equal_bits_in_any_batch():
    rows = parts_of(MATRICES["square"], torch.float32)
    x = random(5, 40, 3, dtype=torch.float32)
    together = triton_sum(x, *rows)
    for one, alone in zip(together, x, strict=True):
        assert torch.equal(one, triton_sum(alone, *rows))


@interpreted
@pytest.mark.parametrize("name", MATRICES)
def test_gradients_go_through_the_transpose(name):
    operator = EdgeOperator(MATRICES[name], execution="triton", dtype=torch.float64)
    x, y = random(2, operator.n_in, 3), random(2, operator.n_out, 3, seed=2)
    (gradient,) = torch.autograd.grad((operator(x.requires_grad_()) * y).sum(), x)
    wanted = torch.from_numpy(np.stack([MATRICES[name].T @ one.numpy() for one in y]))
    assert_near(gradient, wanted, 300, 10)
    assert_near(operator.adjoint(y), wanted, 300, 10)


@interpreted
@pytest.mark.parametrize("channels", [(1, 3), (3, 1), (4, 4)])
@pytest.mark.parametrize("K", [2, 4])
def test_convolutions_and_their_derivatives_are_those_of_message_passing(channels, K):
    matrix = MATRICES["square"] / 12
    torch.manual_seed(0)
    layer = ChebConv(*channels, K).double()
    x = random(2, 3, 40, channels[0]).requires_grad_()
    results = []
    for execution in ("triton", "message_passing"):
        operator = EdgeOperator(matrix, execution=execution, dtype=torch.float64)
        y = layer(x, operator)
        loss = y.square().sum()
        first = torch.autograd.grad(loss, (x, layer.weight), create_graph=True)
        second = torch.autograd.grad(first[0].square().sum(), (x, layer.weight))
        results.append((y, *first, *second))
    for found, wanted in zip(*results, strict=True):
        assert_near(found, wanted, 4000)


@interpreted
def test_networks_are_those_of_the_automatic_execution():
    torch.manual_seed(0)
    network = SphericalClassifier(3, 5, HEALPix(4), widths=(4, 8), K=3)
    x = random(2, 192, 3, dtype=torch.float32)
    wanted = network(x)
    for part in network.modules():
        if isinstance(part, EdgeOperator):
            part.execution = "triton"
    assert_near(network(x), wanted, 200)


COMPILED = """
import re
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from deepsphere_pyg.propagation.gpu.kernel import weighted_sum

for dtype, precise in (("fp32", False), ("bf16", False), ("fp64", True)):
    kinds = dict.fromkeys(weighted_sum.arg_names, "i32")
    kinds |= dict.fromkeys(("y", "x", "minus", "weights"), "*" + dtype)
    kinds |= dict.fromkeys(("offsets", "indices"), "*i32") | {"scale": "fp32"}
    fixed = {"subtracts": True, "precise": precise, "ROWS": 16, "COLUMNS": 64}
    kinds |= dict.fromkeys(fixed, "constexpr")
    even = ("y", "x", "minus", "weights", "channels", "columns")
    places = [(weighted_sum.arg_names.index(name),) for name in even]
    source = ASTSource(
        weighted_sum, kinds, fixed, {at: [["tt.divisibility", 16]] for at in places}
    )
    options = {"num_warps": 4, "enable_fp_fusion": True}
    code = compile(source, GPUTarget("cuda", 90, 32), options).asm["ptx"]
    assert "atom." not in code and "red." not in code
    print(dtype, re.search("ld.global.v[24]", code).group())
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
def test_the_kernel_compiles_for_gpus_with_wide_loads_and_no_atomic_sums(tmp_path):
    given = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-c", COMPILED],
        env={**given, "TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    wide = {"fp32": "v4", "bf16": "v4", "fp64": "v2"}
    wanted = [f"{dtype} ld.global.{width}" for dtype, width in wide.items()]
    assert done.stdout.splitlines() == wanted


# -- without Triton ------------------------------------------------------------------
@pytest.mark.skipif(runs_triton(CPU), reason="Triton's interpreter is at hand here")
def test_asking_for_triton_where_it_cannot_run_is_refused():
    assert "triton" not in available_executions(CPU)
    operator = EdgeOperator(MATRICES["square"], execution="triton")
    wanted = (
        r"needs triton, which is not installed; run pip install triton, or"
        r"|needs signals on a CUDA device, got cpu; move the operator"
    )
    with pytest.raises((ImportError, ValueError), match=wanted):
        operator(torch.zeros(40, 1))
    with pytest.raises((ImportError, ValueError), match=wanted):
        ChebConv(1, 1, 3)(torch.zeros(40, 1), operator)


# -- the choice by measurement ---------------------------------------------------------
def lasting(seconds):
    """A run of a known length."""

    def run():
        time.sleep(seconds)
        return torch.zeros(1)

    return run


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [(0.02, 0.002, "triton"), (0.002, 0.02, "csr"), (0.02, 0.0199, "csr")],
)
def test_the_fastest_kernel_is_chosen_by_a_margin(first, second, wanted, request):
    kind = request.node.name
    runs = {"csr": lasting(first), "triton": lasting(second)}
    assert chosen_by_time(kind, runs, CPU) == wanted
    assert measured_choices()[kind] == wanted


def test_a_choice_is_kept_whatever_later_times_are():
    kind = "kept"
    chosen_by_time(kind, {"csr": lasting(0.01), "triton": lasting(0.001)}, CPU)
    slower = {"csr": lasting(0.001), "triton": lasting(0.01)}
    assert chosen_by_time(kind, slower, CPU) == "triton"
    assert chosen_by_time("another kind", slower, CPU) == "csr"


def test_a_kernel_that_cannot_run_is_told_once_and_left_out():
    def broken():
        raise RuntimeError("no compiler is installed")

    runs = {"csr": lasting(0), "triton": broken}
    message = r"'triton' cannot run here, so 'csr' is used: no compiler.*'csr' to try"
    with pytest.warns(RuntimeWarning, match=message):
        assert chosen_by_time("broken", runs, CPU) == "csr"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chosen_by_time("broken", runs, CPU) == "csr"


def test_deterministic_algorithms_take_the_fixed_order_without_times():
    def untimed():
        raise AssertionError("nothing must be timed")

    torch.use_deterministic_algorithms(True)
    try:
        runs = {"csr": untimed, "triton": untimed}
        assert chosen_by_time("deterministic", runs, CPU) == "triton"
    finally:
        torch.use_deterministic_algorithms(False)
    assert "deterministic" not in measured_choices()
