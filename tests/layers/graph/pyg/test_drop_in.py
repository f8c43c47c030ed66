"""ChebConv called as PyTorch Geometric's gives its values, gradients and weights."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from deepsphere_pyg import pyg_state_dict
from deepsphere_pyg.layers.graph.pyg import ChebConv
from deepsphere_pyg.pyg import Data
from tests.round_off import round_off

oracle_module = pytest.importorskip("torch_geometric.nn")
loader_module = pytest.importorskip("torch_geometric.loader")
Oracle = oracle_module.ChebConv

NORMALIZATIONS = (None, "sym", "rw")
# Relative to the largest value: polynomials of degree 4, of operators whose norm is a
# few; PyTorch Geometric rounds the Laplacian too.
TOLERANCE = {torch.float32: 2e-4, torch.float64: 1e-11}


def pair(channels, K, normalization, bias=True, dtype=torch.float64, **options):
    """Both layers with the same weights."""
    theirs = Oracle(*channels, K, normalization, bias).to(dtype)
    ours = ChebConv(*channels, K, normalization, bias, **options).to(dtype)
    if bias:
        nn.init.normal_(theirs.bias)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def assert_near(actual, expected):
    scale = float(expected.detach().abs().max()) if expected.numel() else 0.0
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=TOLERANCE[actual.dtype] * max(1.0, scale)
    )


@st.composite
def graphs(draw):
    """Directed, with parallel edges, self-loops and vertices without edges."""
    n = draw(st.integers(1, 7))
    vertex = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(vertex, vertex), max_size=14))
    if draw(st.booleans()):
        edges += [(j, i) for i, j in edges]
    index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).t()
    # Quarters: sums that cancel do so in both.
    quarters = st.lists(st.integers(0, 8), min_size=len(edges), max_size=len(edges))
    weights = draw(st.none() | quarters)
    if weights is not None:
        weights = torch.tensor(weights, dtype=torch.float64) / 4
    return n, index, weights


@st.composite
def calls(draw):
    """Arguments of a call after x, for a batch of graphs, and how many vertices."""
    parts = draw(st.lists(graphs(), min_size=1, max_size=3))
    sizes = [n for n, _, _ in parts]
    starts = np.cumsum([0, *sizes])
    index = torch.cat(
        [e + int(s) for (_, e, _), s in zip(parts, starts, strict=False)], 1
    )
    weights = None
    if draw(st.booleans()):
        weights = torch.cat(
            [torch.ones(e.shape[1]) if w is None else w for _, e, w in parts]
        )
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    eigenvalue = st.integers(4, 40).map(lambda v: v / 8)
    several = st.lists(eigenvalue, min_size=len(sizes), max_size=len(sizes))
    lambda_max = draw(
        st.none()
        | eigenvalue
        | eigenvalue.map(torch.tensor)
        | eigenvalue.map(lambda v: torch.tensor([v]))
        | several.map(torch.tensor)
    )
    if isinstance(lambda_max, torch.Tensor) and lambda_max.numel() > 1:
        return sum(sizes), index, weights, batch, lambda_max
    return sum(sizes), index, weights, draw(st.sampled_from([None, batch])), lambda_max


def is_zero(index, weights):
    """Whether no edge but self-loops has a weight."""
    proper = index[0] != index[1]
    return not proper.any() or (weights is not None and not weights[proper].any())


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    call=calls(),
    K=st.integers(1, 5),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    bias=st.booleans(),
    maps=st.sampled_from([(), (2,), (2, 1)]),
    seed=st.integers(0, 2**31),
)
def test_values_and_gradients_are_those_of_pytorch_geometric(
    normalization, dtype, call, K, channels, bias, maps, seed
):
    n, index, weights, batch, lambda_max = call
    if normalization is None and lambda_max is None and is_zero(index, weights):
        lambda_max = 2.0
    torch.manual_seed(seed)
    theirs, ours = pair(channels, K, normalization, bias, dtype)
    if weights is not None:
        weights = weights.to(dtype)
    x = torch.randn(*maps, n, channels[0], dtype=dtype)
    results = []
    for layer in (theirs, ours):
        leaf = x.clone().requires_grad_()
        y = layer(leaf, index, weights, batch, lambda_max)
        (y * torch.cos(torch.arange(y.numel()).view(y.shape))).sum().backward()
        results.append((y, leaf.grad))
    for actual, expected in zip(results[1], results[0], strict=True):
        assert_near(actual, expected)
    learned = torch.stack([lin.weight.grad.t() for lin in theirs.lins])
    assert_near(ours.weight.grad, learned)
    if bias:
        assert_near(ours.bias.grad, theirs.bias.grad)


@pytest.mark.oracle
@pytest.mark.parametrize("normalization", [None, "rw"])
def test_negative_weights_give_the_same_values(normalization):
    torch.manual_seed(0)
    theirs, ours = pair((2, 3), 4, normalization)
    index = torch.tensor([[0, 0, 1, 2, 3, 3], [1, 2, 0, 1, 0, 1]])
    # The sum of weights is negative at vertex 0 and zero at vertex 3.
    weights = torch.tensor([-2.0, 0.5, 1.0, 0.25, 1.0, -1.0]).double()
    x = torch.randn(5, 2).double()
    assert_near(ours(x, index, weights), theirs(x, index, weights))


@pytest.mark.oracle
def test_infinite_entries_count_as_zero_as_in_pytorch_geometric():
    # A graph of one vertex, of largest eigenvalue 0 by D - A, has L = 1 under "sym".
    theirs, ours = pair((2, 3), 4, "sym")
    index, batch = torch.tensor([[0, 1], [1, 0]]), torch.tensor([0, 0, 1])
    lambda_max = torch.tensor([2.0, 0.0])
    x = torch.randn(3, 2).double()
    y = ours(x, index, None, batch, lambda_max)
    assert_near(y, theirs(x, index, None, batch, lambda_max))


@pytest.mark.oracle
@pytest.mark.parametrize(
    "lambda_max", [3, np.float32(3), torch.tensor(3), [1.5, 2.0], torch.ones(2) * 1.5]
)
def test_every_form_of_lambda_max_is_taken(lambda_max):
    theirs, ours = pair((2, 3), 3, None)
    index, batch = torch.tensor([[0, 1, 2], [1, 0, 2]]), torch.tensor([0, 0, 1])
    x = torch.randn(3, 2).double()
    for _ in range(2):
        y = ours(x, index, None, batch, lambda_max)
        assert_near(y, theirs(x, index, None, batch, lambda_max))


@pytest.mark.oracle
def test_weights_in_a_column_and_short_integers_are_taken():
    theirs, ours = pair((2, 3), 3, "sym")
    index, weights = torch.tensor([[0, 1, 2], [1, 0, 1]]), torch.rand(3, 1).double()
    x = torch.randn(4, 2).double()
    assert_near(ours(x, index.int(), weights), theirs(x, index, weights))


@pytest.mark.oracle
def test_edge_index_of_pytorch_geometric_is_taken_and_its_changes_are_seen():
    from torch_geometric import EdgeIndex

    theirs, ours = pair((2, 3), 3, "sym")
    x = torch.randn(3, 2).double()
    plain = torch.tensor([[0, 1, 2], [1, 2, 0]])
    index = EdgeIndex(plain.clone(), sparse_size=(3, 3))
    assert_near(ours(x, index), theirs(x, plain))
    index.as_tensor()[0, 2], plain[0, 2] = 1, 1
    assert_near(ours(x, index), theirs(x, plain))


# -- stock models ---------------------------------------------------------------
class Stock(nn.Module):
    """A network as PyTorch Geometric's users write them."""

    def __init__(self, layer, **options):
        super().__init__()
        self.conv1 = layer(3, 8, K=3, **options)
        self.conv2 = layer(8, 4, 3, "rw", **options)
        self.head = nn.Linear(4, 2)

    def forward(self, data):
        x = self.conv1(data.x, data.edge_index, data.edge_weight, data.batch).relu()
        x = self.conv2(x, edge_index=data.edge_index, batch=data.batch)
        return self.head(oracle_module.global_mean_pool(x, data.batch))


def ring(n, seed):
    source = torch.arange(n)
    target = (source + 1) % n
    index = torch.stack([torch.cat([source, target]), torch.cat([target, source])])
    generator = torch.Generator().manual_seed(seed)
    return Data(
        x=torch.randn(n, 3, generator=generator),
        edge_index=index,
        edge_weight=torch.rand(2 * n, generator=generator) + 0.5,
        y=torch.tensor([seed % 2]),
    )


def step(model, data):
    """Loss of a batch, and the model after one step of gradient descent."""
    loss = nn.functional.cross_entropy(model(data), data.y)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@pytest.mark.oracle
def test_a_stock_model_trains_alike_with_only_the_import_swapped():
    torch.manual_seed(0)
    theirs, ours = Stock(Oracle), Stock(ChebConv)
    # Graphs of different sizes. Steps are taken from the same weights, since trainings
    # part however little they differ.
    rings = [ring(4 + s, s) for s in range(6)]
    for data in 4 * list(loader_module.DataLoader(rings, batch_size=3)):
        ours.load_state_dict(theirs.state_dict())
        assert_near(step(ours, data), step(theirs, data))
        for name, value in pyg_state_dict(ours).items():
            assert_near(value, theirs.state_dict()[name])
    data = next(iter(loader_module.DataLoader([ring(5, 1), ring(7, 2)], batch_size=2)))
    theirs.load_state_dict(pyg_state_dict(ours))
    for model in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)), ours.eval()):
        assert_near(model(data), theirs(data))
        with torch.no_grad():
            assert_near(model(data), theirs(data))
        with torch.inference_mode():
            assert_near(model(data), theirs(data))


@pytest.mark.oracle
def test_layers_stand_in_a_sequential_of_pytorch_geometric():
    torch.manual_seed(0)
    models = [
        oracle_module.Sequential(
            "x, edge_index",
            [(layer(3, 4, 2), "x, edge_index -> x"), nn.ReLU(), nn.Linear(4, 1)],
        )
        for layer in (Oracle, ChebConv)
    ]
    models[1].load_state_dict(models[0].state_dict())
    data = ring(6, 0)
    assert_near(*(model(data.x, data.edge_index) for model in models[::-1]))


# -- weights --------------------------------------------------------------------
@pytest.mark.oracle
@pytest.mark.parametrize("bias", [True, False])
def test_state_dicts_go_both_ways(bias):
    theirs, ours = pair((2, 3), 4, "sym", bias)
    back = Oracle(2, 3, 4, bias=bias).double()
    back.load_state_dict(pyg_state_dict(ours))
    for name, value in theirs.state_dict().items():
        assert torch.equal(back.state_dict()[name], value)
    given = theirs.state_dict()
    names = list(given)
    ChebConv(2, 3, 4, bias=bias).load_state_dict(given)
    assert list(given) == names
    again = ChebConv(2, 3, 4, bias=bias).double()
    again.load_state_dict(ours.state_dict())
    assert torch.equal(again.weight, ours.weight)


def test_a_state_dict_of_another_shape_is_refused():
    terms = pyg_state_dict(ChebConv(2, 3, 4))
    with pytest.raises(RuntimeError, match=r"\[4, 2, 3\]\) from check.*\[3, 2, 3"):
        ChebConv(2, 3, 3).load_state_dict(terms)
    ragged = {**terms, "lins.1.weight": torch.zeros(3, 1)}
    with pytest.raises(RuntimeError, match=r"one shape, got \[\(3, 1\), \(3, 2\)\]"):
        ChebConv(2, 3, 4).load_state_dict(ragged)
    gap = {name: value for name, value in terms.items() if name != "lins.1.weight"}
    with pytest.raises(RuntimeError, match=r'Missing key.* "weight"'):
        ChebConv(2, 3, 4).load_state_dict(gap)
    with pytest.raises(RuntimeError, match=r'Unexpected key.*"lins\.0\.weight"'):
        ChebConv(2, 3, 4).load_state_dict({**terms, "weight": torch.zeros(4, 2, 3)})
    with pytest.raises(TypeError, match=r"must be a torch\.nn\.Module, got dict"):
        pyg_state_dict(terms)


@pytest.mark.oracle
def test_channels_are_taken_from_the_first_call_or_the_weights_loaded():
    layer = nn.Sequential(ChebConv(-1, 3, 2).double())
    assert copy.deepcopy(layer)[0].in_channels == -1
    with pytest.raises(ValueError, match=r"0\.weight has no values.*call it once"):
        pyg_state_dict(layer)
    with pytest.raises(RuntimeError, match="weight has no values, since it was saved"):
        nn.Sequential(ChebConv(2, 3, 2)).load_state_dict(layer.state_dict())
    lazy = nn.Sequential(Oracle(-1, 3, 2))
    with pytest.raises(RuntimeError, match="lins has no values, since it was saved"):
        nn.Sequential(ChebConv(2, 3, 2)).load_state_dict(lazy.state_dict())
    theirs = Oracle(5, 3, 2).double()
    loaded = ChebConv(-1, 3, 2).double()
    loaded.load_state_dict(theirs.state_dict())
    with pytest.raises(RuntimeError, match=r"must have shape \(K, in_channels, out"):
        ChebConv(-1, 3, 2).load_state_dict({"weight": torch.ones(2), "bias": None})
    x, index = torch.randn(4, 5).double(), torch.tensor([[0, 1], [1, 2]])
    assert_near(loaded(x, index), theirs(x, index))
    with torch.inference_mode():
        layer[0](x, index)
    assert layer[0].in_channels == 5
    assert layer[0].weight.shape == (2, 5, 3)
    layer[0](x, index).sum().backward()
    assert layer[0].weight.grad is not None


# -- when operators are built ---------------------------------------------------
@pytest.fixture
def built(monkeypatch):
    """Numbers of vertices of the Laplacians built."""
    from deepsphere_pyg.layers.graph.pyg import known_graphs

    sizes = []
    build = known_graphs.rescaled_laplacian

    def counted(edges, normalization):
        sizes.append(edges.n_vertices)
        return build(edges, normalization)

    monkeypatch.setattr(known_graphs, "rescaled_laplacian", counted)
    return sizes


def test_a_graph_is_built_once_for_all_layers(built):
    data = ring(6, 0)
    network = nn.ModuleList([ChebConv(3, 3, 3), ChebConv(3, 3, 2), ChebConv(3, 2, 3)])
    for _ in range(3):
        for layer in network:
            layer(data.x, data.edge_index, data.edge_weight)
    assert built == [6]
    # Views and equal tensors, as a DataLoader makes them, are the same graph.
    network[0](data.x, data.edge_index[:], data.edge_weight.detach())
    network[0](data.x, data.edge_index.clone(), data.edge_weight.clone())
    copy.deepcopy(network)[1](data.x, data.edge_index, data.edge_weight)
    with torch.inference_mode():
        network[0](data.x, data.edge_index.clone(), data.edge_weight.clone())
        network[0](data.x, data.edge_index.clone(), data.edge_weight.clone())
    network[0](data.x, data.edge_index, data.edge_weight)
    assert built == [6]


@pytest.mark.oracle
def test_whatever_differs_is_another_graph(built):
    torch.manual_seed(0)
    data = ring(6, 0)
    theirs, ours = pair((3, 2), 3, "sym", dtype=torch.float32)
    index, weight = data.edge_index, data.edge_weight
    batch = torch.tensor([0, 0, 0, 1, 1, 1])
    scale = torch.tensor([1.5, 2.5])

    def agree(x, *arguments):
        assert_near(ours(x, *arguments), theirs(x, *arguments))

    agree(data.x, index, weight)
    agree(data.x, index)
    agree(data.x, index, weight, None, 1.5)
    agree(data.x, index, weight, batch, scale)
    assert len(built) == 4
    for changed in (index, weight, batch, scale):
        changed[..., 0] = changed[..., 1]
        agree(data.x, index, weight, batch, scale)
    assert len(built) == 8
    # A batch that no number depends on is not looked at.
    agree(data.x, index, weight, batch, 2.0)
    agree(data.x, index, weight, batch.flip(0), 2.0)
    agree(data.x, index, weight, None, torch.tensor(2.0))
    agree(torch.randn(7, 3), index, weight)
    assert len(built) == 11
    theirs.double(), ours.double()
    agree(torch.randn(7, 3).double(), index, weight.double())
    assert len(built) == 12
    with torch.inference_mode():
        mine = weight.clone()
        for _ in range(2):
            agree(data.x.double(), index, mine.double())
            mine += 1


def test_no_graph_outlives_the_layers_that_used_it():
    from deepsphere_pyg.layers.graph.pyg.known_graphs import _held

    data = ring(11, 0)

    def kept():
        return [graph for graph in _held if graph.n_vertices == 11]

    layers = [ChebConv(3, 2, 3), ChebConv(3, 2, 2)]
    for layer in layers:
        layer(data.x, data.edge_index)
    assert len(kept()) == 1
    layers.pop()
    layers[0].forget_graph()
    del layer
    assert not kept()


def test_a_cached_layer_keeps_its_first_graph(built):
    data, other = ring(6, 0), ring(6, 1)
    layer = ChebConv(3, 2, 3, cached=True)
    y = layer(data.x, data.edge_index, data.edge_weight)
    assert torch.equal(layer(data.x, other.edge_index[:, :2]), y)
    assert built == [6]
    with pytest.raises(ValueError, match=r"has 7 vertices.* of 6 .*forget_graph\(\)"):
        layer(torch.zeros(7, 3), data.edge_index)
    copies = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    for twin in copies:
        assert torch.equal(twin(data.x, other.edge_index), y)
        twin.double()
        again = twin(data.x.double(), other.edge_index)
        assert again.dtype == torch.float64
        assert_near(again.float(), y)
    assert built == [6]
    assert set(layer.state_dict()) == {"weight", "bias"}
    layer.forget_graph()
    layer(torch.zeros(7, 3), data.edge_index)
    layer.reset_parameters()
    layer(data.x, data.edge_index)
    assert built == [6, 7, 6]


def test_a_converted_cached_layer_has_the_operator_of_that_dtype():
    data = ring(6, 0)
    args = data.edge_index, data.edge_weight.double() / 3
    layer, exact = ChebConv(3, 2, 4, cached=True), ChebConv(3, 2, 4)
    exact.load_state_dict(layer.state_dict())
    layer(data.x, *args)
    x = data.x.double()
    # Not float32 weights made wider: those differ by 1e-8.
    y, expected = layer.double()(x, *args), exact.double()(x, *args)
    torch.testing.assert_close(y, expected, rtol=0, atol=round_off(y.dtype, 100, y))


def test_autocast_takes_signals_of_the_layer_before():
    data = ring(6, 0)
    network = Stock(ChebConv)
    data.batch = torch.zeros(6, dtype=torch.int64)
    exact = network(data)
    with torch.autocast("cpu", torch.bfloat16):
        # Eight significant bits.
        torch.testing.assert_close(network(data).float(), exact, atol=0.05, rtol=0.05)


def test_one_term_needs_no_laplacian():
    layer = ChebConv(2, 3, 1, None)
    x = torch.randn(4, 2)
    y = layer(x, torch.empty(2, 0, dtype=torch.int64))
    torch.testing.assert_close(y, x @ layer.weight[0])


# PyTorch's own way of tracing autograd functions.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_compiled_layers_take_edge_lists():
    data = ring(6, 0)
    layer = ChebConv(3, 2, 3)
    arguments = data.x, data.edge_index, data.edge_weight
    compiled = torch.compile(layer, backend="eager")
    torch.testing.assert_close(compiled(*arguments), layer(*arguments))
    # Weights that no graph was compiled for are looked at, too.
    other = data.x, data.edge_index, 2 * data.edge_weight, None, 1.5
    torch.testing.assert_close(compiled(*other), layer(*other))
