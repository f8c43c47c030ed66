"""The two networks, their training, and what rotations change in their answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measuring.kept import Result
from benchmarks.studies.winds_as_vectors.states import ANSWERS, CHANNELS, Pairs, Winds
from deepsphere_pyg.harmonics import Rotation, rotate
from deepsphere_pyg.models import SMALL, ScalarVectorUNet, SphericalUNet
from deepsphere_pyg.training.tasks.steps import rate_at
from samplings import Sampling, build_pyramid

BATCH = 8
# Rotations of which the error is a mean.
ROTATIONS = 4
# States that are rotated.
STATES = 16


# Neighbours in the graphs.
K = 8


class VectorNetwork(nn.Module):
    """Latitude and vorticity as scalars, the wind as a vector."""

    def __init__(self, sampling: Sampling) -> None:
        super().__init__()
        pyramid = build_pyramid(sampling, SMALL.levels, K, weighting="heat")
        self.network = ScalarVectorUNet(CHANNELS - 2, 1, ANSWERS - 2, 1, pyramid)

    def forward(self, x: Tensor) -> Tensor:
        """Return answers ``(batch, V, 3)``."""
        scalars, wind = x[..., :-2], x[..., -2:].unsqueeze(-1)
        scalar, vector = self.network(scalars, wind)
        return torch.cat([scalar, vector.flatten(-2)], dim=-1)


class ScalarNetwork(nn.Module):
    """All four channels as scalars."""

    def __init__(self, sampling: Sampling) -> None:
        super().__init__()
        pyramid = build_pyramid(sampling, SMALL.levels, K, weighting="heat")
        self.network = SphericalUNet(CHANNELS, ANSWERS, pyramid, configuration=SMALL)

    def forward(self, x: Tensor) -> Tensor:
        """Return answers ``(batch, V, 3)``."""
        y: Tensor = self.network(x)
        return y


NETWORKS: dict[str, Callable[[Sampling], nn.Module]] = {
    "vectors": VectorNetwork,
    "scalars": ScalarNetwork,
}


def parameters(network: nn.Module) -> int:
    """Return the number of learned numbers."""
    return sum(one.numel() for one in network.parameters())


def trained(
    name: str, winds: Winds, pairs: Pairs, *, epochs: int, rate: float, seed: int
) -> nn.Module:
    """Train a network by the mean squared error, in evaluation mode at the end."""
    torch.manual_seed(seed)
    network = NETWORKS[name](winds.sampling)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(seed)
    whole = len(pairs.x) // BATCH
    for epoch in range(epochs):
        order = torch.randperm(len(pairs.x), generator=generator)[: whole * BATCH]
        for step, some in enumerate(order.split(BATCH)):
            for group in optimizer.param_groups:
                group["lr"] = rate * rate_at(epoch * whole + step, epochs * whole)
            optimizer.zero_grad()
            (network(pairs.x[some]) - pairs.y[some]).square().mean().backward()
            optimizer.step()
    return network.eval()


@torch.no_grad()
def answers(network: nn.Module, x: Tensor) -> Tensor:
    """Return the answers for many inputs."""
    return torch.cat([network(part) for part in x.split(BATCH)])


def errors(found: Tensor, wanted: Tensor) -> tuple[float, float]:
    """Return errors of vorticity and wind, over their changes in a step.

    Vertices of HEALPix have equal areas.
    """
    squares, sizes = (
        y.double().square().mean(dim=(0, 1)) for y in (found - wanted, wanted)
    )
    vorticity = squares[0] / sizes[0]
    wind = squares[1:].sum() / sizes[1:].sum()
    return float(vorticity.sqrt()), float(wind.sqrt())


def rotation_error(
    network: nn.Module, winds: Winds, c: Tensor, rotation: Rotation
) -> float:
    """Return the relative change of answers under a rotation of states and planet.

    The difference between the answer for the rotated state and the rotated answer, in
    degrees below that of the flow; of vectors as vectors.
    """
    plain = winds.turned_rows(answers(network, winds.inputs(c)), rotation)
    found = winds.rows(answers(network, winds.turned(c, rotation)))
    change = size = 0.0
    for one, other in zip(found, plain, strict=True):
        change += float((one - other).double().square().sum())
        size += float(other.double().square().sum())
    return (change / size) ** 0.5


def rotations(seed: int) -> dict[str, list[Rotation]]:
    """Return rotations by kind: a quarter turn, about the axis, and of all kinds."""
    generator = torch.Generator().manual_seed(seed)
    angles = (2 * torch.pi * torch.rand(ROTATIONS, generator=generator)).tolist()
    return {
        "quarter": [Rotation.from_euler(torch.pi / 2, 0.0, 0.0)],
        "axis": [Rotation.from_euler(angle, 0.0, 0.0) for angle in angles],
        "any": [Rotation.random((), generator) for _ in range(ROTATIONS)],
    }


def result(
    name: str,
    winds: Winds,
    training: Pairs,
    test: Tensor,
    later: Tensor,
    **options: Any,
) -> Result:
    """Train a network, and score it on test states and on the same, rotated.

    Parameters
    ----------
    name
        One of :data:`NETWORKS`.
    winds
        Makes inputs.
    training
        Pairs to train on.
    test, later
        Coefficients of the states, and of those a step later, ``(N, row)``.
    **options
        Those of :func:`trained`.
    """
    start = time.process_time()
    network = trained(name, winds, training, **options)
    facts: dict[str, Any] = {"parameters": parameters(network)}
    wanted = winds.fields(later - test) / winds.scale
    facts["vorticity"], facts["wind"] = errors(
        answers(network, winds.inputs(test)), wanted
    )
    some = test[:: max(1, len(test) // STATES)][:STATES]
    for kind, turns in rotations(options["seed"]).items():
        found = [rotation_error(network, winds, some, turn) for turn in turns]
        facts[kind] = sum(found) / len(found)
    turn = rotations(options["seed"])["any"][0]
    inputs = winds.turned(test, turn)
    change = later - test
    turned = winds.fields(_rotated(change, turn, winds.L)) / winds.scale
    facts["vorticity_turned"], facts["wind_turned"] = errors(
        answers(network, inputs), turned
    )
    return {**facts, "seconds": time.process_time() - start}, {}


def _rotated(c: Tensor, rotation: Rotation, L: int) -> Tensor:
    """Return coefficients ``(N, row)`` of rotated fields."""
    return rotate(c[..., None], rotation, L)[..., 0]
