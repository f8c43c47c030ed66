"""Least squares by conjugate gradients: exactness, derivatives, what is refused."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.harmonics.sht import conjugate_gradients, dense
from deepsphere_pyg.harmonics.sht.geometry import resolved_bandlimit
from samplings import Equiangular, Fibonacci, HEALPix, Icosahedral
from tests.helpers import random, scattered
from tests.round_off import assert_near

METHOD = "conjugate-gradients"


SAMPLINGS = [
    HEALPix(8),
    HEALPix(6, nest=False),
    Equiangular(12),
    Icosahedral(2),
    scattered(400),
]


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
def test_analysis_inverts_synthesis_at_the_resolved_bandlimit(sampling) -> None:
    L = resolved_bandlimit(sampling)
    analysis = SHT(sampling, L, method=METHOD, dtype=torch.float64)
    c = random(3, L * L, 2)
    back = analysis(ISHT(sampling, L, dtype=torch.float64)(c))
    # Iterations stop some decades above round-off of coefficients of order one.
    torch.testing.assert_close(back, c, rtol=0, atol=1e-10)


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
def test_result_is_that_of_the_dense_fit(sampling) -> None:
    x = random(2, len(sampling), 1)
    wanted = SHT(sampling, 6, method="least-squares", dtype=torch.float64)(x)
    found = SHT(sampling, 6, method=METHOD, dtype=torch.float64)(x)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-11)
    single = SHT(sampling, 6, method=METHOD, dtype=torch.float32)(x.float())
    torch.testing.assert_close(single.double(), wanted, rtol=0, atol=1e-4)


def test_parts_are_fitted_by_the_rings_of_the_whole() -> None:
    whole = HEALPix(8)
    sky = whole[np.abs(whole.lat) > 5]
    x = random(len(sky), 1)
    wanted = SHT(sky, 5, method="least-squares", dtype=torch.float64)(x)
    found = SHT(sky, 5, method=METHOD, dtype=torch.float64)(x)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-10)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
@pytest.mark.parametrize("sampling", [HEALPix(2), Fibonacci(40)], ids=lambda s: s.name)
def test_derivatives_are_the_adjoint_to_second_order(sampling) -> None:
    analysis = SHT(sampling, 3, method=METHOD, dtype=torch.float64)
    x = random(2, len(sampling), 2).requires_grad_()
    assert torch.autograd.gradcheck(analysis, x, fast_mode=True)
    assert torch.autograd.gradgradcheck(analysis, x, fast_mode=True)
    y = analysis(x)
    weight = random(*y.shape)
    (gradient,) = torch.autograd.grad(y, x, weight)
    torch.testing.assert_close(gradient, analysis.adjoint(weight))
    _, tangent = torch.func.jvp(analysis.analyze, (x.detach(),), (x.detach(),))
    torch.testing.assert_close(tangent, y.detach())
    mapped = torch.func.vmap(analysis.analyze)(x.detach()[:, None])[:, 0]
    torch.testing.assert_close(mapped, y.detach())


def test_matrices_computed_by_blocks_give_the_same(monkeypatch) -> None:
    sampling = Icosahedral(2)
    x, c = random(2, len(sampling), 3), random(2, 64, 3)
    kept = SHT(sampling, 8, method=METHOD, dtype=torch.float64)(x)
    synthesis = ISHT(sampling, 8, method="dense", dtype=torch.float64)
    monkeypatch.setattr(dense, "LARGEST_MATRIX_GIB", 0)
    monkeypatch.setattr(conjugate_gradients, "BLOCK", 100)
    computed = SHT(sampling, 8, method=METHOD, dtype=torch.float64)
    assert_near(computed(x), kept, len(sampling))
    assert computed.table_bytes == 0
    blocks = ISHT(sampling, 8, dtype=torch.float64)
    assert blocks.method == "blocks"
    assert_near(blocks(c), synthesis(c), 64)
    assert torch.autograd.gradcheck(blocks, c.requires_grad_(), fast_mode=True)


def test_fit_that_does_not_converge_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(conjugate_gradients, "MAX_ITERATIONS", 1)
    message = r"do not determine harmonics of degrees below L = 6: .* smaller L"
    with pytest.raises(ValueError, match=message):
        SHT(scattered(400), 6, method=METHOD)(random(400, 1, dtype=torch.float32))


def test_columns_of_zeros_and_of_nan_stay_what_they_are() -> None:
    sampling = Icosahedral(1)
    analysis = SHT(sampling, 4, method=METHOD, dtype=torch.float64)
    x = torch.ones(len(sampling), 3, dtype=torch.float64)
    x[:, 0], x[3, 1] = 0, torch.nan
    c = analysis.analyze(x)
    assert not c[:, 0].any()
    assert c[:, 1].isnan().all()
    assert c[0, 2] == pytest.approx(np.sqrt(4 * np.pi), abs=1e-12)


def test_settings_of_other_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="iterated, got iterations=2"):
        SHT(HEALPix(2), 3, method=METHOD, iterations=2)
    with pytest.raises(ValueError, match=r"have a ridge, got ridge=0\.1"):
        SHT(HEALPix(2), 3, method=METHOD, ridge=0.1)
