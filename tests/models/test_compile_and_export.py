"""Whole networks, compiled and exported, moved and converted between."""

import copy
from functools import partial

import pytest
import torch

from deepsphere_pyg import (
    ChebConv,
    ResNetConfiguration,
    SphericalClassifier,
    SphericalResNet,
    SphericalUNet,
    UNetConfiguration,
)
from samplings import HEALPix, Icosahedral, build_pyramid
from tests.round_off import assert_near

N_CHANNELS = 4


def unet(convolution: str = "chebyshev") -> SphericalUNet:
    # Three levels have all that deeper ones have: skips, also at the finest.
    sizes = UNetConfiguration(
        "tiny", 4, (4, 6, 8), finest_skip=True, convolution=convolution
    )
    pyramid = build_pyramid(Icosahedral(2), sizes.levels, 6, weighting="heat")
    return SphericalUNet(N_CHANNELS, 3, pyramid, configuration=sizes)


def classifier() -> SphericalClassifier:
    pyramid = build_pyramid(HEALPix(8), 3, 8, weighting="heat")
    return SphericalClassifier(N_CHANNELS, 5, pyramid, widths=(8, 6))


def cosmology() -> SphericalClassifier:
    pyramid = build_pyramid(HEALPix(8), 3, 8, weighting="heat")
    options = {"pooling": "learned", "head": "convolution", "laplacian": "normalized"}
    return SphericalClassifier(N_CHANNELS, 5, pyramid, widths=(8, 6), **options)


def dense() -> SphericalClassifier:
    pyramid = build_pyramid(HEALPix(8), 3, 8, weighting="heat")
    return SphericalClassifier(N_CHANNELS, 5, pyramid, widths=(8, 6), head="dense")


def resnet() -> SphericalResNet:
    sizes = ResNetConfiguration("tiny", 4, poolings=1, convolutions=1, blocks=1, K=3)
    pyramid = build_pyramid(HEALPix(8), 3, 8, weighting="heat", first_graph=1)
    return SphericalResNet(N_CHANNELS, 5, pyramid, configuration=sizes).eval()


NETWORKS = {
    "unet": unet,
    "classifier": classifier,
    "cosmology": cosmology,
    "dense": dense,
    "resnet": resnet,
    "discs": partial(unet, "disco"),
    "attention": partial(unet, "attention"),
}
SLOW = ("cosmology", "dense", "resnet", "discs", "attention")


@pytest.fixture(
    params=[pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in NETWORKS]
)
def network(request):
    return NETWORKS[request.param]()


def signal(network, batch, dtype=torch.float32):
    return torch.randn(batch, len(network.sampling), N_CHANNELS, dtype=dtype)


def compiled(network):
    torch.compiler.reset()
    return torch.compile(network, fullgraph=True, backend="aot_eager")


def assert_close(one, other):
    # Sums of up to a thousand products, through ten layers.
    assert_near(one, other, 10 * 1000)


def step(network, x):
    """Result, gradients, and what normalisation has seen."""
    y = network(x)
    gradients = torch.autograd.grad(y.square().mean(), list(network.parameters()))
    return [y.detach(), *gradients, *network.buffers()]


def test_a_training_step_compiles_without_graph_breaks(network):
    other = copy.deepcopy(network)
    x = signal(network, 3)
    expected = step(other, x)
    got = step(compiled(network), x)
    for one, true in zip(got, expected, strict=True):
        assert_close(one, true)


@pytest.mark.slow
def test_compiled_networks_follow_conversions(network):
    network.eval()
    f = compiled(network)
    for dtype in (torch.float32, torch.float64, torch.float32):
        network.to(dtype)
        x = signal(network, 2, dtype)
        with torch.no_grad():
            assert_close(f(x), copy.deepcopy(network)(x))


@pytest.mark.parametrize(
    ("seen", "strict"),
    [(False, False), pytest.param(True, True, marks=pytest.mark.slow)],
)
def test_exported_networks_are_read_back(network, seen, strict, tmp_path):
    network.eval()
    if seen:
        network(signal(network, 2))
    batch = {0: torch.export.Dim("batch")}
    x = signal(network, 2)
    program = torch.export.export(network, (x,), dynamic_shapes=(batch,), strict=strict)
    torch.export.save(program, tmp_path / "network.pt2")
    again = torch.export.load(tmp_path / "network.pt2").module()
    for more in (1, 5):
        x = signal(network, more)
        with torch.no_grad():
            assert_close(again(x), network(x))


def test_exported_networks_make_no_operators_anew(network):
    network.eval()
    program = torch.export.export(network, (signal(network, 2),))
    called = {str(node.target) for node in program.graph.nodes}
    convolves = any(isinstance(part, ChebConv) for part in network.modules())
    kernel = "chebyshev_convolution" if convolves else "edge_sum"
    assert f"deepsphere_pyg.{kernel}.default" in called
    # How tiles and windows are made would leave such traces.
    assert not any("lift_fresh" in name or "aten.diff" in name for name in called)


def test_export_follows_conversions(network):
    network.eval()
    for dtype in (torch.float32, torch.float64):
        network.to(dtype)
        x = signal(network, 2, dtype)
        program = torch.export.export(network, (x,)).module()
        with torch.no_grad():
            assert_close(program(x), copy.deepcopy(network)(x))


def test_what_inference_made_first_can_be_trained_with(network):
    x = signal(network, 2)
    with torch.inference_mode():
        network.eval()(x)
    network.train()(x).square().mean().backward()
    assert all(part.grad is not None for part in network.parameters())
