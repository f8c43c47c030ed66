"""What is no graph of PyTorch Geometric is refused, with the remedy."""

import pytest
import torch

from deepsphere_pyg import EdgeOperator, laplacian_operator
from deepsphere_pyg.layers.graph.pyg import ChebConv
from samplings import HEALPix

INDEX = torch.tensor([[0, 1, 2], [1, 2, 0]])
X = torch.zeros(4, 2)
BATCH = torch.tensor([0, 0, 1, 1])
NOTHING = torch.empty(2, 0, dtype=torch.int64)

REFUSED = [
    (TypeError, r"got torch.float32; convert it with \.long", (INDEX.float(),)),
    (TypeError, "must be integers, got torch.bool", (INDEX.bool(),)),
    (ValueError, r"must have shape \(2, E\).* got \(3, 2\).*\.t\(\)", (INDEX.t(),)),
    (ValueError, r"shape \(2, E\).* got \(3,\)", (INDEX[0],)),
    (ValueError, "vertices 0 to 3, as x has 4, got 4", (INDEX + 2,)),
    (ValueError, "vertices 0 to 3, as x has 4, got -1", (INDEX - 1,)),
    (TypeError, "got a sparse matrix.*to_edge_index", (torch.eye(4).to_sparse(),)),
    (TypeError, "edge_weight must be a tensor.* got list", (INDEX, [1.0, 1.0, 1.0])),
    (TypeError, "edge_weight must be real.* got torch.bool", (INDEX, INDEX[0] > 0)),
    (TypeError, "must be real.*complex64", (INDEX, torch.ones(3).to(torch.complex64))),
    (ValueError, r"shape \(3,\).* got \(2,\)", (INDEX, torch.ones(2))),
    (ValueError, r"shape \(3,\).* got \(3, 2\)", (INDEX, torch.ones(3, 2))),
    (ValueError, "edge_weight must be finite", (INDEX, torch.ones(3) / 0)),
    (ValueError, "square root.* got -1 at vertex 0", (INDEX, -torch.ones(3))),
    (
        ValueError,
        r"edge_weight requires.*\.detach",
        (INDEX, torch.ones(3, requires_grad=True)),
    ),
    (TypeError, "batch must be a tensor", (INDEX, None, [0, 0, 1, 1])),
    (TypeError, "batch must be integers.*float32", (INDEX, None, BATCH.float())),
    (
        ValueError,
        r"batch must have shape \(4,\).* got \(3,\)",
        (INDEX, None, BATCH[1:]),
    ),
    (ValueError, "graphs 0 to 1.* has 2, got 2", (INDEX, None, BATCH + 1, [1.0, 2.0])),
    (ValueError, "graphs 0 to 1.* got -1", (INDEX, None, BATCH - 1, [1.0, 2.0])),
    (TypeError, "lambda_max must be a number.* got dict", (INDEX, None, None, {})),
    (
        TypeError,
        "must be real, got torch.complex64",
        (INDEX, None, None, torch.tensor(1j)),
    ),
    (ValueError, "has 2 numbers.* batch is None", (INDEX, None, None, [1.0, 2.0])),
    (ValueError, r"got shape \(2, 1\)", (INDEX, None, BATCH, torch.ones(2, 1))),
    (ValueError, r"got shape \(0,\)", (INDEX, None, BATCH, torch.ones(0))),
    (ValueError, "not negative, got -1;", (INDEX, None, None, -1.0)),
    (ValueError, "finite and not negative, got inf", (INDEX, None, None, float("inf"))),
    (ValueError, "is zero where the Laplacian is not", (INDEX, None, None, 0.0)),
    (
        ValueError,
        r"lambda_max requires a gradient",
        (INDEX, None, None, torch.ones((), requires_grad=True)),
    ),
]


@pytest.mark.parametrize(("error", "message", "arguments"), REFUSED)
def test_what_is_no_graph_is_refused(error, message, arguments):
    with pytest.raises(error, match=message):
        ChebConv(2, 3, 3)(X, *arguments)


def test_a_laplacian_of_zero_needs_a_scale():
    with pytest.raises(ValueError, match="no edge has a weight; pass lambda_max"):
        ChebConv(2, 3, 3, None)(X, NOTHING)
    assert ChebConv(2, 3, 3, None)(X, NOTHING, lambda_max=2.0).shape == (4, 3)
    assert ChebConv(2, 3, 3)(X, NOTHING).shape == (4, 3)


@pytest.mark.parametrize("cached", [False, True])
def test_gradients_of_the_graph_are_refused_only_where_they_would_be_lost(cached):
    layer = ChebConv(2, 3, 3, cached=cached)
    weight = torch.ones(3, requires_grad=True)
    with torch.no_grad():
        layer(X, INDEX, weight)
    with pytest.raises(ValueError, match="edge_weight requires a gradient"):
        layer(X, INDEX, weight)


def test_what_are_no_signals_is_refused():
    layer = ChebConv(2, 3, 3)
    with pytest.raises(TypeError, match=r"got a pair: .* bipartite"):
        layer((X, X), INDEX)
    with pytest.raises(TypeError, match="x must be a tensor"):
        layer(X.numpy(), INDEX)
    with pytest.raises(ValueError, match=r"add a channel with x\[\.\.\., None\]"):
        layer(X[:, 0], INDEX)
    with pytest.raises(ValueError, match=r"x has no vertices, got shape \(0, 2\)"):
        layer(X[:0], NOTHING)
    with pytest.raises(TypeError, match=r"x must be torch\.float32 like this operator"):
        layer(X.double(), INDEX)
    with pytest.raises(ValueError, match="expected 2 input channels, got 4"):
        layer(torch.zeros(4, 4), INDEX)


def test_a_graph_is_passed_once_and_in_one_form():
    layer = ChebConv(2, 3, 3)
    operator = laplacian_operator(HEALPix(1), 4)
    assert isinstance(operator, EdgeOperator)
    signal = torch.zeros(12, 2)
    assert layer(signal, laplacian=operator).shape == (12, 3)
    with pytest.raises(TypeError, match="pass the graph once"):
        layer(signal)
    with pytest.raises(TypeError, match="pass the graph once"):
        layer(signal, operator, edge_index=INDEX)
    with pytest.raises(TypeError, match="go with edge_index; an operator has"):
        layer(signal, operator, torch.ones(3))


@pytest.mark.parametrize("normalization", ["l2", True, False])
def test_unknown_normalizations_are_refused(normalization):
    with pytest.raises(ValueError, match=f"got {normalization!r}; pass bias by its"):
        ChebConv(2, 3, 4, normalization)
