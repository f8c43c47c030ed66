"""Rows of coefficients: degrees, fragments, orders."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import HarmonicLayout

TAUS = st.lists(st.integers(0, 4), min_size=1, max_size=8).filter(any)


def test_rows_of_a_signal_on_the_sphere_are_l_squared_plus_l_plus_m():
    layout = HarmonicLayout(6)
    assert layout.n_rows == 36
    expected = layout.degrees**2 + layout.degrees + layout.orders
    np.testing.assert_array_equal(expected, np.arange(36))
    assert not layout.fragments.any()


@settings(deadline=None, derandomize=True)
@given(TAUS)
def test_rows_go_by_degree_then_fragment_then_order(tau):
    layout = HarmonicLayout(len(tau), tau)
    rows = [
        (d, t, m)
        for d in range(len(tau))
        for t in range(tau[d])
        for m in range(-d, d + 1)
    ]
    assert layout.n_rows == len(rows)
    assert layout.n_fragments == sum(tau)
    found = np.stack([layout.degrees, layout.fragments, layout.orders], axis=1)
    np.testing.assert_array_equal(found, rows)


@settings(deadline=None, derandomize=True)
@given(TAUS)
def test_slices_are_the_rows_of_their_degree_and_fragment(tau):
    layout = HarmonicLayout(len(tau), tau)
    for degree, count in enumerate(tau):
        assert (layout.degrees[layout.rows(degree)] == degree).all()
        assert layout.rows(degree).stop - layout.rows(degree).start == count * (
            2 * degree + 1
        )
        for t in range(count):
            part = layout.fragment(degree, t)
            assert (layout.fragments[part] == t).all()
            orders = np.arange(-degree, degree + 1)
            np.testing.assert_array_equal(layout.orders[part], orders)


def test_layouts_are_equal_by_what_they_describe():
    assert HarmonicLayout(3, 2) == HarmonicLayout(3, [2, 2, 2])
    assert HarmonicLayout(3, np.array([2, 2, 2])).tau == (2, 2, 2)
    assert hash(HarmonicLayout(3, 2)) == hash(HarmonicLayout(np.int64(3), (2, 2, 2)))
    assert HarmonicLayout(3, 2) != HarmonicLayout(3, (2, 2, 1))
    assert repr(HarmonicLayout(2, (2, 1))) == "HarmonicLayout(L=2, tau=(2, 1))"


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))]
)
def test_layouts_stay_read_only_when_copied(copied):
    layout = HarmonicLayout(3, 2)
    assert layout.degrees is layout.degrees
    with pytest.raises(ValueError, match="read-only"):
        layout.orders[0] = 1
    again = copied(layout)
    assert again == layout
    with pytest.raises(ValueError, match="read-only"):
        again.orders[0] = 1
    with pytest.raises(AttributeError):
        again.L = 4


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "L must be at least 1, got 0; pass 1 or more"),
        ((2.0,), TypeError, r"L must be an integer, got 2\.0"),
        ((True,), TypeError, "L must be an integer, got True"),
        ((3, [1, 1]), ValueError, "each of the L = 3 degrees, got 2; pass a list of"),
        ((2, [1, -1]), ValueError, "tau must be at least 0, got -1"),
        ((2, -1), ValueError, "tau must be at least 1, got -1"),
        ((2, [1, 0.5]), TypeError, r"tau must be an integer, got 0\.5"),
        ((2, 1.5), TypeError, r"tau must be an integer, got 1\.5"),
        ((2, [[1, 1]]), TypeError, r"tau must be an integer, got \[1, 1\]"),
        ((2, None), TypeError, "tau must be an integer, got None"),
        ((2, [0, 0]), ValueError, "a fragment of some degree, got zeros only; pass"),
    ],
)
def test_wrong_layouts_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        HarmonicLayout(*arguments)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda a: a.rows(3), ValueError, "l must be a degree below L = 3, got 3; the"),
        (lambda a: a.rows(-1), ValueError, "l must be at least 0, got -1"),
        (lambda a: a.rows(1.0), TypeError, r"l must be an integer, got 1\.0"),
        (
            lambda a: a.fragment(1, 1),
            ValueError,
            r"t must be below tau\[1\] = 1,.*got 1",
        ),
        (
            lambda a: a.fragment(2, 0),
            ValueError,
            r"t must be below tau\[2\] = 0,.*got 0",
        ),
        (lambda a: a.fragment(0, -1), ValueError, "t must be at least 0, got -1"),
    ],
)
def test_wrong_degrees_and_fragments_are_refused(ask, error, message):
    with pytest.raises(error, match=message):
        ask(HarmonicLayout(3, [2, 1, 0]))
