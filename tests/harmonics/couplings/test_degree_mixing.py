"""Degree mixing sets against counted numbers and the definition of a spanning tree."""

# ruff: noqa: E741 (the degree's own letter)

import copy
import pickle
from itertools import combinations

import networkx
import numpy as np
import pytest

from deepsphere_pyg.harmonics.couplings.clebsch_gordan import clebsch_gordan_set
from deepsphere_pyg.harmonics.couplings.degree_mixing import DegreeMixing, degree_mixing
from deepsphere_pyg.harmonics.couplings.triples import multiply_adds

TREE = ((0, 3), (1, 2), (1, 3), (1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9))


def beyond_degree_zero(mixing):
    """Number of pairs, and multiply-adds, of trees: there are none of degree 0."""
    triples = mixing.triples[mixing.triples[:, 2] > 0]
    return len(triples), int(multiply_adds(triples).sum())


@pytest.mark.parametrize(("L", "pairs"), [(10, 290), (20, 2155), (32, 8584)])
def test_full_sets_have_the_counted_pairs(L, pairs):
    full = degree_mixing(L)
    assert len(full) == pairs == sum(full.counts)
    for l in range(0, L, 3):
        expected = {
            (a, b) for a in range(L) for b in range(a, L) if b - a <= l <= a + b
        }
        assert set(full.pairs(l)) == expected
    assert full.pairs(0) == tuple((l, l) for l in range(L))


def test_multiply_adds_are_the_counted_ones():
    assert degree_mixing(10).multiply_adds == 25_964
    assert degree_mixing(32).multiply_adds == pytest.approx(7.90e6, rel=1e-3)
    assert beyond_degree_zero(degree_mixing(10, "mst")) == (81, 3_931)
    assert beyond_degree_zero(degree_mixing(20, "mst"))[0] == 361
    pairs, cost = beyond_degree_zero(degree_mixing(32, "mst"))
    assert pairs == 961 and cost == pytest.approx(374e3, rel=2e-3)


def test_the_tree_of_degree_three_is_the_known_one():
    mixing = degree_mixing(10, "mst")
    assert mixing.pairs(3) == TREE
    assert degree_mixing(10, "rmst").pairs(3) == tuple(TREE[i] for i in (0, 1, 2, 4, 8))


@pytest.mark.parametrize("L", [1, 2, 3, 10, 17])
@pytest.mark.parametrize("weight", ["sparse", "dense"])
def test_trees_span_all_degrees_at_the_least_cost(L, weight):
    mixing = degree_mixing(L, "mst")
    for l in range(1, L):
        graph = networkx.Graph()
        graph.add_nodes_from(range(L))
        for a, b in combinations(range(L), 2):
            if b - a <= l <= a + b:
                sparse = int(multiply_adds([(a, b, l)])[0])
                dense = (2 * a + 1) * (2 * b + 1)
                graph.add_edge(a, b, weight=sparse if weight == "sparse" else dense)
        tree = graph.edge_subgraph(mixing.pairs(l))
        assert networkx.is_tree(tree) and len(tree) == L
        least = networkx.minimum_spanning_tree(graph)
        assert tree.size(weight="weight") == least.size(weight="weight")


@pytest.mark.parametrize(("L", "pairs"), [(10, 45), (20, 114), (64, 441)])
def test_thinned_trees_have_the_counted_pairs(L, pairs):
    thin, tree = degree_mixing(L, "rmst"), degree_mixing(L, "mst")
    assert beyond_degree_zero(thin)[0] == pairs
    assert set(thin) <= set(tree)
    assert max(thin.counts[1:]) == 1 + len(bin(L - 2)) - 2 <= 7


@pytest.mark.parametrize("kind", ["mst", "rmst"])
def test_degree_zero_keeps_the_power_spectrum(kind):
    mixing = degree_mixing(9, kind)
    assert mixing.pairs(0) == tuple((l, l) for l in range(9))
    assert all(a < b for a, b, l in mixing if l > 0)


@pytest.mark.parametrize("L", [2, 3, 9])
def test_pairs_of_equal_degrees_are_added_to_even_degrees(L):
    for kind in ("mst", "rmst"):
        plain = degree_mixing(L, kind)
        mixing = degree_mixing(L, kind, even_self_pairs=True)
        added = set(mixing) - set(plain)
        assert set(plain) <= set(mixing)
        possible = {
            (a, a, l) for l in range(2, L, 2) for a in range(L) if 0 < l <= 2 * a
        }
        if kind == "mst":
            assert added == possible
        else:
            assert added <= possible
            assert {l for *_, l in added} == {l for *_, l in possible}
    full = degree_mixing(L, even_self_pairs=True)
    assert full == degree_mixing(L)


def test_costs_grow_as_the_theory_says():
    # Slopes from L to 2 L; they near 5, 4 and 3 (and a logarithm) from below or above.
    def slope(kind, L):
        few, many = (degree_mixing(n, kind).multiply_adds for n in (L, 2 * L))
        return np.log2(many / few)

    assert 4.8 < slope("full", 24) < 5.0
    assert 3.8 < slope("mst", 48) < 4.0
    assert 2.7 < slope("rmst", 64) < 3.3


@pytest.mark.parametrize("kind", ["full", "mst", "rmst"])
def test_pairs_are_ordered_and_couple(kind):
    mixing = degree_mixing(12, kind)
    triples = mixing.triples
    assert (triples[:, 0] <= triples[:, 1]).all()
    keys = [(l, a + b, a) for a, b, l in mixing]
    assert keys == sorted(set(keys))
    assert len(clebsch_gordan_set(triples)) == len(mixing)
    for l in range(12):
        assert len(mixing.pairs(l)) == mixing.counts[l]


def test_given_sets_are_sets_of_unordered_pairs():
    mixing = DegreeMixing(4, [(3, 1, 2), (0, 0, 0), (1, 2, 3)])
    assert list(mixing) == [(0, 0, 0), (1, 3, 2), (1, 2, 3)]
    same = DegreeMixing(4, np.array([[1, 2, 3], [0, 0, 0], [1, 3, 2]], dtype=np.int32))
    assert mixing == same and hash(mixing) == hash(same)
    assert mixing != DegreeMixing(5, same.triples)
    assert mixing != DegreeMixing(4, same.triples[1:])
    assert mixing != "mixing"
    assert repr(mixing) == "DegreeMixing(L=4, pairs=3)"
    empty = DegreeMixing(2, [])
    assert len(empty) == 0 and empty.counts == (0, 0) and empty.multiply_adds == 0


def test_a_falling_bandlimit_leaves_the_lower_degrees():
    mixing = degree_mixing(8, "mst")
    lower = mixing.up_to(5)
    assert lower.L == 8 and lower.counts == (*mixing.counts[:5], 0, 0, 0)
    assert lower.pairs(4) == mixing.pairs(4)
    assert mixing.up_to(8) == mixing
    for wrong in (0, 9):
        with pytest.raises(ValueError, match="L_out must be at"):
            mixing.up_to(wrong)


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_sets_cannot_be_changed_also_after_copying(clone):
    mixing = clone(degree_mixing(4, "mst"))
    assert mixing == degree_mixing(4, "mst")
    with pytest.raises(ValueError, match="read-only"):
        mixing.triples[0] = 1
    with pytest.raises(AttributeError, match="L of a DegreeMixing cannot be changed"):
        mixing.L = 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (4, "tree"),
            ValueError,
            "mixing must be 'full' or 'mst' or 'rmst', got 'tree'",
        ),
        ((1, "rmst"), ValueError, "got L=1; pass L of 2 or more, or mixing='mst'"),
        ((0,), ValueError, "L must be at least 1, got 0"),
        ((2.0,), TypeError, "L must be an integer"),
    ],
)
def test_unknown_kinds_and_bandlimits_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        degree_mixing(*arguments)


@pytest.mark.parametrize(
    ("triples", "error", "message"),
    [
        ([(1, 1, 0), (4, 4, 0)], ValueError, r"bandlimit L=4, got .* = \(4, 4, 0\)"),
        ([(2, 3, 4)], ValueError, r"bandlimit L=4, got .* = \(2, 3, 4\)"),
        ([(1, 2, 3), (1, 2, 3)], ValueError, r"\(1, 2, 3\) twice"),
        ([(1, 2, 3), (2, 1, 3)], ValueError, r"\(1, 2, 3\) twice; .* is the same pair"),
        ([(1, 1, 3)], ValueError, r"\(1, 1, 3\); l may be 0 \.\.\. 2"),
        ([(1, 1, -1)], ValueError, "from 0 to 16000, got -1"),
        ([(1, 1, 1.0)], TypeError, "degrees must be integers"),
    ],
)
def test_given_sets_that_make_no_sense_are_refused(triples, error, message):
    with pytest.raises(error, match=message):
        DegreeMixing(4, triples)


@pytest.mark.parametrize("l", [-1, 4])
def test_degrees_outside_a_set_are_refused(l):
    with pytest.raises(ValueError, match="l must be"):
        degree_mixing(4).pairs(l)
