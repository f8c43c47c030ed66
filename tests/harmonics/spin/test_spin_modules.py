"""Spin transforms as modules: derivatives, compilers, dtypes, fits, bad input."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import SHT, SpinISHT, SpinSHT, spin_harmonics
from deepsphere_pyg.harmonics.sht import dense
from deepsphere_pyg.harmonics.sht import methods as sht_methods
from samplings import Equiangular, Fibonacci, GaussLegendre, HEALPix, McEwenWiaux
from tests.helpers import random

CASES = {
    "folded": (GaussLegendre(4), "rings"),
    "poles": (Equiangular(5, scheme="clenshaw-curtis"), "rings"),
    "one pole": (Equiangular(8, scheme="driscoll-healy"), "rings"),
    "not folded": (McEwenWiaux(4), "rings"),
    "healpix": (HEALPix(2), "rings"),
    "matrix": (Fibonacci(40), "auto"),
    "ducc": (GaussLegendre(4), "ducc"),
    "ducc, theorem": (McEwenWiaux(4), "ducc"),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def both(case, dtype=torch.float64, spin=1):
    sampling, method = case
    yield (
        SpinSHT(sampling, 3, spin, method=method, dtype=dtype),
        random(2, len(sampling), 2, 2),
    )
    yield SpinISHT(sampling, 3, spin, method=method, dtype=dtype), random(2, 9, 2, 2)


@pytest.mark.parametrize("spin", [-1, 2])
def test_derivatives_of_first_and_second_order(case, spin) -> None:
    for transform, x in both(case, spin=spin):
        x = x.requires_grad_()
        assert torch.autograd.gradcheck(transform, x, fast_mode=True)
        assert torch.autograd.gradgradcheck(transform, x, fast_mode=True)


@pytest.mark.parametrize("name", ["poles", "ducc, theorem"])
def test_compiles_as_one_graph(name) -> None:
    for transform, x in both(CASES[name]):
        compiled = torch.compile(transform, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(x), transform(x))


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_transforms_of_functions(case) -> None:
    for transform, x in both(case):
        apply = transform.analyze if isinstance(transform, SpinSHT) else transform
        _, tangent = torch.func.jvp(apply, (x,), (x,))
        torch.testing.assert_close(tangent, transform(x))
        mapped = torch.func.vmap(apply)(x[:, None])[:, 0]
        torch.testing.assert_close(mapped, transform(x))


def test_operations_are_sound() -> None:
    for name in ("poles", "ducc, theorem"):
        for transform, x in both(CASES[name]):
            inner = transform.transform
            kind = "analysis" if isinstance(transform, SpinSHT) else "synthesis"
            flat = x.flatten(1, 2)
            if name == "poles":
                operation = getattr(torch.ops.deepsphere_pyg, f"spin_ring_{kind}")
                arguments = (flat, *inner.arguments())
            else:
                operation = getattr(torch.ops.deepsphere_pyg, f"ducc_{kind}")
                arguments = (flat, *inner._constants)
            torch.library.opcheck(operation.default, arguments)


def test_dtypes_copies_and_batches(case) -> None:
    for transform, x in both(case, torch.float32):
        single = transform(x.float())
        assert single.dtype == torch.float32
        assert torch.equal(deepcopy(transform)(x.float()), single)
        assert torch.equal(pickle.loads(pickle.dumps(transform))(x.float()), single)
        assert not transform.state_dict()
        (double,) = (t for t, _ in both(case) if type(t) is type(transform))
        assert torch.equal(transform.double()(x), double(x))
        for batch, channels in (((), 1), ((0,), 2), ((2, 3), 0), ((2, 3), 3)):
            signal = random(*batch, x.shape[1], 2, channels)
            n = 9 if isinstance(transform, SpinSHT) else len(transform.sampling)
            assert transform(signal).shape == (*batch, n, 2, channels)
        turned = x.transpose(0, 3).contiguous().transpose(0, 3)
        torch.testing.assert_close(transform(turned), transform(x))


def test_autocast_leaves_transforms_in_their_precision() -> None:
    for transform, x in both(CASES["folded"], torch.float32):
        with torch.autocast("cpu", torch.bfloat16):
            assert transform(x.bfloat16()).dtype == torch.float32


def test_fits_to_points_and_parts_are_exact(monkeypatch) -> None:
    L, spin = 6, 2
    whole = HEALPix(8)
    part = whole[np.abs(whole.lat) > 5]
    c = random(L * L, 2, 2)
    c[: spin * spin] = 0
    for sampling in (Fibonacci(300), part):
        x = SpinISHT(sampling, L, spin, dtype=torch.float64)(c)
        for method in ("least-squares", "conjugate-gradients"):
            analysis = SpinSHT(sampling, L, spin, method=method, dtype=torch.float64)
            # Iterations stop some decades above round-off of numbers of order one.
            torch.testing.assert_close(analysis(x), c, rtol=0, atol=1e-10)
    kept = SpinISHT(Fibonacci(300), L, spin, dtype=torch.float64)
    assert kept.method == "dense"
    monkeypatch.setattr(dense, "LARGEST_MATRIX_GIB", 0)
    computed = SpinISHT(Fibonacci(300), L, spin, dtype=torch.float64)
    assert computed.method == "blocks"
    torch.testing.assert_close(computed(c), kept(c), rtol=0, atol=1e-12)


def test_points_that_are_too_few_are_told() -> None:
    # 21 points have 42 numbers; L = 5 has 2 * (25 - 1) coefficients.
    with pytest.raises(ValueError, match=r"21 vertices do not .* the 48 .* L <= 4"):
        SpinSHT(Fibonacci(21), 5, 1)


def test_tables_are_shared() -> None:
    analysis = SpinSHT(GaussLegendre(16), 16, 2)
    synthesis = SpinISHT(GaussLegendre(16), 16, 2)
    first, second = (t.transform.table_0.data_ptr() for t in (analysis, synthesis))
    assert first == second
    other = SpinISHT(GaussLegendre(16), 16, 1)
    assert other.transform.table_0.data_ptr() != first


def test_bad_arguments_are_told() -> None:
    sampling = GaussLegendre(4)
    with pytest.raises(TypeError, match=r"spin must be an integer, got 1\.0"):
        SpinSHT(sampling, 4, 1.0)
    with pytest.raises(ValueError, match=r"L must be above the spin -4.*L >= 5"):
        SpinISHT(sampling, 4, -4)
    with pytest.raises(ValueError, match="exact up to L = 4, got L = 5"):
        SpinSHT(sampling, 5, 1)
    with pytest.raises(ValueError, match="phi must be one longitude for each"):
        spin_harmonics([0.1, 0.2], [0.1], 3, 1)
    analysis, synthesis = SpinSHT(sampling, 4, 1), SpinISHT(sampling, 4, 1)
    with pytest.raises(ValueError, match=r"x must have shape \(\*batch, vertex, 2, ch"):
        analysis(torch.zeros(32, 3))
    with pytest.raises(ValueError, match=r"two components with torch\.stack"):
        synthesis(torch.zeros(16, 1, 1))
    with pytest.raises(ValueError, match="x has 16 vertices, this operator takes 32"):
        analysis(torch.zeros(16, 2, 1))
    with pytest.raises(ValueError, match="values are missing at 1 of 32"):
        x = torch.zeros(32, 2, 1)
        x[3, 1] = torch.nan
        analysis(x)
    assert "spin=1, method='rings')" in repr(analysis)


@pytest.mark.parametrize("spin", [0, 1, -2])
def test_ducc0_is_chosen_where_it_is_for_scalar_signals(spin, monkeypatch) -> None:
    monkeypatch.setattr(sht_methods, "DUCC_BEYOND", 5)
    for L in (5, 6):
        wanted = SHT(GaussLegendre(6), L).method
        assert SpinSHT(GaussLegendre(6), L, spin).method == wanted
        assert SpinISHT(GaussLegendre(6), L, spin).method == wanted
