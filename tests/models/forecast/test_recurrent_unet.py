"""The recurrent U-Net: which state is which, where the memory is, bad arguments."""

from dataclasses import replace

import pytest
import torch

from deepsphere_pyg.models import RecurrentUNet, ResidualUNet
from samplings import HEALPix, Icosahedral
from tests.helpers import random
from tests.models.forecast.networks import HISTORY, IN, STATES, TINY, built, pyramid
from tests.round_off import assert_near

TERMS = 20 * 1000


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_the_network_is_its_encoder_state_by_state_then_its_memory(name):
    model = built(name)
    x = random(192, IN)
    body, known = model.body, x[:, HISTORY * STATES :]
    states = [x[:, STATES * t : STATES * (t + 1)] for t in range(HISTORY)]
    signals = [torch.cat([state, known], -1) for state in states]
    skips = []
    for level in range(3):
        signals = [body.encoded(level, one) for one in signals]
        if level >= model.first_memory:
            memory = model.memories[level - model.first_memory]
            state, outputs = None, []
            for one in signals:
                found, state = memory(one[None], body.operators[level], state)
                outputs.append(found[0])
            signals = outputs
        skips.append(signals[-1])
        if level < 2:
            signals = [body.pooled(level, one) for one in signals]
    assert_near(model(x), body.decoded(skips[2], skips[:2]), TERMS)


def test_memory_at_all_levels_or_at_the_deepest():
    assert len(built("gru").memories) == 3
    assert len(built("lstm").memories) == 1


def test_weights_do_not_depend_on_the_sampling():
    model = built("lstm")
    moved = model.with_sampling(Icosahedral(2))
    assert moved(random(1, 162, IN)).shape == (1, 162, STATES)
    # The flattened level of the published network would have 302 million.
    assert sum(
        p.numel()
        for p in RecurrentUNet(
            IN, STATES, pyramid(), history=HISTORY, cell="lstm", cell_K=1
        ).memories.parameters()
    ) == 4 * (2 * 256**2 + 2 * 256)


def test_the_past_counts_and_the_order_of_the_states_too():
    model = built("gru")
    x = random(192, IN)
    y = x.clone()
    y[:, :STATES] = x[:, STATES : 2 * STATES]
    y[:, STATES : 2 * STATES] = x[:, :STATES]
    assert not torch.allclose(model(x), model(y))


def test_one_state_is_a_history_too():
    model = RecurrentUNet(3, 2, pyramid(), history=1, configuration=TINY)
    plain = ResidualUNet(3, 2, pyramid(), configuration=TINY)
    assert model.encoded_channels == plain.encoded_channels == 3
    assert model(torch.randn(192, 3)).shape == (192, 2)


def test_what_does_not_fit_is_refused():
    options = {"history": 3, "configuration": TINY}
    with pytest.raises(ValueError, match=r"history \* out_channels = 3 \* 2 = 6"):
        RecurrentUNet(5, 2, pyramid(), **options)
    with pytest.raises(ValueError, match="cell must be 'gru' or 'lstm', got 'rnn'"):
        RecurrentUNet(6, 2, pyramid(), cell="rnn", **options)
    with pytest.raises(ValueError, match="levels must be 'deepest' or 'all'"):
        RecurrentUNet(6, 2, pyramid(), levels="finest", **options)
    other = replace(TINY, convolution="attention")
    with pytest.raises(ValueError, match="recurrences are Chebyshev convolutions"):
        RecurrentUNet(6, 2, HEALPix(4), history=3, configuration=other)
    with pytest.raises(ValueError, match="history must be at least 1, got 0"):
        RecurrentUNet(6, 2, pyramid(), history=0)
