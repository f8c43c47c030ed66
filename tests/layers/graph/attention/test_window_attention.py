"""Attention in windows against sums by hand, and the pixels of shifted windows."""

import healpy
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.sparse.csgraph import connected_components

from deepsphere_pyg import (
    AllVertices,
    GlobalAttention,
    WindowAttention,
    Windows,
)
from samplings import Coarsening, Equiangular, HEALPix, Icosahedral, Sampling
from tests.helpers import random, scattered
from tests.layers.graph.attention.by_hand import attention_by_hand, stirred
from tests.round_off import assert_near

# Channels, vertices, polynomials.
TERMS = 500
HEMISPHERE = HEALPix(4)[HEALPix(4).lat > 10]
COARSENINGS = {
    "nested": lambda: Coarsening.nested(HEALPix(4), HEALPix(1)),
    "icosahedral": lambda: Icosahedral(1).coarsen(),
    "equiangular": lambda: Equiangular(4, 8).coarsen(),
    "irregular": lambda: scattered(40).coarsen(),
    "masked": lambda: HEMISPHERE.coarsen(),
}


def layer_of(**options):
    torch.manual_seed(0)
    return stirred(WindowAttention(3, 4, heads=2, **options))


def pixels_of(windows):
    """The sets of vertices of all windows."""
    filled = windows.log_area.isfinite()
    return [
        set(index[kept].tolist())
        for index, kept in zip(windows.index, filled, strict=True)
    ]


@pytest.mark.parametrize("options", [{"degree": 3}, {"isotropic": True}])
@pytest.mark.parametrize("name", COARSENINGS)
def test_attention_is_that_by_hand_in_each_window(name, options):
    coarsening = COARSENINGS[name]()
    fine, assign = coarsening.fine, coarsening.assign.toarray()
    windows, layer = Windows(coarsening).double(), layer_of(**options)
    x = random(len(fine), 3)
    y = layer(x, windows).detach().numpy()
    wanted = np.zeros_like(y)
    for shares in assign:
        inside = np.flatnonzero(shares)
        given = (fine.xyz[inside], fine.weights[inside] * shares[inside])
        for i in inside:
            wanted[i] += shares[i] * attention_by_hand(
                layer, fine.xyz[i], x.numpy()[i], *given, x.numpy()[inside],
                windows.radius,
            )  # fmt: skip
    np.testing.assert_allclose(y, wanted, atol=1e-10)


def test_one_window_is_attention_to_all():
    fine = scattered(30)
    coarse = Sampling([[0.0, 0.0, 1.0]], [fine.area])
    windows = Windows(Coarsening(fine, coarse, sp.csr_array(np.ones((1, 30)))))
    layer, x = layer_of(degree=0), random(2, 30, 3)
    all_of_it = GlobalAttention(3, 4, heads=2).double()
    all_of_it.load_state_dict(layer.state_dict())
    wanted = all_of_it(x, AllVertices(fine).double())
    assert_near(layer(x, windows.double()), wanted, TERMS)


def test_halves_of_a_vertex_do_what_it_did():
    coarsening, layer, x = scattered(40).coarsen(), layer_of(), random(40, 3)
    fine, assign = coarsening.fine, coarsening.assign.toarray()
    area = np.append(fine.weights, fine.weights[7] / 2)
    area[7] /= 2
    split = Sampling(np.concatenate([fine.xyz, fine.xyz[[7]]]), area)
    more = sp.csr_array(np.concatenate([assign, assign[:, [7]]], axis=1))
    windows = Windows(Coarsening(split, coarsening.coarse, more)).double()
    y = layer(x, Windows(coarsening).double())
    found = layer(torch.cat([x, x[[7]]]), windows)
    assert_near(found, torch.cat([y, y[[7]]]), TERMS)


# -- shifted windows ---------------------------------------------------------------
SIDES = [(4, 2), (8, 2), (8, 1), (16, 4)]


@pytest.mark.parametrize(("nside", "coarse"), SIDES)
def test_shifted_windows_are_a_grid_shifted_by_half_a_window_within_faces(
    nside, coarse
):
    coarsening = Coarsening.nested(HEALPix(nside), HEALPix(coarse))
    found = pixels_of(Windows(coarsening, shifted=True))
    side = nside // coarse
    x, y, face = healpy.pix2xyf(nside, np.arange(12 * nside**2), nest=True)
    column, row = (x + side // 2) // side, (y + side // 2) // side
    inner = (column % coarse > 0) & (row % coarse > 0)
    wanted = {}
    for pixel in np.flatnonzero(inner):
        place = (face[pixel], column[pixel], row[pixel])
        wanted.setdefault(place, set()).add(int(pixel))
    assert len(wanted) == 12 * (coarse - 1) ** 2
    assert all(len(pixels) == side**2 for pixels in wanted.values())
    assert all(pixels in found for pixels in wanted.values())


@pytest.mark.parametrize(("nside", "coarse"), SIDES)
def test_shifted_windows_unite_neighbouring_pixels(nside, coarse):
    coarsening = Coarsening.nested(HEALPix(nside), HEALPix(coarse))
    plain, shifted = Windows(coarsening), Windows(coarsening, shifted=True)
    found, quarter = pixels_of(shifted), (nside // coarse) ** 2 // 4
    assert len(found) == 12 * coarse**2 + 2
    every = [pixel for pixels in found for pixel in pixels]
    assert sorted(every) == list(range(12 * nside**2))
    # Three pixels meet at eight corners, four at all others.
    sizes = sorted(len(pixels) for pixels in found)
    assert sizes == [3 * quarter] * 8 + [4 * quarter] * (12 * coarse**2 - 6)
    # Polar pixels reach furthest, in windows of either kind.
    assert shifted.radius < 1.1 * plain.radius
    near = healpy.get_all_neighbours(nside, np.arange(12 * nside**2), nest=True)
    for pixels in found:
        inside = sorted(pixels)
        parents = {pixel // (4 * quarter) for pixel in inside}
        assert len(parents) == len(inside) // quarter
        joined = [[pixel in near[:, other] for pixel in inside] for other in inside]
        assert connected_components(sp.csr_array(joined))[0] == 1


def test_shifted_windows_of_rings_and_of_parts_are_those_of_the_whole():
    whole = Coarsening.nested(HEALPix(4), HEALPix(2))
    wanted = pixels_of(Windows(whole, shifted=True))
    ring = Coarsening.nested(HEALPix(4, nest=False), HEALPix(2, nest=False))
    found = pixels_of(Windows(ring, shifted=True))
    renamed = [set(healpy.ring2nest(4, sorted(pixels)).tolist()) for pixels in found]
    assert sorted(map(sorted, renamed)) == sorted(map(sorted, wanted))
    found = pixels_of(Windows(HEMISPHERE.coarsen(), shifted=True))
    parts = [set(HEMISPHERE.index[sorted(pixels)].tolist()) for pixels in found]
    kept = set(HEMISPHERE.index.tolist())
    cut = [pixels & kept for pixels in wanted if pixels & kept]
    assert sorted(map(sorted, parts)) == sorted(map(sorted, cut))


def test_sides_that_are_no_powers_of_two_are_shifted_too():
    coarsening = Coarsening.nested(HEALPix(12, nest=False), HEALPix(3, nest=False))
    sizes = [len(pixels) for pixels in pixels_of(Windows(coarsening, shifted=True))]
    assert sorted(sizes) == [12] * 8 + [16] * (12 * 9 - 6)


def test_two_layers_carry_signals_over_the_borders_of_windows():
    coarsening = Coarsening.nested(HEALPix(4), HEALPix(2))
    plain = Windows(coarsening).double()
    shifted = Windows(coarsening, shifted=True).double()
    layer, x = layer_of(), random(192, 3)
    second = stirred(WindowAttention(4, 4, heads=2))
    x.requires_grad_()

    def reached(y):
        (gradient,) = torch.autograd.grad(y[0].sum(), x, retain_graph=True)
        return int(gradient.any(-1).sum())

    y = layer(x, plain)
    assert reached(y) == 4
    assert reached(second(y, plain)) == 4
    assert reached(second(y, shifted)) == 16


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            ValueError,
            "shifted windows must be of HEALPix, .*got .*; alternate the windows of",
            lambda: Windows(Icosahedral(1).coarsen(), shifted=True),
        ),
        (
            ValueError,
            "an even number of pixels on a side, got 3 from nside 6 to 2; use",
            lambda: Windows(
                Coarsening.nested(HEALPix(6, nest=False), HEALPix(2)), shifted=True
            ),
        ),
        (
            TypeError,
            r"coarsening must be a Coarsening, got .*; take sampling.coarsen\(\)",
            lambda: Windows(HEALPix(2)),
        ),
        (
            TypeError,
            "windows must be a Windows, got .*; make them with Windows",
            lambda: WindowAttention(3, 4, 2)(torch.ones(48, 3), HEALPix(2).coarsen()),
        ),
    ],
)
def test_wrong_arguments_are_refused(error, message, call):
    with pytest.raises(error, match=message):
        call()
