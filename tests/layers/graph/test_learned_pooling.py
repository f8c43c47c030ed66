"""Learned pooling: convolutions with a stride, moments of children, transposes."""

import healpy
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from deepsphere_pyg import (
    ChildOperator,
    LearnedPool,
    LearnedUnpool,
    child_pooling_operator,
    child_unpooling_operator,
    pooling_operator,
    unpooling_operator,
)
from samplings import (
    Coarsening,
    CubedSphere,
    Equiangular,
    Fibonacci,
    HEALPix,
    Icosahedral,
    IcosahedralTriangles,
    Irregular,
    Transfer,
)
from tests.round_off import assert_near

RNG = np.random.default_rng(0)
NORTH = HEALPix(4)[HEALPix(4).lat > 20]
POINTS = RNG.standard_normal((60, 3))
SCATTERED = Irregular(POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True))
COARSENINGS = {
    sampling.name: sampling.coarsen()
    for sampling in (
        *(HEALPix(4), HEALPix(6, nest=False), CubedSphere(4), IcosahedralTriangles(2)),
        *(Icosahedral(2), Fibonacci(80), Equiangular(8, 16), NORTH),
    )
}
COARSENINGS["scattered"] = Transfer.conservative(SCATTERED, Fibonacci(15)).coarsening()
# Children and channels, in one sum.
TERMS = 100


def random_signal(*shape):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def layers_of(coarsening, channels, **options):
    """A pooling and an unpooling in float64, and their operators."""
    down = child_pooling_operator(coarsening, **options).double()
    up = child_unpooling_operator(coarsening, **options).double()
    pool = LearnedPool(*channels, down.n_terms).double()
    unpool = LearnedUnpool(*channels, up.n_terms).double()
    nn.init.normal_(pool.bias)
    nn.init.normal_(unpool.bias)
    return pool, down, unpool, up


def test_children_in_order_are_the_signals_themselves():
    coarsening = HEALPix(4).coarsen()
    x = random_signal(2, 192, 3)
    for make, pools in ((child_pooling_operator, 0), (child_unpooling_operator, 1)):
        operator = make(coarsening).double()
        assert operator.in_order
        y = operator(x)
        assert y.data_ptr() == x.data_ptr() and torch.equal(y, x)
        # Edges that explainers mask are gone along in the reference.
        reference = make(coarsening, execution="message_passing").double()
        assert reference.in_order and torch.equal(reference(x), x)
        assert reference(x).data_ptr() != x.data_ptr()
        with pytest.raises(ValueError, match=f"x has {48 - pools} vertices"):
            operator(x[:, : 48 - pools])
        with pytest.raises(TypeError, match=r"x must be torch\.float64"):
            operator(x.float())
        operator.weight *= 2
        with pytest.raises(ValueError, match="must stay as it was made"):
            operator(x)


@pytest.mark.parametrize(
    "fine", [HEALPix(4, nest=False), NORTH, Icosahedral(2)], ids=lambda one: one.name
)
def test_children_in_another_order_are_gathered(fine):
    operator = child_pooling_operator(fine.coarsen())
    assert not operator.in_order
    x = torch.randn(len(fine), 2)
    expected = operator.to_scipy() @ x.double().numpy()
    assert_near(operator(x), torch.from_numpy(expected).float(), TERMS)


def test_nested_places_are_those_of_interleaved_bits():
    fine, coarse = HEALPix(8), HEALPix(2)
    place, count = fine.places_in(coarse)
    x, y, _ = healpy.pix2xyf(8, np.arange(768), nest=True)
    bits = sum((x >> b & 1) << (2 * b) | (y >> b & 1) << (2 * b + 1) for b in (0, 1))
    np.testing.assert_array_equal(place, bits)
    assert count == 16


@pytest.mark.parametrize("levels", [1, 2])
def test_on_nested_pixels_pooling_is_a_convolution_with_a_stride(levels):
    fine, coarse = HEALPix(8), HEALPix(8 >> levels)
    pool, down, unpool, up = layers_of(Coarsening.nested(fine, coarse), (3, 5))
    size = 4**levels
    assert down.n_terms == up.n_terms == size
    conv = nn.Conv1d(3, 5, size, stride=size).double()
    transposed = nn.ConvTranspose1d(3, 5, size, stride=size).double()
    with torch.no_grad():
        conv.weight.copy_(pool.weight.permute(2, 1, 0))
        conv.bias.copy_(pool.bias)
        transposed.weight.copy_(unpool.weight.permute(1, 2, 0))
        transposed.bias.copy_(unpool.bias)
    x = random_signal(2, len(fine), 3)
    assert_near(pool(x, down), conv(x.mT).mT, TERMS)
    y = random_signal(2, len(coarse), 3)
    assert_near(unpool(y, up), transposed(y.mT).mT, TERMS)


def test_ring_ordering_gives_the_pixels_of_the_nested_ordering():
    nested, ring = (HEALPix(4, nest=nest).coarsen() for nest in (True, False))
    pool, down, unpool, up = layers_of(nested, (2, 3))
    down_ring = child_pooling_operator(ring).double()
    up_ring = child_unpooling_operator(ring).double()
    fine, coarse = (
        torch.from_numpy(healpy.nest2ring(n, np.arange(12 * n * n))) for n in (4, 2)
    )
    x = random_signal(192, 2)
    turned = torch.empty_like(x).index_copy(0, fine, x)
    assert_near(pool(turned, down_ring)[coarse], pool(x, down), TERMS)
    y = random_signal(48, 2)
    turned = torch.empty_like(y).index_copy(0, coarse, y)
    assert_near(unpool(turned, up_ring)[fine], unpool(y, up), TERMS)


@pytest.mark.parametrize("name", COARSENINGS)
@pytest.mark.parametrize("terms", ["auto", "position", "distance"])
def test_unpooling_is_the_adjoint_of_pooling(name, terms):
    coarsening = COARSENINGS[name]
    down = child_pooling_operator(coarsening, terms=terms, degree=3).double()
    up = child_unpooling_operator(coarsening, terms=terms, degree=3).double()
    x, y = random_signal(down.n_in, 1), random_signal(down.n_out, 1)
    by_share = down.n_edges != down.n_in
    fine = torch.from_numpy(coarsening.fine.weights.copy())[:, None]
    coarse = torch.from_numpy(coarsening.coarse.weights.copy())[:, None]
    coarse = coarse.repeat_interleave(down.n_terms, 0)
    if not by_share:
        fine, coarse = torch.ones_like(fine), torch.ones_like(coarse)
    assert_near((fine * up(y) * x).sum(), (coarse * y * down(x)).sum(), 30 * TERMS)


@pytest.mark.parametrize("name", COARSENINGS)
def test_the_first_moment_is_the_mean_by_area(name):
    coarsening = COARSENINGS[name]
    down = child_pooling_operator(coarsening, terms="position")
    up = child_unpooling_operator(coarsening, terms="position")
    first = down.to_scipy()[::6] - pooling_operator(coarsening).to_scipy()
    assert np.abs(first).max() < 1e-12
    first = up.to_scipy()[:, ::6] - unpooling_operator(coarsening).to_scipy()
    assert np.abs(first).max() < 1e-12


def test_moments_are_the_polynomials_of_the_tangent_plane():
    coarsening = Icosahedral(3).coarsen()
    fine, coarse = coarsening.fine, coarsening.coarse
    up = child_unpooling_operator(coarsening, terms="position", degree=2).to_scipy()
    assign = sp.coo_array(coarsening.assign)
    share = assign.data * fine.weights[assign.col] / coarse.weights[assign.row]
    # Lambert's projection by its textbook formula (Snyder 1987, p. 185).
    lat0, lat = np.pi / 2 - coarse.theta[assign.row], np.pi / 2 - fine.theta[assign.col]
    turn = fine.phi[assign.col] - coarse.phi[assign.row]
    cos = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(turn)
    scale = np.sqrt(2 / (1 + cos)) * np.sqrt(np.pi / coarse.weights[assign.row])
    u = scale * np.cos(lat) * np.sin(turn)
    v = np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(turn)
    v = scale * v
    defocus = np.sqrt(3) * (2 * (u * u + v * v) - 1)
    six = np.sqrt(6)
    expected = [2 * v, 2 * u, 2 * six * u * v, defocus, six * (u * u - v * v)]
    for k, values in enumerate(expected, 1):
        mean = np.bincount(assign.row, share * values)[assign.row]
        found = up[assign.col, 6 * assign.row + k]
        np.testing.assert_allclose(
            np.asarray(found).ravel(), assign.data * (values - mean), atol=1e-9
        )


@pytest.mark.parametrize("terms", ["auto", "position"])
@pytest.mark.parametrize("sampling", [HEALPix(4), Icosahedral(2)], ids=repr)
def test_the_order_of_vertices_does_not_matter(sampling, terms):
    coarsening = sampling.coarsen()
    order = RNG.permutation(len(sampling))
    parents = RNG.permutation(len(coarsening.coarse))
    shuffled = Coarsening(
        sampling[order],
        coarsening.coarse[parents],
        coarsening.assign[parents][:, order],
    )
    pool, down, unpool, up = layers_of(coarsening, (2, 3), terms=terms)
    down_shuffled = child_pooling_operator(shuffled, terms=terms).double()
    up_shuffled = child_unpooling_operator(shuffled, terms=terms).double()
    x, y = random_signal(down.n_in, 2), random_signal(down.n_parents, 2)
    assert_near(pool(x[order], down_shuffled), pool(x, down)[parents], TERMS)
    assert_near(unpool(y[parents], up_shuffled), unpool(y, up)[order], TERMS)


def test_children_that_a_masked_sampling_lacks_count_as_zero():
    whole, part = HEALPix(4).coarsen(), NORTH.coarsen()
    pool, down, *_ = layers_of(whole, (2, 3))
    below = child_pooling_operator(part).double()
    x = random_signal(192, 2)
    x[~NORTH.mask] = 0
    expected = pool(x, down)[part.coarse.index.copy()]
    assert_near(pool(x[NORTH.index.copy()], below), expected, TERMS)


def test_weights_move_between_resolutions_and_positions_between_samplings():
    pool = LearnedPool(1, 2, 4)
    for nside in (2, 4):
        operator = child_pooling_operator(HEALPix(nside).coarsen())
        assert pool(torch.ones(len(HEALPix(nside)), 1), operator).shape[-2:] == (
            3 * nside**2,
            2,
        )
    pool = LearnedPool(1, 1, 6, bias=False).double()
    nn.init.ones_(pool.weight)
    # Cells of the two samplings are of different shapes and sizes, some 0.1 wide.
    for sampling in (HEALPix(16), Icosahedral(4), Fibonacci(2000)):
        coarsening = sampling.coarsen()
        operator = child_pooling_operator(coarsening, terms="position").double()
        y = pool(torch.from_numpy(sampling.xyz[:, 2:].copy()), operator)
        z = coarsening.coarse.xyz[:, 2]
        assert np.abs(y.detach().numpy()[:, 0] - z).max() < 0.1
        # Of a constant, there is only the mean.
        y = pool(torch.ones(len(sampling), 1).double(), operator)
        assert_near(y, torch.ones_like(y), TERMS)


def test_several_levels_are_those_of_joined_coarsenings():
    first = HEALPix(8).coarsen()
    both = first.then(first.coarse.coarsen())
    direct = Coarsening.nested(HEALPix(8), HEALPix(2))
    assert np.array_equal(both.assign.toarray(), direct.assign.toarray())
    one = child_pooling_operator(both).to_scipy()
    assert (one != child_pooling_operator(direct).to_scipy()).nnz == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_autoencoder_learns_to_give_back_smooth_maps(dtype):
    torch.manual_seed(0)
    coarsening = HEALPix(4).coarsen()
    down = child_pooling_operator(coarsening).to(dtype)
    up = child_unpooling_operator(coarsening).to(dtype)
    encoder = LearnedPool(1, 3, 4).to(dtype)
    decoder = LearnedUnpool(3, 1, 4).to(dtype)
    x = torch.from_numpy(HEALPix(4).xyz.T[..., None].copy()).to(dtype)
    weights = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.LBFGS(weights, max_iter=60)

    def loss():
        return (decoder(encoder(x, down), up) - x).square().mean()

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(step)
    # A mean and a copy leave the variance within a pixel of nside 2.
    copied = unpooling_operator(coarsening).to(dtype)(
        pooling_operator(coarsening).to(dtype)(x)
    )
    assert loss() < 0.1 * (copied - x).square().mean()


def test_gradients_of_weights():
    pool, down, unpool, up = layers_of(Icosahedral(1).coarsen(), (2, 2))
    x, y = random_signal(42, 2), random_signal(12, 2)
    for layer, operator, signal in ((pool, down, x), (unpool, up, y)):
        weights = dict(layer.named_parameters())

        def of_weights(*values, layer=layer, operator=operator, signal=signal):
            given = dict(zip(("weight", "bias"), values, strict=True))
            return torch.func.functional_call(layer, given, (signal, operator))

        assert torch.autograd.gradcheck(
            of_weights, (weights["weight"], weights["bias"]), fast_mode=True
        )


def test_what_does_not_fit_is_refused():
    coarsening = HEALPix(2).coarsen()
    down, up = child_pooling_operator(coarsening), child_unpooling_operator(coarsening)
    with pytest.raises(TypeError, match=r"must be a ChildOperator, got EdgeOp"):
        LearnedPool(2, 3, 4)(torch.ones(48, 2), pooling_operator(coarsening))
    with pytest.raises(ValueError, match="from children to parents, got one from par"):
        LearnedPool(2, 3, 4)(torch.ones(12, 2), up)
    with pytest.raises(ValueError, match="from parents to children, got one from chi"):
        LearnedUnpool(2, 3, 4)(torch.ones(48, 2), down)
    with pytest.raises(
        ValueError, match="for 6 terms of each parent, the operator has"
    ):
        LearnedPool(2, 3, 6)(torch.ones(48, 2), down)
    with pytest.raises(ValueError, match="expected 2 input channels, got 3"):
        LearnedPool(2, 3, 4)(torch.ones(48, 3), down)
    with pytest.raises(ValueError, match="x has 48 vertices, this operator takes 12"):
        LearnedUnpool(2, 3, 4)(torch.ones(48, 2), up)
    with pytest.raises(ValueError, match=r"which fibonacci-80 in fibonacci-20 h"):
        child_pooling_operator(Fibonacci(80).coarsen(), terms="children")
    with pytest.raises(ValueError, match="following must coarsen HEALPix"):
        coarsening.then(HEALPix(4).coarsen())
    with pytest.raises(ValueError, match="n_terms must divide the 12 sums of the matr"):
        ChildOperator(pooling_operator(coarsening).to_scipy(), 5)


def test_parents_without_children_are_refused():
    fine, coarse = HEALPix(2), HEALPix(1)
    assign = sp.csr_array((np.ones(48), (np.zeros(48, int), np.arange(48))), (12, 48))
    with pytest.raises(ValueError, match="sums of the fine areas they hold, got"):
        Coarsening(fine, coarse, assign)
