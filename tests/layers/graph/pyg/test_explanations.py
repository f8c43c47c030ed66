"""ChebConv is explained, mapped and differentiated as PyTorch Geometric's layer is."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, vmap

from deepsphere_pyg import EdgeOperator, laplacian_operator
from deepsphere_pyg.layers.graph.pyg import ChebConv
from samplings import HEALPix

oracle_module = pytest.importorskip("torch_geometric.nn")
explain_module = pytest.importorskip("torch_geometric.explain")
masks_module = pytest.importorskip("torch_geometric.explain.algorithm.utils")
Oracle = oracle_module.ChebConv

# Relative to values of a few, from polynomials of degree 3.
TOLERANCE = {"rtol": 1e-11, "atol": 1e-11}
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


def graph(loops=True):
    """Directed, with parallel edges and, if asked for, self-loops."""
    generator = torch.Generator().manual_seed(3)
    index = torch.randint(0, 9, (2, 30), generator=generator)
    if not loops:
        index = index[:, index[0] != index[1]]
    return index, torch.rand(index.shape[1], generator=generator).double() + 0.5


def pair(K=4, normalization="sym", out=3):
    torch.manual_seed(0)
    theirs = Oracle(4, out, K, normalization).double()
    nn.init.normal_(theirs.bias)
    ours = ChebConv(4, out, K, normalization).double()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def signals(*batch):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(*batch, 9, 4, generator=generator, dtype=torch.float64)


def close(one, other):
    torch.testing.assert_close(one, other, **TOLERANCE)


# -- edge masks ------------------------------------------------------------------------
@pytest.mark.parametrize("normalization", [None, "sym", "rw"])
@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("sigmoid", [True, False])
def test_masks_multiply_the_messages_of_every_hop(normalization, loops, K, sigmoid):
    index, weight = graph(loops)
    given = torch.rand(index.shape[1], generator=torch.Generator().manual_seed(2))
    results = []
    for layer in pair(K, normalization):
        mask = nn.Parameter(given.double())
        x = signals().requires_grad_()
        masks_module.set_masks(layer, mask, index, apply_sigmoid=sigmoid)
        y = layer(x, index, weight)
        results.append([y, *torch.autograd.grad(y.square().sum(), (mask, x))])
        masks_module.clear_masks(layer)
        results[-1].append(layer(x, index, weight))
    for ours, theirs in zip(results[1], results[0], strict=True):
        close(ours, theirs)
    assert not torch.allclose(results[1][0], results[1][3])


def test_one_term_has_no_messages():
    index, weight = graph()
    theirs, ours = pair(K=1)
    for layer in (theirs, ours):
        masks_module.set_masks(layer, torch.zeros(index.shape[1]), index)
    close(ours(signals(), index, weight), theirs(signals(), index, weight))


@pytest.mark.parametrize("kind", ["node", "graph"])
def test_explainers_find_the_same_explanation(kind):
    index, _ = graph(loops=False)
    explanations = []
    for layer in pair(out=2):
        torch.manual_seed(0)
        explainer = explain_module.Explainer(
            layer,
            explain_module.GNNExplainer(epochs=20),
            explanation_type="model",
            node_mask_type="attributes",
            edge_mask_type="object",
            model_config={
                "mode": "multiclass_classification",
                "task_level": "node",
                "return_type": "raw",
            },
        )
        at = 3 if kind == "node" else None
        explanations.append(explainer(signals(), index, index=at))
    theirs, ours = explanations
    assert set(ours.available_explanations) == {"edge_mask", "node_mask"}
    # Twenty steps of an optimiser divide by roots of small numbers.
    for name in ("edge_mask", "node_mask"):
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-6, atol=1e-6)


def test_networks_of_several_layers_are_explained():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = ChebConv(4, 6, K=3), ChebConv(6, 2, K=2)

        def forward(self, x, edge_index):
            return self.second(self.first(x, edge_index).relu(), edge_index)

    index, _ = graph()
    network = Network().double()
    before = network(signals(), index)
    masks_module.set_masks(network, torch.full((index.shape[1],), 50.0), index)
    # The sigmoid of 50 is one: nothing is masked.
    close(network(signals(), index), before)
    network.first.explain = None
    masks_module.clear_masks(network)
    assert network.first.explain is None
    assert torch.equal(network(signals(), index), before)
    assert set(network.state_dict()) == {
        f"{name}.{part}" for name in ("first", "second") for part in ("weight", "bias")
    }


def test_masks_of_operators_are_for_their_own_edges():
    operator = laplacian_operator(HEALPix(1), 4).double()
    layer, x = ChebConv(4, 3, K=3).double(), torch.ones(12, 4).double()
    index = operator.edge_index
    mask = torch.zeros(operator.n_edges).double()
    masks_module.set_masks(layer, mask, index, apply_sigmoid=False)
    nothing = EdgeOperator(0 * operator.to_scipy(), dtype=torch.float64)
    masked = layer(x, operator)
    masks_module.clear_masks(layer)
    close(masked, layer(x, nothing))
    masks_module.set_masks(layer, mask[:5], index[:, :5])
    with pytest.raises(ValueError, match=r"must have the \d+ edges .* got 5; explain"):
        layer(x, operator)
    masks_module.clear_masks(layer)
    layer.explain = True
    with pytest.raises(ValueError, match="needs an edge mask, got none; set one"):
        layer(x, operator)
    # What is excluded from explanations stays as it is.
    layer.explain = False
    masks_module.set_masks(layer, mask[:5], index[:, :5])
    assert layer(x, operator).shape == (12, 3)


def test_explained_layers_are_copied():
    index, weight = graph()
    _, layer = pair()
    masks_module.set_masks(layer, torch.ones(index.shape[1]).double(), index)
    y = layer(signals(), index, weight)
    assert torch.equal(copy.deepcopy(layer)(signals(), index, weight), y)
    assert repr(layer) == "ChebConv(4, 3, K=4, normalization='sym', bias=True)"


# -- torch.func ------------------------------------------------------------------------
def weights_in_their_form(found, K):
    """Gradients of our weight as theirs has them, matrix by matrix."""
    return {f"lins.{k}.weight": found["weight"][:, k].mT for k in range(K)} | {
        "bias": found["bias"]
    }


@pytest.mark.parametrize("normalization", [None, "sym", "rw"])
def test_gradients_of_each_sample_are_theirs(normalization):
    index, weight = graph()
    theirs, ours = pair(4, normalization)
    x = signals(3)
    found = []
    for layer in (theirs, ours):

        def loss(parameters, one, layer=layer):
            y = functional_call(layer, parameters, (one, index, weight))
            return y.square().sum()

        parameters = dict(layer.named_parameters())
        found.append(vmap(grad(loss), in_dims=(None, 0))(parameters, x))
    for name, expected in weights_in_their_form(found[1], 4).items():
        close(expected, found[0][name])


def test_maps_and_jacobians_are_theirs():
    index, weight = graph()
    theirs, ours = pair()
    x = signals(2)
    for transform in (vmap, jacrev, jacfwd, lambda f: hessian(lambda a: f(a).sum())):
        given = x if transform is vmap else x[0]
        close(
            *(
                transform(lambda a, layer=layer: layer(a, index, weight).pow(2))(given)
                for layer in (ours, theirs)
            )
        )


def test_graphs_may_be_arguments_of_what_is_transformed():
    index, weight = graph()
    for layer in pair():
        parameters = dict(layer.named_parameters())

        def loss(parameters, x, index, weight, layer=layer):
            y = functional_call(layer, parameters, (x, index, weight))
            return y.square().sum()

        for argnums in (0, 1):
            grad(loss, argnums=argnums)(parameters, signals(), index, weight)
        found = vmap(grad(loss), in_dims=(None, 0, None, None))(
            parameters, signals(2), index, weight
        )
        assert found["bias"].shape == (2, 3)


def test_derivatives_of_graphs_and_maps_over_them_are_refused():
    index, weight = graph()
    _, ours = pair()
    x = signals()

    def apply(w):
        return ours(x, index, w).sum()

    for transform in (grad, jacfwd):
        with pytest.raises(ValueError, match="edge_weight requires a gradient"):
            transform(apply)(weight)
    with pytest.raises(ValueError, match=r"vmap maps over signals .* once a graph"):
        vmap(apply)(torch.stack([weight, weight]))
    assert ours(x, index, weight).shape == (9, 3)
