"""Scores of ranked lists: values by hand, the formulas in loops, and laws."""

import json
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deepsphere_pyg.metrics import (
    RetrievalScores,
    ranked_by_class,
    retrieval_scores,
)
from tests.round_off import round_off

MEASURES = ("precision", "recall", "f1", "average_precision", "ndcg")
few = settings(max_examples=40, deadline=None, derandomize=True)
# A value is a mean of queries, each a sum over a list.
NEAR = round_off(np.float64, 10_000)


def values(measures) -> list[float]:
    """The five measures."""
    return [getattr(measures, name) for name in MEASURES]


def query_by_loops(query, retrieved, ids, labels, sublabels, cut):
    """The measures of one list, straight from their formulas."""
    label = dict(zip(ids, labels, strict=True))
    part = dict(zip(ids, sublabels, strict=True))

    def gain(one):
        if label[one] != label[query]:
            return 0
        if part[one] == part[query]:
            return 3
        return 2 if part[one] == label[query] else 1

    kept = []
    for one in retrieved[:cut]:
        if one in label and one not in kept:
            kept.append(one)
    if not kept:
        return [0.0] * 5
    mates = [one for one in ids if label[one] == label[query]]
    mates.sort(key=lambda one: (part[one], one))
    n_relevant = min(len(mates), cut)
    hits, ap = 0, 0.0
    for rank, one in enumerate(kept, start=1):
        if gain(one) > 0:
            hits += 1
            ap += hits / rank / n_relevant

    def discounted(gains):
        total = 0.0
        for rank, one in enumerate(gains[:n_relevant], start=1):
            total += one if rank == 1 else one / math.log2(rank)
        return total

    p, r = hits / len(kept), hits / n_relevant
    f1 = 2 * p * r / (p + r) if p + r > 0 else 0.0
    best = sorted((gain(one) for one in mates[:cut]), reverse=True)
    return [p, r, f1, ap, discounted([gain(one) for one in kept]) / discounted(best)]


def scores_by_loops(lists, ids, labels, sublabels, cut):
    """Micro and macro averages, from loops."""
    of_class = {}
    for query, retrieved in lists.items():
        found = query_by_loops(query, retrieved, ids, labels, sublabels, cut)
        label = dict(zip(ids, labels, strict=True))[query]
        of_class.setdefault(label, []).append(found)
    everything = [row for rows in of_class.values() for row in rows]
    means = {label: np.mean(rows, axis=0) for label, rows in of_class.items()}
    return np.mean(everything, axis=0), np.mean(list(means.values()), axis=0), means


@st.composite
def splits(draw):
    """Items with classes and sub-classes, and lists with strangers and repetitions."""
    n = draw(st.integers(1, 12))
    ids = [f"{i:03d}" for i in draw(st.permutations(range(n)))]
    labels = [draw(st.sampled_from("pqr")) for _ in ids]
    # A sub-class is the class itself, or one that only this class has.
    sublabels = [one + draw(st.sampled_from(["", "1", "2"])) for one in labels]
    queries = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    retrieved = st.lists(st.sampled_from([*ids, "stranger", "other"]), max_size=20)
    return {query: draw(retrieved) for query in queries}, ids, labels, sublabels


def test_values_by_hand():
    # Split: a, b, c are chairs (a, b stools; c a chair without sub-class), d is a lamp.
    # The query a retrieves d, c, b; its gains are 0, 2, 3.
    # P = 2/3; R = 2/3 of the relevant a, b, c; F1 = 2/3.
    # AP = (1/2 + 2/3) / 3 = 7/18.
    # DCG = 0 + 2/log2(2) + 3/log2(3) = 2 + 1.892789; ideal 3, 3, 2: 3 + 3 + 1.261860.
    ids, labels = ["a", "b", "c", "d"], ["chair", "chair", "chair", "lamp"]
    sublabels = ["stool", "stool", "chair", "lamp"]
    lists = {"a": ["d", "c", "b"]}
    found = retrieval_scores(lists, ids, labels, sublabels)
    wanted = [2 / 3, 2 / 3, 2 / 3, 7 / 18, 3.892789260714 / 7.261859507143]
    np.testing.assert_allclose(values(found.micro), wanted, rtol=1e-11)
    assert found.macro == found.micro == found.per_class[0]
    assert found.class_names == ("chair",)
    # The query c, which is of no sub-class, has gains 1, 1 for the stools, 3 for c.
    # DCG of b, c: 1 + 3; ideal 3, 1, 1: 3 + 1 + 0.630930.
    other = retrieval_scores({"c": ["b", "c"]}, ids, labels, sublabels).micro
    assert other.ndcg == pytest.approx(4 / 4.630929753571, rel=1e-11)
    assert (other.precision, other.recall) == (1, pytest.approx(2 / 3))


def test_averages_by_hand():
    # Chairs a, b: P 1/2 and 1, mean 3/4. Lamp c: P 0 of one retrieved chair.
    lists = {"a": ["a", "c"], "b": ["b"], "c": ["a"]}
    found = retrieval_scores(lists, ["a", "b", "c"], ["chair", "chair", "lamp"])
    assert [one.precision for one in found.per_class] == [0.75, 0]
    assert found.micro.precision == 0.5  # (1/2 + 1 + 0) / 3
    assert found.macro.precision == 0.375  # (3/4 + 0) / 2
    assert [one.n_queries for one in found.per_class] == [2, 1]
    assert found.micro.n_queries == found.macro.n_queries == 3


def test_curves_by_hand():
    # Of a: hits 1, 1, 2 of two relevant items. Of c: hits 0, and the last values stay.
    lists = {"a": ["a", "c", "b"], "c": ["a"]}
    found = retrieval_scores(lists, ["a", "b", "c"], [0, 0, 1], cut=4)
    halved = [1, 1 / 2, 2 / 3, 2 / 3], [1 / 2, 1 / 2, 1, 1]
    for curve, wanted in zip(
        (found.micro_curve.precision, found.micro_curve.recall), halved, strict=True
    ):
        np.testing.assert_allclose(curve, np.array(wanted) / 2, rtol=1e-15)
    assert found.macro_curve == found.micro_curve
    assert found.micro_curve.precision[-1] == found.micro.precision


@given(splits(), st.integers(1, 15))
@example(({"0": ["0", "1", "0"]}, ["0", "1"], ["p", "p"], ["p", "p1"]), 2)
@few
def test_scores_are_those_of_the_formulas(split, cut):
    found = retrieval_scores(*split, cut=cut)
    micro, macro, means = scores_by_loops(*split, cut)
    np.testing.assert_allclose(values(found.micro), micro, rtol=0, atol=NEAR)
    np.testing.assert_allclose(values(found.macro), macro, rtol=0, atol=NEAR)
    assert found.class_names == tuple(sorted(means))
    for name, one in zip(found.class_names, found.per_class, strict=True):
        np.testing.assert_allclose(values(one), means[name], rtol=0, atol=NEAR)


@given(splits(), st.integers(1, 15), st.randoms(use_true_random=False))
@few
def test_order_of_items_and_queries_does_not_matter(split, cut, random):
    lists, *items = split
    order = random.sample(range(len(items[0])), len(items[0]))
    turned = [[one[i] for i in order] for one in items]
    queries = random.sample(list(lists), len(lists))
    found = retrieval_scores({q: lists[q] for q in queries}, *turned, cut=cut)
    wanted = retrieval_scores(lists, *items, cut=cut)
    assert found.class_names == wanted.class_names
    for one, other in zip(
        (found.micro, found.macro, *found.per_class),
        (wanted.micro, wanted.macro, *wanted.per_class),
        strict=True,
    ):
        np.testing.assert_allclose(values(one), values(other), rtol=0, atol=NEAR)


@given(splits())
@few
def test_repetitions_and_strangers_do_not_count(split):
    lists, *items = split
    kept = {
        query: [one for one in dict.fromkeys(retrieved) if one in items[0]]
        for query, retrieved in lists.items()
    }
    assert retrieval_scores(lists, *items) == retrieval_scores(kept, *items)


def test_lists_are_cut_before_repetitions_are_dropped():
    ids, labels = ["a", "b", "c"], ["chair"] * 3
    found = retrieval_scores({"a": ["a", "a", "b", "c"]}, ids, labels, cut=3)
    # Left are a and b, of the three items that are relevant up to the cut.
    assert found.micro.recall == pytest.approx(2 / 3)
    assert retrieval_scores(
        {"a": ["x", "a", "b"]}, ids, labels, cut=2
    ).micro.recall == (pytest.approx(1 / 2))


def test_thousand_results_count():
    ids = [f"{i:06d}" for i in range(1200)]
    lists = {ids[0]: ids[200:] + ids[:200]}
    found = retrieval_scores(lists, ids, ["table"] * 1200)
    # All 1000 that count are relevant, which is all that there can be.
    assert values(found.micro) == pytest.approx([1] * 5)
    assert len(found.micro_curve.recall) == 1000
    mixed = ["table"] * 1100 + ["lamp"] * 100
    found = retrieval_scores({ids[0]: ids[::-1]}, ids, mixed)
    assert found.micro.recall == found.micro.precision == pytest.approx(0.9)


def test_ideal_list_of_a_large_class_is_cut_in_the_order_of_the_table():
    # A class of four with a cut at two: the ideal list is made of the first two by
    # sub-class and id, both "s1"; from the query, of "s2", they gain 1 each.
    ids, sublabels = ["a", "b", "c", "d"], ["s2", "s1", "s1", "s2"]
    found = retrieval_scores({"a": ["a", "d"]}, ids, ["s"] * 4, sublabels, cut=2)
    assert found.micro.ndcg == 3  # (3 + 3) / (1 + 1)


@given(splits())
@few
def test_perfect_lists_score_one(split):
    _, ids, labels, sublabels = split

    def gain(query, one):
        if sublabels[one] == sublabels[query]:
            return 3
        return 2 if sublabels[one] == labels[query] else 1

    lists = {}
    for i, query in enumerate(ids):
        mates = [j for j in range(len(ids)) if labels[j] == labels[i]]
        mates.sort(key=lambda j, i=i: -gain(i, j))
        lists[query] = [ids[j] for j in mates]
    found = retrieval_scores(lists, ids, labels, sublabels)
    for one in (found.micro, found.macro, *found.per_class):
        np.testing.assert_allclose(values(one), 1, rtol=0, atol=NEAR)


def test_true_classes_as_scores_give_perfect_lists():
    labels = np.random.default_rng(0).integers(0, 5, 60)
    ids = [f"{i:02d}" for i in range(60)]
    found = retrieval_scores(ranked_by_class(np.eye(5)[labels], ids), ids, labels)
    np.testing.assert_allclose(values(found.macro), 1, rtol=0, atol=NEAR)


def test_query_with_one_relevant_item_is_found_by_itself():
    ids, labels = ["a", "b", "c"], ["chair", "lamp", "lamp"]
    # The only chair comes third: P = AP = 1/3, DCG = 0, as only one rank counts.
    found = retrieval_scores({"a": ["b", "c", "a"]}, ids, labels).micro
    third = pytest.approx(1 / 3)
    assert values(found) == [third, 1, pytest.approx(1 / 2), third, 0]
    assert values(retrieval_scores({"a": ["a"]}, ids, labels).micro) == [1] * 5


@pytest.mark.parametrize("retrieved", [[], ["stranger"]])
def test_list_without_items_scores_zero(retrieved):
    found = retrieval_scores({"a": retrieved, "b": ["b"]}, ["a", "b"], ["p", "q"])
    assert [values(one) for one in found.per_class] == [[0] * 5, [1] * 5]
    assert found.n_empty == 1
    assert found.micro_curve.precision[0] == 0.5


def test_classes_are_texts_or_numbers():
    lists, ids = {"a": ["a", "b"], "b": ["b", "c"]}, ["a", "b", "c"]
    texts = retrieval_scores(lists, ids, ["2", "10", "10"], ["7", "10", "11"])
    numbers = retrieval_scores(lists, ids, np.array([2, 10, 10]), [7, 10, 11])
    assert texts.micro == numbers.micro
    # Numbers are sorted as numbers.
    assert numbers.class_names == ("2", "10")
    assert texts.class_names == ("10", "2")


def test_scores_as_a_dictionary_are_json():
    found = retrieval_scores({"a": ["a"]}, ["a", "b"], ["lamp", "lamp"]).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["micro"]["R@N"] == found["classes"]["lamp"]["R@N"] == 0.5
    assert found["n_queries"] == 1


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"labels": [0]}, ValueError, r"labels must have shape \(2,\)"),
        ({"sublabels": [0, 1, 2]}, ValueError, r"sublabels must have shape \(2,\)"),
        ({"labels": ["p", 1]}, TypeError, "labels must be texts or whole numbers"),
        ({"labels": [0.5, 1.5]}, TypeError, "labels must be texts or whole numbers"),
        ({"sublabels": ["p", "q"]}, TypeError, "must be of one kind"),
        ({"ids": ["a", "a"]}, ValueError, "got 'a' 2 times"),
        ({"ids": []}, ValueError, "ids must name at least one item"),
        ({"ids": "ab"}, TypeError, "ids must be a list of names"),
        ({"lists": {"c": ["a"]}}, ValueError, "queries of lists must be .* got 'c'"),
        ({"lists": {}}, ValueError, "at least one query"),
        ({"lists": [["a"]]}, TypeError, "lists must map the id of each query"),
        ({"lists": {"a": "ab"}}, TypeError, r"lists\['a'\] must be a list"),
        ({"lists": {"a": [0, 1]}}, TypeError, "ids themselves, not their positions"),
        ({"lists": {"a": [["a"]]}}, TypeError, "must hold ids, which are texts"),
        ({"lists": {0: ["a"]}}, TypeError, "must map ids, which are texts, got 0"),
        ({"cut": 0}, ValueError, "cut must be at least 1"),
    ],
)
def test_wrong_arguments_are_refused(changed, error, message):
    right = {"lists": {"a": ["a"]}, "ids": ["a", "b"], "labels": [0, 1]}
    assert isinstance(retrieval_scores(**right), RetrievalScores)
    with pytest.raises(error, match=message):
        retrieval_scores(**{**right, **changed})
