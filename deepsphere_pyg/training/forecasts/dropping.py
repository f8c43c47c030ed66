"""Dropout that stays active in predictions, so that these are random draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from deepsphere_pyg.layers import DropPath, FragmentDropout


def dropouts_of(network: nn.Module) -> list[nn.Module]:
    """Return the parts of a network that leave something out at random in training.

    They are dropout and stochastic depth of PyTorch and of this package, and parts of
    other libraries without children that have a probability ``drop_prob``; all with a
    probability above zero.
    """
    found = []
    for part in network.modules():
        known = isinstance(part, _DropoutNd | DropPath | FragmentDropout)
        rate = getattr(part, "p" if known else "drop_prob", 0.0)
        alone = known or not any(part.children())
        if alone and isinstance(rate, int | float) and rate > 0:
            found.append(part)
    return found


@contextmanager
def predicting(network: nn.Module, *, dropout: bool, seed: int) -> Iterator[None]:
    """Put a network into evaluation mode, but for its dropout if that is to be active.

    Modes and PyTorch's random numbers are afterwards what they were before.

    Parameters
    ----------
    network
        The network.
    dropout
        Whether its dropout is active.
    seed
        Seed of what is left out.
    """
    before = [(part, part.training) for part in network.modules()]
    network.eval()
    like = next(network.parameters())
    devices = [like.device] if like.is_cuda else []
    try:
        if not dropout:
            yield
            return
        for part in dropouts_of(network):
            part.train()
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            yield
    finally:
        for part, mode in before:
            part.training = mode
