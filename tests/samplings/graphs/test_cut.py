"""Graphs of parts of a sampling that are cut out of those of the whole."""

import json

import healpy
import numpy as np
import pytest

from samplings import (
    WEIGHTINGS,
    HEALPix,
    Heat,
    Icosahedral,
    build_pyramid,
    cut_graph,
    equivariance_spectrum,
    knn_graph,
    pyramid_from_config,
)

NSIDE = 16
WHOLE = HEALPix(NSIDE, nest=True)
FACE = WHOLE[np.arange(NSIDE * NSIDE)]
NEIGHBOURS = [name for name, kind in WEIGHTINGS.items() if kind.pattern == "neighbours"]


@pytest.mark.parametrize("weighting", NEIGHBOURS)
def test_a_cut_graph_has_the_weights_of_the_whole(weighting: str) -> None:
    whole = knn_graph(WHOLE, 8, weighting)
    cut = cut_graph(FACE, 8, weighting)
    part = whole.adjacency[FACE.index][:, FACE.index].toarray()
    # Weights of local rules come from sums over fewer vertices, to round-off.
    np.testing.assert_allclose(cut.adjacency.toarray(), part, rtol=1e-12, atol=0)
    assert cut.t == whole.t or np.isnan(whole.t)
    if whole.mass is not None:
        mass = whole.mass[FACE.index]
        np.testing.assert_allclose(cut.mass, mass / mass.mean(), rtol=1e-12)


def test_far_from_the_border_the_error_is_that_of_the_whole() -> None:
    whole, part = HEALPix(32, nest=True), HEALPix(32, nest=True)[np.arange(1024)]
    x, y, _ = healpy.pix2xyf(32, part.index, nest=True)
    inner = (np.minimum(x, y) >= 4) & (np.maximum(x, y) < 28)
    degrees = np.arange(12, 64, 8)
    errors = [
        equivariance_spectrum(graph, degrees, vertices=rows).mean_error()
        for graph, rows in (
            (knn_graph(whole, 20), part.index[inner]),
            (cut_graph(part, 20), inner),
            (knn_graph(part, 20), inner),
        )
    ]
    assert errors[1] == pytest.approx(errors[0], rel=1e-6)
    assert errors[2] > 1.3 * errors[0]


def test_a_whole_sampling_is_not_cut() -> None:
    assert (cut_graph(WHOLE, 8).adjacency != knn_graph(WHOLE, 8).adjacency).nnz == 0


def test_pieces_stay_apart_with_a_note() -> None:
    poles = Icosahedral(3)
    poles = poles[np.abs(poles.lat) > 60]
    graph = cut_graph(poles, 6, "heat")
    assert graph.n_components == 2
    assert graph.note == "the sampling is in 2 pieces"


def test_a_cut_pyramid_is_rebuilt_from_its_configuration() -> None:
    pyramid = build_pyramid(FACE, depth=3, k=8, cut=True)
    again = pyramid_from_config(json.loads(json.dumps(pyramid.config)))
    for graph, other in zip(pyramid.graphs, again.graphs, strict=True):
        assert (graph.adjacency != other.adjacency).nnz == 0
    own = build_pyramid(FACE, depth=3, k=8)
    assert "cut" not in own.config
    assert own.graphs[0].n_edges > pyramid.graphs[0].n_edges
    moved = pyramid.with_sampling(HEALPix(8, nest=True)[np.arange(64)])
    assert moved.config["cut"] is True


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="leave out connect or cut"):
        build_pyramid(FACE, depth=2, k=8, cut=True, connect=False)
    with pytest.raises(TypeError, match="cut must be"):
        build_pyramid(FACE, depth=2, k=8, cut="yes")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="sampling must be"):
        cut_graph(3, 8)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="k must be at least 1"):
        cut_graph(FACE, 0, Heat(t=1e-3))
