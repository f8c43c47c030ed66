"""Dropout of fragments: what goes together, how much stays, rotations, bad input."""

import pytest
import torch

from deepsphere_pyg.harmonics import HarmonicLayout
from deepsphere_pyg.layers import FragmentDropout

LAYOUT = HarmonicLayout(4, [2, 3, 0, 1])


@pytest.mark.parametrize("unit", ["fragment", "channel"])
def test_whole_units_are_dropped_and_the_mean_is_kept(unit):
    torch.manual_seed(0)
    dropout = FragmentDropout(LAYOUT, p=0.25, unit=unit)
    y = dropout(torch.ones(4000, LAYOUT.n_rows, 3, dtype=torch.float64))
    assert set(y.unique().tolist()) == {0.0, 1 / 0.75}
    units = [LAYOUT.fragment(d, t) for d in range(4) for t in range(LAYOUT.tau[d])]
    for rows in units if unit == "fragment" else [slice(None)]:
        part = y[:, rows]
        assert torch.equal(part, part[:, :1].expand_as(part))
    firsts = y[:, [rows.start for rows in units]] > 0
    # Of 4000 signals: three standard deviations are 0.02.
    torch.testing.assert_close(
        firsts.double().mean(0), torch.full((6, 3), 0.75).double(), atol=0.025, rtol=0
    )
    together = (firsts == firsts[:, :1]).double().mean().item()
    assert together == 1 if unit == "channel" else together < 0.8
    channels = (firsts[..., 0] == firsts[..., 1]).double().mean().item()
    assert channels < 0.8


def test_evaluation_and_zero_change_nothing():
    x = torch.randn(2, LAYOUT.n_rows, 3)
    assert torch.equal(FragmentDropout(LAYOUT).eval()(x), x)
    assert torch.equal(FragmentDropout(LAYOUT, p=0)(x), x)


def test_autocast_s_roundings_are_taken_in_float32():
    with torch.autocast("cpu", torch.bfloat16):
        y = FragmentDropout(2)(torch.ones(4, 1, dtype=torch.bfloat16))
    assert y.dtype == torch.float32


def test_printed_form():
    expected = "FragmentDropout(HarmonicLayout(L=2, tau=1), p=0.5, unit='fragment')"
    assert repr(FragmentDropout(2)) == expected


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"p": 1}, ValueError, "p must be at least 0 and below 1, got 1; 1 would"),
        ({"p": -0.1}, ValueError, "p must be at least 0 and below 1, got -0.1"),
        ({"p": float("nan")}, ValueError, "p must be at least 0 and below 1, got nan"),
        ({"p": "half"}, TypeError, "p must be a number, got .half.; pass 0.1"),
        (
            {"unit": "row"},
            ValueError,
            "unit must be 'fragment' or 'channel', got 'row'",
        ),
    ],
)
def test_bad_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        FragmentDropout(3, **options)


def test_bad_coefficients_are_refused():
    with pytest.raises(ValueError, match="have 8 rows"):
        FragmentDropout(3)(torch.ones(8, 2))
    with pytest.raises(TypeError, match="float32 or float64, got"):
        FragmentDropout(3)(torch.ones(9, 2).half())
