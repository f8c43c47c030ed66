"""Networks on scattered points without pooling."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.models import VertexNetwork, load_model, save_model
from samplings import Icosahedral, Irregular, build_pyramid

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.normal(size=(40, 3))
POINTS /= np.linalg.norm(POINTS, axis=1, keepdims=True)


def network(xyz, head="convolution", K=3):
    torch.manual_seed(0)
    places = build_pyramid(Irregular(xyz), 1, 5, weighting="self-tuned")
    found = VertexNetwork(2, 3, places, widths=(4, 6), K=K, head=head)
    return found.double().eval()


@pytest.mark.parametrize("head", ["convolution", "mean"])
def test_the_order_of_the_stations_does_not_matter(head):
    order = RANDOM.permutation(40)
    x = torch.from_numpy(RANDOM.normal(size=(2, 40, 2)))
    y, permuted = network(POINTS, head)(x), network(POINTS[order], head)(x[:, order])
    expected = y[:, order] if head == "convolution" else y
    # Three layers of sums over tens of terms near one.
    torch.testing.assert_close(permuted, expected, rtol=0, atol=1e-12)


def test_order_zero_sees_no_neighbour_and_order_two_those_of_neighbours():
    x = torch.from_numpy(RANDOM.normal(size=(40, 2)))
    for K, reach in ((1, 0), (2, 3)):
        model = network(POINTS, K=K)
        changed = x.clone()
        changed[7] += 1
        moved = (model(changed) - model(x)).abs().sum(-1) > 0
        adjacency = model.pyramid.graphs[0].adjacency.toarray() > 0
        within = np.eye(40, dtype=bool)
        for _ in range(reach):
            within = within | (within.astype(int) @ adjacency.astype(int) > 0)
        assert not (moved.numpy() & ~within[7]).any()
        assert moved.numpy().sum() > (1 if reach else 0)


def test_a_half_turn_of_the_icosahedron_commutes_with_the_network():
    sampling = Icosahedral(1)
    torch.manual_seed(0)
    model = VertexNetwork(1, 1, sampling, widths=(4,), K=3).double().eval()
    turn = np.diag([-1.0, -1.0, 1.0])
    order = np.argmax(sampling.xyz @ (sampling.xyz @ turn.T).T, axis=0)
    assert np.allclose(sampling.xyz[order], sampling.xyz @ turn.T)
    x = torch.from_numpy(RANDOM.normal(size=(len(sampling), 1)))
    turned = torch.empty_like(x)
    turned[order] = x
    torch.testing.assert_close(model(turned)[order], model(x), rtol=0, atol=1e-9)


def test_saved_networks_are_rebuilt(tmp_path):
    model = network(POINTS, "mean")
    save_model(model, tmp_path / "a.pt")
    x = torch.from_numpy(RANDOM.normal(size=(2, 40, 2)))
    found = load_model(tmp_path / "a.pt").double().eval()
    torch.testing.assert_close(found(x), model(x), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": ()}, r"widths must have one number for each layer, got \(\)"),
        ({"K": 0}, "K must be at least 1"),
        ({"head": "sum"}, "head must be 'convolution' or 'mean', got 'sum'"),
    ],
)
def test_options_without_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        VertexNetwork(1, 1, Icosahedral(0), **options)
