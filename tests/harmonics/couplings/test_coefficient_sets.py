"""Which coefficients there are, alone, in sets and in blocks."""

# ruff: noqa: E741 (the degree's own letter)

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics.couplings.clebsch_gordan import (
    clebsch_gordan,
    clebsch_gordan_blocks,
    clebsch_gordan_set,
)
from deepsphere_pyg.harmonics.couplings.triples import multiply_adds, real_entries


def every_triple(L):
    degrees = np.indices((L, L, L)).reshape(3, -1)
    l1, l2, l = degrees
    return degrees.T[(abs(l1 - l2) <= l) & (l <= l1 + l2)]


@settings(max_examples=25, derandomize=True, deadline=None)
@given(l1=st.integers(0, 14), l2=st.integers(0, 14), data=st.data())
def test_entries_are_those_of_the_selection_rules_in_order(l1, l2, data):
    l = data.draw(st.integers(abs(l1 - l2), l1 + l2))
    triple = l1, l2, l
    found = clebsch_gordan(*triple)
    m1, m2, m = (orders.astype(int) for orders in (found.m1, found.m2, found.m))
    order = np.lexsort((m2, m1, m))
    np.testing.assert_array_equal(order, np.arange(len(order)))
    assert len({*zip(m1, m2, m, strict=True)}) == len(order)
    assert len(order) == real_entries([triple])[0]
    absolute = abs(m)
    assert (
        (absolute == abs(m1) + abs(m2)) | (absolute == abs(abs(m1) - abs(m2)))
    ).all()
    odd = ((m1 < 0).astype(int) + (m2 < 0) + (m < 0)) % 2
    assert (odd == (l1 + l2 + l) % 2).all()
    assert np.array_equal(found.dense()[m + l, m1 + l1, m2 + l2], found.values)


def test_multiply_adds_are_the_pairs_of_orders_that_couple():
    for l1, l2, l in every_triple(7):
        m = np.arange(-l1, l1 + 1)[:, None] + np.arange(-l2, l2 + 1)
        assert multiply_adds([(l1, l2, l)]) == (abs(m) <= l).sum()


def test_a_set_is_its_triples_one_after_the_other():
    chosen = every_triple(8)[::-1]
    couplings = clebsch_gordan_set(chosen)
    assert len(couplings) == len(chosen)
    np.testing.assert_array_equal(couplings.triples, chosen)
    for triple, part in zip(chosen.tolist(), couplings, strict=True):
        alone = clebsch_gordan(*triple)
        assert (part.l1, part.l2, part.l) == tuple(triple)
        for name in ("m1", "m2", "m", "values"):
            np.testing.assert_array_equal(getattr(part, name), getattr(alone, name))
    degrees = np.repeat(couplings.triples[:, 2], np.diff(couplings.offsets))
    assert (abs(couplings.m) <= degrees).all()
    assert couplings.nbytes == 14 * len(couplings.values)
    assert couplings[-1].l == couplings[len(couplings) - 1].l == chosen[-1, 2]


def test_blocks_hold_a_set_in_pieces():
    chosen = every_triple(9)
    whole = clebsch_gordan_set(chosen)
    blocks = list(clebsch_gordan_blocks(iter(chosen.tolist()), 1000))
    assert max(len(block.values) for block in blocks) <= 1000 < len(whole.values)
    for name in ("triples", "m1", "m2", "m", "values"):
        joined = np.concatenate([getattr(block, name) for block in blocks])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    assert len(list(clebsch_gordan_blocks(chosen, 1))) == len(chosen)


def test_an_empty_set_has_no_entries():
    couplings = clebsch_gordan_set([])
    assert len(couplings) == len(couplings.values) == len(list(couplings)) == 0
    assert couplings.offsets.tolist() == [0]
    assert list(clebsch_gordan_blocks([])) == []
