"""Wrong degrees are told of, and what is handed out cannot be changed."""

import copy
import pickle

import numpy as np
import pytest

from deepsphere_pyg.harmonics.couplings.clebsch_gordan import (
    clebsch_gordan,
    clebsch_gordan_blocks,
    clebsch_gordan_set,
)
from deepsphere_pyg.harmonics.couplings.triples import multiply_adds


@pytest.mark.parametrize(
    ("triple", "message"),
    [
        ((1, 2, 4), r"\(1, 2, 4\); l may be 1 \.\.\. 3"),
        ((5, 2, 2), r"\(5, 2, 2\); l may be 3 \.\.\. 7"),
        ((-1, 1, 1), "l1 must be at least 0, got -1"),
        ((1, 1, -2), "l must be at least 0, got -2"),
        ((20_000, 20_000, 0), "from 0 to 16000, got 20000"),
    ],
)
def test_degrees_that_do_not_couple_are_refused(triple, message):
    with pytest.raises(ValueError, match=message):
        clebsch_gordan(*triple)


@pytest.mark.parametrize("wrong", [1.0, "1", True, None])
def test_degrees_that_are_not_integers_are_refused(wrong):
    with pytest.raises(TypeError, match="l2 must be an integer"):
        clebsch_gordan(1, wrong, 1)


@pytest.mark.parametrize(
    ("triples", "error", "message"),
    [
        (
            [(1, 1)],
            ValueError,
            r"rows \(l1, l2, l\), shape \(T, 3\), got shape \(1, 2\)",
        ),
        ((1, 1, 1), ValueError, r"for one triple pass \[\(l1, l2, l\)\]"),
        ([(1, 1, 1), (1, 1)], ValueError, "rows of several lengths"),
        ([(1, 1, 0.5)], TypeError, "degrees must be integers, got an array of float64"),
        ([(True, True, True)], TypeError, "degrees must be integers"),
        ([("a", "b", "c")], TypeError, "degrees must be integers"),
        ([(0, 0, 0), (1, -1, 1)], ValueError, "from 0 to 16000, got -1"),
        ([(0, 0, 0), (1, 1, 3)], ValueError, r"\(1, 1, 3\); l may be 0 \.\.\. 2"),
        (None, TypeError, r"rows of degrees \(l1, l2, l\), got NoneType"),
    ],
)
@pytest.mark.parametrize(
    "function", [clebsch_gordan_set, clebsch_gordan_blocks, multiply_adds]
)
def test_wrong_triples_are_refused(function, triples, error, message):
    with pytest.raises(error, match=message):
        function(triples)


@pytest.mark.parametrize("entries", [0, -1])
def test_blocks_of_nothing_are_refused_at_once(entries):
    with pytest.raises(ValueError, match="entries must be at least 1"):
        clebsch_gordan_blocks([(0, 0, 0)], entries)


def test_numbers_of_triples_that_do_not_exist_are_refused():
    couplings = clebsch_gordan_set([(1, 1, 0), (1, 1, 1)])
    with pytest.raises(IndexError, match=r"triple 2 of 2; pass 0 \.\.\. 1"):
        couplings[2]


@pytest.mark.parametrize(
    "clone", [lambda x: x, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_arrays_are_read_only_also_after_copying(clone):
    couplings = clone(clebsch_gordan_set([(1, 1, 0), (1, 1, 1)]))
    for holder in (couplings, clone(couplings[1])):
        for name in ("m1", "m2", "m", "values"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(holder, name)[0] = 1
    for name in ("triples", "offsets"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(couplings, name)[0] = 1


def test_the_triples_given_are_not_kept():
    triples = np.array([[1, 1, 0]])
    couplings = clebsch_gordan_set(triples)
    triples[:] = 7
    assert couplings.triples.tolist() == [[1, 1, 0]]
