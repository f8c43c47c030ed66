"""Checks of arguments tell the name, the value given, and a remedy that fits it."""

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from samplings import (
    Cotangent,
    Fitted,
    GaussLegendre,
    HEALPix,
    Heat,
    Irregular,
    Sampling,
    SelfTuned,
    build_pyramid,
    delaunay_graph,
    finite_elements,
    fit_weights,
    knn_graph,
    lambda_max,
    laplacian,
    optimal_width,
    same_sampling,
    use_cache,
)
from samplings.arguments import (
    array_argument,
    counted,
    instance_argument,
    integers_argument,
    names_argument,
    path_argument,
    sampling_argument,
    sparse_argument,
)

SAMPLING = HEALPix(2)


# -- shared checks ------------------------------------------------------------------
@pytest.mark.parametrize("value", [3.0, "3", np.float32(3)])
def test_whole_numbers_of_another_type_can_be_converted(value):
    with pytest.raises(TypeError, match=r"nside must be .*; convert it with int\(\)"):
        HEALPix(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        (2.5, r"2\.5"),
        (None, "None"),
        (True, "True"),
        ("two", "'two'"),
        (object(), "object"),
        (np.ones(1000), "ndarray"),
        ([1] * 1000, r"\[1, .*\.\.\."),
    ],
)
def test_what_is_no_whole_number_is_not_to_be_converted(value, shown):
    told = rf"^nside must be an integer, got {shown}; pass a whole number, such as 1$"
    with pytest.raises(TypeError, match=told):
        HEALPix(value)


def test_an_element_of_a_sequence_is_told_by_its_place():
    with pytest.raises(TypeError, match=r"widths\[1\] must be an integer, got 'a'"):
        integers_argument("widths", [4, "a"], 1)


def test_classes_are_told_from_their_instances():
    with pytest.raises(
        TypeError, match=r"must be a sampling, .* got the class HEALPix"
    ):
        sampling_argument("sampling", HEALPix)
    with pytest.raises(
        TypeError, match="an Irregular or a Heat, got the class Heat; call"
    ):
        instance_argument("it", Heat, (Irregular, Heat), "call it")


def test_what_has_a_sampling_is_asked_for_it():
    graph = knn_graph(SAMPLING, 4, weighting="heat")
    with pytest.raises(TypeError, match=r"got SphericalGraph; pass its .*`sampling`"):
        sampling_argument("sampling", graph)


def test_names_are_not_the_letters_of_a_text():
    assert names_argument("names", np.array(["a", "b"])) == ("a", "b")
    for wrong in ("ab", [1], None):
        with pytest.raises(TypeError, match="names must be a list of names, got"):
            names_argument("names", wrong)


def test_paths_are_texts_or_paths():
    assert path_argument("path", "a/b") == path_argument("path", Path("a/b"))
    with pytest.raises(TypeError, match="path must be a path, got None; pass a text"):
        path_argument("path", None)


def test_matrices_are_real_and_two_dimensional():
    dense = np.eye(2, dtype=np.float32)
    np.testing.assert_array_equal(sparse_argument("m", dense).toarray(), np.eye(2))
    for wrong in (None, "?", np.ones(3), 1j * dense, sp.csr_array(1j * dense)):
        with pytest.raises(TypeError, match="matrix must be a real sparse matrix, got"):
            sparse_argument("matrix", wrong)


def test_frozen_matrices_are_not_copied():
    matrix = sp.csr_array(np.eye(2))
    assert np.shares_memory(sparse_argument("matrix", matrix).data, matrix.data)
    assert not np.shares_memory(array_argument("x", matrix.data), matrix.data)


# -- where users meet them ----------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: fit_weights(SAMPLING, None), "pattern must be a real sparse matrix"),
        (lambda: fit_weights(None, None), "sampling must be a sampling"),
        (lambda: finite_elements(None), "sampling must be a sampling"),
        (lambda: optimal_width(None, 4), "sampling must be a sampling"),
        (lambda: same_sampling(SAMPLING, None), "b must be a sampling"),
        (lambda: lambda_max(None), "matrix must be a real sparse matrix, got None"),
        (lambda: Irregular(None), "xyz must be real numbers, got None; pass an array"),
        (lambda: Sampling(np.eye(3), None), "weights must be real numbers, got None"),
        (lambda: use_cache(3), "folder must be a path, got 3"),
        (
            lambda: build_pyramid(SAMPLING, 2, 4, progress=True),
            r"progress must be a function, called as progress\(done, total\), got True",
        ),
    ],
)
def test_none_and_the_like_are_refused_by_name(call, name):
    with pytest.raises(TypeError, match=name):
        call()


@pytest.mark.parametrize(
    "matrix",
    [-np.eye(8), -np.eye(300), [[0, 1], [0, 0]]],
    ids=["8", "300", "nilpotent"],
)
def test_negative_matrices_have_no_largest_eigenvalue_to_scale_by(matrix):
    with pytest.raises(ValueError, match=r"semi-definite.*check the signs"):
        lambda_max(sp.csr_array(matrix))


def test_the_negative_of_a_laplacian_is_refused():
    matrix = laplacian(knn_graph(SAMPLING, 4, weighting="heat")).matrix
    assert lambda_max(matrix.toarray()) == lambda_max(matrix)
    with pytest.raises(
        ValueError, match=r"semi-definite, got eigenvalues that are neg"
    ):
        lambda_max(-matrix)


# -- weightings ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Heat(0.1), r"Heat takes its options by name .*, got 0\.1; .*Heat\(t="),
        (
            lambda: Heat(width=1),
            r"Heat takes .*\(distance, symmetrize, t\), got width=",
        ),
        (lambda: SelfTuned(t=1), r"SelfTuned takes .*, got t="),
        (lambda: Fitted(3), r"Fitted takes no options, got 3; write it as Fitted\(\)"),
    ],
)
def test_options_of_weightings_are_named(call, told):
    with pytest.raises(TypeError, match=told):
        call()


def test_weightings_are_called():
    for graph, kind in (
        (lambda kind: knn_graph(SAMPLING, 4, kind), Heat),
        (lambda kind: delaunay_graph(SAMPLING, kind), Cotangent),
    ):
        name = kind.__name__
        with pytest.raises(TypeError, match=rf"the class {name}; call it: {name}\(\)"):
            graph(kind)


def test_the_remedy_names_a_graph_that_takes_the_weighting():
    with pytest.raises(ValueError, match="or pass 'cotangent' to delaunay_graph"):
        knn_graph(SAMPLING, 4, "cotangent")
    with pytest.raises(ValueError, match="or pass 'heat' to knn_graph"):
        delaunay_graph(SAMPLING, "heat")
    for other in ("fitted", "cotangent"):
        told = f"'heat' or 'area-corrected', got '{other}'; .* width to search for"
        with pytest.raises(ValueError, match=told):
            optimal_width(GaussLegendre(4), 4, other)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((1, "channel"), "1 channel"),
        ((0, "channel"), "0 channels"),
        ((1, "vertex", "vertices"), "1 vertex"),
        ((np.int64(12), "vertex", "vertices"), "12 vertices"),
    ],
)
def test_numbers_agree_with_their_nouns(arguments, text):
    assert counted(*arguments) == text
