"""Graph and harmonic layers in one sequence: training, state, dtypes, compilers."""

import copy

import pytest
import torch
from torch import nn

from deepsphere_pyg import (
    ChebConv,
    FragmentNorm,
    GlobalMeanPool,
    GridActivation,
    MeanPool,
    PowerSpectrumReadout,
    WithOperator,
    ZonalConv,
    laplacian_operator,
    pooling_operator,
)
from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.models.blocks import ConvBlock
from deepsphere_pyg.models.local_layers import ChebyshevLayers
from samplings import (
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    McEwenWiaux,
)
from tests.round_off import assert_near, round_off

L = 4
# Of the sums on the way: neighbours and channels, vertices, rings, and ten layers.
TERMS = 3000
# Each resolves degrees below L: by a theorem, by iterations, by least squares.
SAMPLINGS = [
    GaussLegendre(6),
    McEwenWiaux(6),
    HEALPix(4),
    Icosahedral(2),
    Fibonacci(99),
]


def operator_of(sampling):
    return laplacian_operator(sampling, 8)


def graph_first(sampling, readout=True):
    """Pixels to pixels, to coefficients, to an answer."""
    torch.manual_seed(0)
    layers = [
        WithOperator(
            ConvBlock(2, 4, ChebyshevLayers(3), "batch"), operator_of(sampling)
        ),
        SHT(sampling, L),
        ZonalConv(4, 4, L),
        FragmentNorm(4, L),
        GridActivation(GaussLegendre(8), L),
        PowerSpectrumReadout(L),
        nn.Linear(4 * L, 3),
    ]
    return nn.Sequential(*(layers if readout else layers[:5]))


def harmonics_first(sampling):
    """Pixels to coefficients, to pixels of another sampling, to pixels."""
    torch.manual_seed(0)
    other = HEALPix(2)
    return nn.Sequential(
        SHT(sampling, L),
        ZonalConv(2, 4, L, anchors=2),
        ISHT(other, L),
        nn.ReLU(),
        WithOperator(ChebConv(4, 4, K=3), operator_of(other)),
        nn.ReLU(),
        WithOperator(MeanPool(), pooling_operator(other.coarsen())),
        WithOperator(ChebConv(4, 3, K=2), operator_of(HEALPix(1))),
    )


NETWORKS = [graph_first, harmonics_first]
# Every layer is traced by itself elsewhere; one sequence shows that they go together.
TRACED = [graph_first, pytest.param(harmonics_first, marks=pytest.mark.slow)]


def signals(sampling, batch=6, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, len(sampling), 2, generator=generator).to(dtype)


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda one: one.name)
def test_training_steps_lower_the_loss_on_any_sampling(build, sampling):
    network, x = build(sampling), signals(sampling)
    target = torch.ones_like(network(x))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(20):
        loss = nn.functional.mse_loss(network(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("build", NETWORKS)
def test_state_is_what_is_learned_and_moves_between_samplings(build, tmp_path):
    trained = build(HEALPix(4))
    trained(signals(HEALPix(4)))  # Running statistics move.
    torch.save(trained.state_dict(), tmp_path / "state.pt")
    kept = torch.load(tmp_path / "state.pt", weights_only=True)
    learned = {name for name, _ in trained.named_parameters()}
    assert learned <= set(kept)
    assert all(value.numel() < 100 for value in kept.values())
    again = build(HEALPix(4))
    for parameter in again.parameters():
        nn.init.normal_(parameter)
    again.load_state_dict(kept)
    x = signals(HEALPix(4))
    assert_near(again.eval()(x), trained.eval()(x), TERMS)
    elsewhere = build(GaussLegendre(6))
    elsewhere.load_state_dict(kept)
    assert elsewhere(signals(GaussLegendre(6))).isfinite().all()


@pytest.mark.parametrize("build", NETWORKS)
def test_double_is_exact_whatever_the_dtype_before(build):
    sampling = GaussLegendre(6)
    network = build(sampling).eval()
    x = signals(sampling, dtype=torch.float64)
    double = copy.deepcopy(network).double()
    y = double(x)
    assert y.dtype == torch.float64
    back = copy.deepcopy(double).float().double()
    assert_near(back(x), y, TERMS)
    bound = round_off(torch.float32, TERMS, y)
    torch.testing.assert_close(network(x.float()).double(), y, rtol=0, atol=bound)


@pytest.mark.parametrize("build", TRACED)
def test_sequences_compile_without_graph_breaks(build):
    torch.compiler.reset()
    sampling = HEALPix(4)
    network, x = build(sampling), signals(sampling)
    compiled = torch.compile(
        copy.deepcopy(network), fullgraph=True, backend="aot_eager"
    )
    y, expected = compiled(x), network(x)
    assert_near(y, expected, TERMS)
    gradients, wanted = (
        torch.autograd.grad(value.square().sum(), list(module.parameters()))
        for value, module in ((y, compiled), (expected, network))
    )
    for one, other in zip(gradients, wanted, strict=True):
        assert_near(one, other, TERMS)


@pytest.mark.slow
@pytest.mark.parametrize("build", NETWORKS)
def test_sequences_are_exported_and_take_other_batches(build, tmp_path):
    sampling = HEALPix(4)
    network, x = build(sampling).eval(), signals(sampling)
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(network, (x,), dynamic_shapes=(batch,))
    torch.export.save(program, tmp_path / "network.pt2")
    again = torch.export.load(tmp_path / "network.pt2").module()
    more = signals(sampling, batch=9)
    assert_near(again(more), network(more), TERMS)


def test_band_limited_signals_pass_to_coefficients_and_back_unchanged():
    generator = torch.Generator().manual_seed(0)
    c = torch.randn(3, L * L, 2, generator=generator).double()
    for sampling in SAMPLINGS:
        there = nn.Sequential(ISHT(sampling, L), SHT(sampling, L)).double()
        # Iterations on HEALPix stop above round-off.
        torch.testing.assert_close(there(c), c, atol=1e-6, rtol=0)


def test_mean_over_the_sphere_is_the_scalar_of_the_coefficients():
    sampling = GaussLegendre(6)
    body = graph_first(sampling, readout=False).double().eval()
    c = body(signals(sampling, dtype=torch.float64))
    mean = nn.Sequential(ISHT(sampling, L), GlobalMeanPool(sampling)).double()
    torch.testing.assert_close(mean(c), c[:, 0] / (4 * torch.pi) ** 0.5)
