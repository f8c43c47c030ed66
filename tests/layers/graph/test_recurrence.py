"""Recurrences with convolutions on the graph: PyTorch's cells, and symmetries."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg import ChebGRU, ChebLSTM, laplacian_operator
from samplings import HEALPix, knn_graph, laplacian
from tests.helpers import random
from tests.round_off import assert_near

GRAPH = knn_graph(HEALPix(2), 8, "heat")
OPERATOR = laplacian_operator(GRAPH).double()
# Neighbours, channels and terms of two convolutions, over some times.
TERMS = 500


def layer(kind, K=3, **options):
    """A layer of 3 and 4 channels whose constants are not those of a new one."""
    torch.manual_seed(0)
    found = kind(3, 4, K, **options).double()
    for parameter in found.parameters():
        if parameter.ndim < 3:
            nn.init.normal_(parameter)
    return found


def of_pytorch(ours, kind):
    """PyTorch's layer with the weights of ours, which see no neighbours."""
    theirs = kind(3, 4, batch_first=True).double()
    for name, conv in (("ih", ours.of_input), ("hh", ours.of_state)):
        getattr(theirs, f"weight_{name}_l0").data = conv.weight.data[0].T.contiguous()
        getattr(theirs, f"bias_{name}_l0").data = conv.bias.data
    return theirs


def test_without_neighbours_each_vertex_runs_the_gru_of_pytorch():
    ours = layer(ChebGRU, K=1)
    x, h = random(2, 5, 48, 3), random(2, 48, 4, seed=2)
    found, last = ours(x, OPERATOR, h)
    flat = x.transpose(1, 2).reshape(96, 5, 3)
    wanted, state = of_pytorch(ours, nn.GRU)(flat, h.reshape(1, 96, 4))
    assert_near(found, wanted.view(2, 48, 5, 4).transpose(1, 2), TERMS)
    assert_near(last, state.view(2, 48, 4), TERMS)


def test_without_neighbours_each_vertex_runs_the_lstm_of_pytorch():
    ours = layer(ChebLSTM, K=1)
    x = random(2, 5, 48, 3)
    state = random(2, 48, 4, seed=2), random(2, 48, 4, seed=3)
    found, last = ours(x, OPERATOR, state)
    flat = x.transpose(1, 2).reshape(96, 5, 3)
    given = tuple(part.reshape(1, 96, 4) for part in state)
    wanted, theirs = of_pytorch(ours, nn.LSTM)(flat, given)
    assert_near(found, wanted.view(2, 48, 5, 4).transpose(1, 2), TERMS)
    for one, other in zip(last, theirs, strict=True):
        assert_near(one, other.view(2, 48, 4), TERMS)


def test_a_step_of_the_lstm_is_that_of_the_paper_with_dense_matrices():
    ours = layer(ChebLSTM, peepholes=True)
    matrix = torch.from_numpy(laplacian(GRAPH).rescaled().toarray())
    terms = [torch.eye(48).double(), matrix, 2 * matrix @ matrix - torch.eye(48)]

    def convolved(y, conv, gate):
        part = slice(4 * gate, 4 * gate + 4)
        mixed = zip(terms, conv.weight, strict=True)
        return sum(term @ y @ w[:, part] for term, w in mixed) + conv.bias[part]

    x, h, c = random(48, 3), random(48, 4, seed=2), random(48, 4, seed=3)
    enter, forget, new, leave = (
        convolved(x, ours.of_input, gate) + convolved(h, ours.of_state, gate)
        for gate in range(4)
    )
    p = ours.peephole
    after = torch.sigmoid(forget + p[1] * c) * c
    after = after + torch.sigmoid(enter + p[0] * c) * torch.tanh(new)
    out = torch.sigmoid(leave + p[2] * after) * torch.tanh(after)
    found, (_, cell) = ours(x[None], OPERATOR, (h, c))
    assert_near(found[0], out, TERMS)
    assert_near(cell, after, TERMS)


KINDS = pytest.mark.parametrize(
    ("kind", "options"),
    [(ChebGRU, {}), (ChebLSTM, {}), (ChebLSTM, {"peepholes": True})],
)


@KINDS
def test_two_halves_with_the_state_between_are_the_whole(kind, options):
    ours = layer(kind, **options)
    x = random(2, 5, 48, 3)
    whole, state = ours(x, OPERATOR)
    first, between = ours(x[:, :2], OPERATOR)
    second, last = ours(x[:, 2:], OPERATOR, between)
    assert_near(torch.cat([first, second], 1), whole, TERMS)
    last, state = (one if isinstance(one, tuple) else (one,) for one in (last, state))
    for one, other in zip(last, state, strict=True):
        assert_near(one, other, TERMS)


@KINDS
def test_quarter_turns_commute(kind, options):
    ours = layer(kind, **options)
    xyz = HEALPix(2).xyz
    turned = np.stack([-xyz[:, 1], xyz[:, 0], xyz[:, 2]], axis=1)
    index = (turned @ xyz.T).argmax(1)
    x = random(3, 48, 3)
    assert_near(ours(x[:, index], OPERATOR)[0], ours(x, OPERATOR)[0][:, index], TERMS)


@KINDS
def test_gradients_are_right(kind, options):
    ours = layer(kind, K=2, **options)
    x = random(2, 48, 3).requires_grad_()

    def outputs(x):
        return ours(x, OPERATOR)[0]

    assert torch.autograd.gradcheck(outputs, x, fast_mode=True)
    outputs(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in ours.parameters())


def test_a_new_lstm_remembers():
    ours = ChebLSTM(3, 4, 2)
    assert ours.of_input.bias.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    with pytest.raises(TypeError, match="peepholes must be True or False, got 1"):
        ChebLSTM(3, 4, 2, peepholes=1)


def test_what_does_not_fit_is_refused():
    ours = ChebGRU(3, 4, 2)
    operator = laplacian_operator(GRAPH)
    x = torch.zeros(2, 48, 3)
    with pytest.raises(ValueError, match="add a time with"):
        ours(x[0], operator)
    with pytest.raises(ValueError, match="at least one time"):
        ours(x[:0], operator)
    with pytest.raises(ValueError, match=r"must have shape .* = \(48, 4\), got \(4"):
        ours(x, operator, torch.zeros(4, 48))
    with pytest.raises(TypeError, match="state must be a tensor, got float"):
        ours(x, operator, 0.0)
    with pytest.raises(TypeError, match="two tensors h and c, got Tensor"):
        ChebLSTM(3, 4, 2)(x, operator, torch.zeros(48, 4))
    with pytest.raises(ValueError, match="hidden_channels must be at least 1"):
        ChebGRU(3, 0, 2)
