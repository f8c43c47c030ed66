"""ONNX files compute what the networks and layers do that they were made of."""

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

import deepsphere_pyg
from deepsphere_pyg import (
    AllVertices,
    ChebConv,
    ConvNeXtBlock,
    DepthwiseChebConv,
    DiscoConv,
    EdgeOperator,
    GlobalAttention,
    MaxPool,
    MeanPool,
    NeighbourAttention,
    Neighbourhoods,
    PiecewiseLinearBasis,
    PolynomialConv,
    SphericalClassifier,
    SphericalUNet,
    Unpool,
    WindowAttention,
    Windows,
    disco_operator,
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.convert import export_onnx
from deepsphere_pyg.convert.onnx import export as onnx
from deepsphere_pyg.convert.onnx import operations as onnx_operations
from deepsphere_pyg.layers.graph.pyg import ChebConv as PyGChebConv
from deepsphere_pyg.models import PlanarPatchClassifier, UNetConfiguration
from samplings import HEALPix, Icosahedral, build_pyramid, knn_graph
from tests.round_off import assert_near, round_off

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


def signal(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def session(path: Path) -> "runtime.InferenceSession":
    return runtime.InferenceSession(path, providers=["CPUExecutionProvider"])


def assert_round_trip(model, path, n, channels, operator=None, dtype=torch.float32):
    """Exported with two signals, run with one and with five."""
    export_onnx(model, signal(2, n, channels, dtype=dtype), path, operator)
    run = session(path)
    assert run.get_inputs()[0].shape == ["batch", n, channels]
    for batch in (1, 5):
        x = signal(batch, n, channels, dtype=dtype)
        (got,) = run.run(["y"], {"x": x.numpy()})
        with torch.no_grad():
            y = model(x) if operator is None else model(x, operator)
        # Sums of up to a thousand products, in some layers. ONNX keeps the eps of layer
        # normalisation in single precision, off by 3e-13, where variances may be 0.1.
        bound = round_off(dtype, 5 * 1000, y) + 1e-11 * float(y.abs().max())
        torch.testing.assert_close(torch.from_numpy(got), y, rtol=0, atol=bound)


def healpix_laplacian(nside: int = 4) -> EdgeOperator:
    graph = knn_graph(HEALPix(nside), 8, weighting="heat")
    return laplacian_operator(graph)


def uneven_operator(n: int = 60) -> EdgeOperator:
    """Empty rows, a hub, and no symmetry."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.05)
    matrix[3], matrix[:5:2] = 0.1, 0
    return EdgeOperator(sp.csr_array(matrix))


WEDGES = PiecewiseLinearBasis(3, 4)


def discs(sampling: HEALPix, coarse: HEALPix | None = None) -> EdgeOperator:
    return disco_operator(sampling, coarse, basis=WEDGES, normalization="contrast")


def discs_down() -> EdgeOperator:
    return discs(HEALPix(4), HEALPix(2))


def neighbourhoods() -> Neighbourhoods:
    return Neighbourhoods(knn_graph(HEALPix(4), 8, weighting="heat"))


def windows(shifted: bool = False) -> Windows:
    return Windows(HEALPix(4).coarsen(), shifted=shifted)


LAYERS = {
    "more channels": (lambda: ChebConv(3, 5, 4), healpix_laplacian),
    "fewer channels": (lambda: ChebConv(5, 2, 4), healpix_laplacian),
    "fewer, no bias": (lambda: ChebConv(5, 2, 2, bias=False), healpix_laplacian),
    "two terms": (lambda: ChebConv(3, 4, 2, bias=False), healpix_laplacian),
    "single vertices": (lambda: ChebConv(3, 5, 1), healpix_laplacian),
    "depthwise": (lambda: DepthwiseChebConv(3, 4), healpix_laplacian),
    "Bernstein": (
        lambda: PolynomialConv(3, 2, 4, basis="bernstein"),
        healpix_laplacian,
    ),
    "ConvNeXt": (lambda: ConvNeXtBlock(3, 3, scale=0.5), healpix_laplacian),
    "many tiles": (lambda: ChebConv(2, 3, 3), lambda: healpix_laplacian(32)),
    "uneven": (lambda: ChebConv(2, 3, 3), uneven_operator),
    "uneven sum": (MeanPool, uneven_operator),
    "mean": (MeanPool, lambda: pooling_operator(HEALPix(4).coarsen())),
    "max": (MaxPool, lambda: pooling_operator(HEALPix(4).coarsen())),
    "mean of shares": (MeanPool, lambda: pooling_operator(Icosahedral(2).coarsen())),
    "max of shares": (MaxPool, lambda: pooling_operator(Icosahedral(2).coarsen())),
    "copies": (Unpool, lambda: unpooling_operator(HEALPix(4).coarsen())),
    "shares": (Unpool, lambda: unpooling_operator(Icosahedral(2).coarsen())),
    "discs": (lambda: DiscoConv(3, 2, WEDGES), lambda: discs(HEALPix(4))),
    "discs down": (lambda: DiscoConv(4, 2, WEDGES, groups=2), discs_down),
    "neighbours": (lambda: NeighbourAttention(3, 4, heads=2), neighbourhoods),
    "windows": (lambda: WindowAttention(3, 4, heads=2), windows),
    "shifted windows": (
        lambda: WindowAttention(3, 4, heads=2),
        lambda: windows(shifted=True),
    ),
    "all vertices": (
        lambda: GlobalAttention(3, 4, heads=2, degree=2),
        lambda: AllVertices(HEALPix(4)),
    ),
    "all vertices, fused": (
        lambda: GlobalAttention(3, 4, heads=2, execution="fused"),
        lambda: AllVertices(HEALPix(4)),
    ),
}


# Of layers that differ by sizes alone, one is enough in the default run; the last need
# no translation of their own.
SLOW = (
    *("fewer, no bias", "two terms", "mean", "max", "copies"),
    *("discs", "discs down", "neighbours", "windows", "shifted windows"),
    *("all vertices", "all vertices, fused"),
)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in LAYERS],
)
def test_layers(name, tmp_path):
    torch.manual_seed(0)
    build, make_operator = LAYERS[name]
    layer, operator = build().eval(), make_operator()
    channels = getattr(layer, "in_channels", 3)
    file = tmp_path / "layer.onnx"
    n = getattr(operator, "n_in", None) or operator.n_vertices
    assert_round_trip(layer, file, n, channels, operator)


@pytest.mark.slow
@pytest.mark.parametrize("convolution", ["chebyshev", "disco", "attention"])
def test_networks(convolution, tmp_path):
    torch.manual_seed(0)
    sizes = UNetConfiguration(
        "tiny", 4, (4, 6, 8), finest_skip=True, convolution=convolution
    )
    pyramid = build_pyramid(Icosahedral(2), sizes.levels, 6, weighting="heat")
    network = SphericalUNet(4, 3, pyramid, configuration=sizes)
    network.standardize.fit_(torch.arange(4.0), torch.arange(1.0, 5.0))
    network(signal(2, len(pyramid.sampling), 4))  # statistics of the normalisation
    network.eval()
    assert_round_trip(network, tmp_path / "network.onnx", len(pyramid.sampling), 4)


@pytest.mark.parametrize(
    "dtype", [torch.float64, pytest.param(torch.float32, marks=pytest.mark.slow)]
)
def test_classifiers_in_both_dtypes(dtype, tmp_path):
    torch.manual_seed(0)
    pyramid = build_pyramid(HEALPix(4), 3, 8, weighting="heat")
    network = SphericalClassifier(3, 5, pyramid, widths=(8, 6), normalization="layer")
    network = network.to(dtype).eval()
    assert_round_trip(network, tmp_path / "network.onnx", 192, 3, dtype=dtype)


@pytest.mark.slow
@pytest.mark.parametrize("head", ["convolution", "dense"])
def test_heads_of_classifiers(head, tmp_path):
    torch.manual_seed(0)
    pyramid = build_pyramid(HEALPix(4), 2, 8, weighting="heat")
    network = SphericalClassifier(
        3, 5, pyramid, widths=(8,), pooling="learned", head=head
    )
    assert_round_trip(network.eval(), tmp_path / "network.onnx", 192, 3)


@pytest.mark.slow
@pytest.mark.parametrize("head", ["mean", "dense"])
def test_classifiers_of_flat_patches(head, tmp_path):
    torch.manual_seed(0)
    patch = HEALPix(8, nest=True)[range(64)]
    network = PlanarPatchClassifier(3, 5, patch, channels=(4, 6), head=head)
    assert_round_trip(network.eval(), tmp_path / "network.onnx", 64, 3)


@pytest.mark.parametrize(
    "shape",
    [(192, 3), pytest.param((1, 192, 3), marks=pytest.mark.slow), (2, 4, 192, 3)],
    ids=str,
)
def test_any_number_of_batch_axes(shape, tmp_path):
    layer, operator, x = ChebConv(3, 2, 3).eval(), healpix_laplacian(), signal(*shape)
    export_onnx(layer, x, tmp_path / "layer.onnx", operator)
    x = signal(*[size + 1 for size in shape[:-2]], 192, 3)
    (got,) = session(tmp_path / "layer.onnx").run(None, {"x": x.numpy()})
    y = layer(x, operator).detach()
    assert_near(torch.from_numpy(got), y, 100)


def test_large_operators_are_gathered_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_operations, "ROWS_AT_ONCE", 50)
    layer = ChebConv(3, 2, 3).eval()
    file = tmp_path / "layer.onnx"
    assert_round_trip(layer, file, 192, 3, healpix_laplacian())


class Stack(nn.Module):
    """Some convolutions on one graph."""

    def __init__(self, depth: int, operator: EdgeOperator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(ChebConv(2, 2, 3) for _ in range(depth))
        self.operator = operator

    def forward(self, x):
        for layer in self.layers:
            x = layer(x, self.operator)
        return x


def test_shared_edges_are_written_once_and_sources_of_code_never(tmp_path):
    sizes, operator = [], healpix_laplacian(8)
    for depth in (1, 4):
        file = tmp_path / f"{depth}.onnx"
        export_onnx(Stack(depth, operator).eval(), signal(2, 768, 2), file)
        content = file.read_bytes()
        assert str(Path(deepsphere_pyg.__file__).parent).encode() not in content
        sizes.append(len(content))
    edges = 8 * operator.n_edges
    assert edges < sizes[0] < sizes[1] < sizes[0] + edges / 4


def test_the_model_is_left_as_it_is(tmp_path):
    operator = healpix_laplacian()
    operator.execution = "message_passing"
    stack = Stack(2, operator).eval()
    assert_round_trip(stack, tmp_path / "stack.onnx", 192, 2)
    assert operator.execution == "message_passing"
    assert all(parameter.requires_grad for parameter in stack.parameters())


class TwoAnswers(nn.Module):
    def forward(self, x):
        return x, x


class OnEdges(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = PyGChebConv(3, 2, 3)
        self.register_buffer("edges", healpix_laplacian().edge_index)

    def forward(self, x):
        return self.conv(x, self.edges)


X = signal(2, 192, 3)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (lambda: (len, X), TypeError, "a torch.nn.Module, got builtin_function"),
        (lambda: (ChebConv(3, 2, 3), X), ValueError, r"ChebConv is in training.*eval"),
        (lambda: (nn.Identity().eval(), X.numpy()), TypeError, "tensor.*got ndarray"),
        (lambda: (nn.Identity().eval(), X.half()), TypeError, "got torch.float16"),
        (lambda: (TwoAnswers().eval(), X), TypeError, "return one tensor, got tuple"),
        (lambda: (OnEdges().eval(), X), ValueError, "OnEdges cannot be traced"),
    ],
)
def test_what_cannot_be_exported_is_refused(given, kind, words, tmp_path):
    with pytest.raises(kind, match=words):
        export_onnx(*given(), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_operators_and_signals_have_to_fit(tmp_path):
    layer, file = ChebConv(3, 2, 3).eval(), tmp_path / "layer.onnx"
    with pytest.raises(TypeError, match=r"EdgeOperator, or .* got csr_array; co"):
        export_onnx(layer, X, file, healpix_laplacian().to_scipy())
    with pytest.raises(ValueError, match=r"x has 192 vertices, .* 768"):
        export_onnx(layer, X, file, healpix_laplacian(8))
    with pytest.raises(TypeError, match="laplacian"):
        export_onnx(layer, X, file)


def test_what_is_too_large_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "LARGEST", 100)
    file = tmp_path / "layer.onnx"
    file.write_text("before")
    with pytest.raises(ValueError, match="must be at most 2 GB, got a"):
        export_onnx(ChebConv(3, 2, 3).eval(), X, file, healpix_laplacian())
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[onnx\]'"):
        export_onnx(nn.Identity().eval(), X, tmp_path / "identity.onnx")
