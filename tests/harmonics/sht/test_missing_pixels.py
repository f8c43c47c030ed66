"""Maps in which pixels are missing: refused where values are at hand, NaN elsewhere."""

import healpy
import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import ISHT, SHT, ISO3Transform, SO3Transform
from deepsphere_pyg.layers import GridActivation
from deepsphere_pyg.signals import known_signal
from samplings import Equiangular, Fibonacci, HEALPix, McEwenWiaux, SO3Grid

FILL = 9.969209968386869e36
CODES = [healpy.UNSEEN, float("nan"), float("inf"), -float("inf"), FILL]
TRANSFORMS = {
    "rings": lambda: SHT(Equiangular(8, 16), 4),
    "mcewen-wiaux": lambda: SHT(McEwenWiaux(6), 6),
    "iterated": lambda: SHT(HEALPix(4, nest=True), 4, method="rings"),
    "ducc": lambda: SHT(HEALPix(4, nest=False), 4, method="ducc"),
    "least-squares": lambda: SHT(Fibonacci(60), 4),
    "masked": lambda: SHT(HEALPix(4)[np.arange(50, 190)], 3),
    "plain sums": lambda: ISHT(HEALPix(4), 4).adjoint,
    "so3": lambda: SO3Transform(SO3Grid(3, 2)),
    "so3 sums": lambda: ISO3Transform(SO3Grid(3, 2)).adjoint,
}


def transform_and_size(name):
    if name == "ducc":
        pytest.importorskip("ducc0")
    made = TRANSFORMS[name]()
    module = getattr(made, "__self__", made)
    return made, len(getattr(module, "sampling", None) or module.grid)


def is_nan(c):
    return bool(c.isnan().all())


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_missing_pixels_are_counted_and_refused(name, code):
    transform, n = transform_and_size(name)
    x = torch.randn(2, n, 3)
    transform(x)
    x[1, 7:10, 0] = code
    x[1, 8, 2] = code
    noun = "points" if "so3" in name else "pixels"
    message = (
        rf"missing at 3 of {2 * n} {noun} in 2 maps \(the first is {noun[:-1]} 7, "
    )
    with pytest.raises(ValueError, match=message):
        transform(x)
    with pytest.raises(ValueError, match=r"fill them, .* or take sampling"):
        transform(x)


def test_a_map_of_healpy_is_refused_as_healpy_itself_masks_it():
    sky = np.ones(192)
    sky[5:9] = healpy.UNSEEN
    transform = SHT(HEALPix(4, nest=False), 4)
    # Files keep single precision.
    for dtype in (np.float32, np.float64):
        x = torch.from_numpy(sky.astype(dtype).astype(np.float64))[:, None]
        with pytest.raises(ValueError, match="missing at 4 of 192 pixels"):
            transform.double()(x)


@pytest.mark.parametrize("huge", [1e26, -3e33, 1.6e30])
def test_large_values_that_are_known_are_transformed(huge):
    # Luminosities of stars in erg/s.
    transform = SHT(Equiangular(8, 16), 2).double()
    c = transform(torch.full((len(transform.sampling), 1), huge, dtype=torch.float64))
    assert float(c[0, 0]) == pytest.approx(huge * np.sqrt(4 * np.pi))


def test_programs_that_cannot_look_at_values_give_nan():
    transform = SHT(Equiangular(4, 8), 3, dtype=torch.float64)
    x = torch.randn(len(transform.sampling), 2, dtype=torch.float64)
    exported = torch.export.export(transform, (x,)).module()
    torch.testing.assert_close(exported(x), transform(x))
    for code in CODES:
        spoilt = x.clone()
        spoilt[3, 1] = code
        c = exported(spoilt)
        assert is_nan(c[:, 1])
        torch.testing.assert_close(c[:, 0], transform(x)[:, 0])


@pytest.mark.parametrize("code", CODES)
def test_functions_of_many_signals_make_missing_values_nan(code):
    x = torch.randn(3, 5, 2)
    x[1, 4, 0] = code
    mapped = torch.func.vmap(known_signal)(x)
    assert is_nan(mapped[1, 4, 0]) and int(mapped.isnan().sum()) == 1
    gradient = torch.func.grad(lambda one: known_signal(one).square().sum())(x[0])
    torch.testing.assert_close(gradient, 2 * x[0])


def test_half_precision_does_not_hide_what_is_missing():
    transform = SHT(Equiangular(4, 8), 3)
    x = torch.randn(len(transform.sampling), 1)
    x[2] = healpy.UNSEEN
    with (
        torch.autocast("cpu", torch.bfloat16),
        pytest.raises(ValueError, match="missing"),
    ):
        transform(x.bfloat16())


def test_networks_that_diverge_give_nan():
    layer = GridActivation(Equiangular(8, 16), 4)
    assert is_nan(layer(torch.full((16, 1), torch.nan)))


@pytest.mark.parametrize("whole", [HEALPix(4), Equiangular(8, 16), Fibonacci(100)])
def test_parts_in_any_order_are_transformed_in_it(whole):
    order = np.random.default_rng(0).permutation(len(whole))[: len(whole) * 3 // 4]
    rank = np.argsort(np.argsort(order))
    turned, straight = whole[order], whole[np.sort(order)]
    c = torch.randn(9, 2, dtype=torch.float64)
    made, expected = (ISHT(s, 3, dtype=torch.float64)(c) for s in (turned, straight))
    # 9 terms of size 1.
    torch.testing.assert_close(made, expected[rank], atol=1e-14, rtol=0)
    # Least squares of a condition below 100.
    back = SHT(turned, 3, dtype=torch.float64)(made)
    torch.testing.assert_close(back, c, atol=1e-11, rtol=0)
