"""The transforms as modules: derivatives, compilers, dtypes, copies, bad input."""

import pickle
from copy import deepcopy

import pytest
import torch

from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.harmonics.sht import methods as sht_methods
from samplings import Equiangular, Fibonacci, GaussLegendre, HEALPix, McEwenWiaux
from tests.helpers import random
from tests.round_off import assert_near

CASES = {
    "folded": (GaussLegendre(4), "rings"),
    "shifted": (Equiangular(4), "rings"),
    "poles": (Equiangular(5, scheme="clenshaw-curtis"), "rings"),
    "not folded": (McEwenWiaux(4), "rings"),
    "healpix": (HEALPix(2), "rings"),
    "matrix": (Fibonacci(40), "auto"),
    "ducc": (GaussLegendre(4), "ducc"),
    "ducc, theorem": (McEwenWiaux(4), "ducc"),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def both(case, dtype=torch.float64):
    sampling, method = case
    yield SHT(sampling, 3, method=method, dtype=dtype), random(2, len(sampling), 2)
    yield ISHT(sampling, 3, method=method, dtype=dtype), random(2, 9, 2)


def test_derivatives_of_first_and_second_order(case) -> None:
    for transform, x in both(case):
        x = x.requires_grad_()
        assert torch.autograd.gradcheck(transform, x, fast_mode=True)
        assert torch.autograd.gradgradcheck(transform, x, fast_mode=True)


def test_gradient_is_the_adjoint(case) -> None:
    for transform, x in both(case):
        x = x.requires_grad_()
        y = transform(x)
        weight = random(*y.shape)
        (gradient,) = torch.autograd.grad(y, x, weight)
        torch.testing.assert_close(gradient, transform.adjoint(weight))


def test_compiles_as_one_graph(case) -> None:
    for transform, x in both(case):
        compiled = torch.compile(transform, fullgraph=True, backend="aot_eager")
        a, b = (x.clone().requires_grad_() for _ in range(2))
        y, z = transform(a), compiled(b)
        torch.testing.assert_close(z, y)
        y.square().sum().backward()
        z.square().sum().backward()
        torch.testing.assert_close(b.grad, a.grad)


def test_operations_are_sound() -> None:
    for case in ("poles", "ducc", "ducc, theorem"):
        for transform, x in both(CASES[case]):
            inner = transform.transform
            name = "analysis" if isinstance(transform, SHT) else "synthesis"
            if case == "poles":
                operation = getattr(torch.ops.deepsphere_pyg, f"ring_{name}")
                arguments = (x, *inner.arguments())
            else:
                operation = getattr(torch.ops.deepsphere_pyg, f"ducc_{name}")
                rest = inner._constants
                arguments = (x, *rest)
            torch.library.opcheck(operation.default, arguments)


def test_float64_after_float32_is_exact(case) -> None:
    for transform, x in both(case, torch.float32):
        assert transform.dtype == torch.float32
        single = transform(x.float())
        assert single.dtype == torch.float32
        (double,) = (t for t, _ in both(case) if type(t) is type(transform))
        assert torch.equal(transform.double()(x), double(x))
        assert transform.dtype == torch.float64
        assert torch.equal(transform.float()(x.float()), single)


@pytest.mark.parametrize("batch", [(), (1,), (2, 3), (0,)])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_any_batch(case, batch, channels) -> None:
    for transform, x in both(case):
        signal = random(*batch, x.shape[-2], channels)
        y = transform(signal)
        rows = 9 if isinstance(transform, SHT) else len(transform.sampling)
        assert y.shape == (*batch, rows, channels)
        if batch == (2, 3) and channels:
            one = transform(signal[1, 2, :, 1:2].clone())
            torch.testing.assert_close(y[1, 2, :, 1:2], one)


def test_many_signals_go_in_portions(monkeypatch) -> None:
    from deepsphere_pyg.harmonics.sht import longitudes as sht_longitudes

    for name in ("poles", "healpix"):
        for transform, _ in both(CASES[name]):
            n_in = 9 if isinstance(transform, ISHT) else len(transform.sampling)
            x = random(7, n_in, 2)
            whole = transform(x)
            monkeypatch.setattr(sht_longitudes, "NUMBERS_AT_ONCE", 200)
            torch.testing.assert_close(transform(x), whole)
            monkeypatch.undo()


def test_strided_signals(case) -> None:
    for transform, x in both(case):
        turned = x.transpose(0, 2).contiguous().transpose(0, 2)
        torch.testing.assert_close(transform(turned), transform(x))


def test_copies_and_pickles_transform_alike(case) -> None:
    for transform, x in both(case):
        assert torch.equal(deepcopy(transform)(x), transform(x))
        assert torch.equal(pickle.loads(pickle.dumps(transform))(x), transform(x))
        assert not transform.state_dict()


def test_tables_are_shared_and_counted() -> None:
    L = 32
    analysis = SHT(GaussLegendre(L), L, dtype=torch.float64)
    synthesis = ISHT(GaussLegendre(L), L, dtype=torch.float64)
    assert deepcopy(analysis).transform._legendre is synthesis.transform._legendre
    first, second = (t.transform.table_0.data_ptr() for t in (analysis, synthesis))
    assert first == second
    # A quarter of L**3 numbers, and the padding of one group: less than L / 2 rows
    # of L / 2 rings for each order and parity.
    assert 2 * L**3 <= analysis.table_bytes <= 4 * L**3 + 8 * L * L


def test_autocast_leaves_transforms_in_their_precision(case) -> None:
    for transform, x in both(case, torch.float32):
        x = x.float().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            y = transform(x)
            y.square().sum().backward()
            z = transform(x.detach().bfloat16())
        assert y.dtype == z.dtype == torch.float32
        assert torch.equal(y, transform(x))
        plain = x.detach().clone().requires_grad_()
        transform(plain).square().sum().backward()
        assert_near(x.grad, plain.grad, 2 * y.shape[-2])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_refused_with_the_reason(case, dtype) -> None:
    for transform, x in both(case):
        with pytest.raises(TypeError, match="bits are too few for sums"):
            transform.to(dtype)
        # And left as it was.
        assert transform(x).dtype == torch.float64
    with pytest.raises(TypeError, match=f"are float32 or float64, got {dtype}"):
        SHT(GaussLegendre(4), 4, dtype=dtype)
    with pytest.raises(TypeError, match=r"got torch\.int64; pass one of the two"):
        ISHT(GaussLegendre(4), 4, dtype=torch.int64)


def test_bad_arguments_are_told() -> None:
    sampling = GaussLegendre(4)
    with pytest.raises(TypeError, match=r"sampling must be a sampling.*got int"):
        SHT(4, 4)
    with pytest.raises(TypeError, match=r"L must be an integer, got 4\.0"):
        ISHT(sampling, 4.0)
    with pytest.raises(ValueError, match="L must be at least 1, got 0"):
        SHT(sampling, 0)
    with pytest.raises(ValueError, match="'quadrature'"):
        SHT(sampling, 4, method="quadrature")
    with pytest.raises(ValueError, match="'least-squares'"):
        ISHT(sampling, 4, method="least-squares")
    with pytest.raises(ValueError, match="does not consist of whole rings"):
        SHT(Fibonacci(40), 3, method="rings")
    with pytest.raises(ValueError, match="does not consist of whole rings"):
        ISHT(Fibonacci(40), 3, method="ducc")


@pytest.mark.parametrize(
    ("sampling", "L", "message"),
    [
        (GaussLegendre(4), 5, r"up to L = 4, got L = 5; L = 5 needs at least 9 long"),
        (GaussLegendre(8, 14), 8, r"L = 8 needs at least 15 longitudes, not 14"),
        (McEwenWiaux(4), 5, r"use L <= 4, a finer sampling, or method='least-sq"),
        (Equiangular(4, 20), 5, r"up to L = 4, got L = 5; use"),
        (Equiangular(5, 20, "clenshaw-curtis"), 5, r"up to L = 4, got L = 5"),
        (Equiangular(9, 20, "driscoll-healy"), 5, r"up to L = 4, got L = 5"),
    ],
)
def test_bandlimits_beyond_the_theorem_are_refused(sampling, L, message) -> None:
    with pytest.raises(ValueError, match=message):
        SHT(sampling, L)


def test_bad_signals_are_told() -> None:
    analysis, synthesis = SHT(GaussLegendre(4), 4), ISHT(GaussLegendre(4), 4)
    with pytest.raises(ValueError, match="x has 16 vertices, this operator takes 32"):
        analysis(torch.zeros(16, 1))
    with pytest.raises(ValueError, match=r"coefficients have 32 rows, .* has 16"):
        synthesis(torch.zeros(32, 1))
    with pytest.raises(TypeError, match=r"must be torch\.float32 .* got torch\.float6"):
        analysis(torch.zeros(32, 1, dtype=torch.float64))
    with pytest.raises(TypeError, match=r"must be torch\.float32 .* got torch\.float6"):
        synthesis(torch.zeros(16, 1, dtype=torch.float64))
    with pytest.raises(TypeError, match="must be real"):
        synthesis(torch.zeros(16, 1, dtype=torch.complex64))
    with pytest.raises(ValueError, match="add a channel"):
        analysis(torch.zeros(32))


def test_ducc0_is_chosen_where_it_is_faster_and_refused_where_it_is_not(
    monkeypatch,
) -> None:
    monkeypatch.setattr(sht_methods, "DUCC_BEYOND", 3)
    assert SHT(GaussLegendre(4), 4).method == "ducc"
    assert SHT(GaussLegendre(4), 3).method == "rings"
    assert ISHT(GaussLegendre(4), 4).method == "ducc"
    assert SHT(HEALPix(2), 2).method == "ducc"
    monkeypatch.setattr(sht_methods, "ducc_is_installed", lambda: False)
    assert SHT(GaussLegendre(4), 4).method == "rings"
    assert SHT(HEALPix(2), 2).method == "rings"
    with pytest.raises(ValueError, match=r"not installed; install .*\[ducc\]"):
        ISHT(GaussLegendre(4), 4, method="ducc")
    with pytest.raises(ValueError, match=r"use method='rings'"):
        SHT(GaussLegendre(4), 4, method="ducc")


def test_ducc0_stays_on_the_cpu() -> None:
    transform = SHT(GaussLegendre(4), 4, method="ducc").to("meta")
    with pytest.raises(ValueError, match=r"ducc0 computes on the CPU, but .* on meta"):
        transform(torch.zeros(32, 1, device="meta"))


def test_repr_tells_what_it_is() -> None:
    wanted = "SHT(GaussLegendre(L=4, n_phi=8) with 32 vertices, L=4, method"
    assert repr(SHT(GaussLegendre(4), 4)).startswith(wanted)
