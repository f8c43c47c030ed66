"""Parameters and times of the networks for forecasts, on one sampling.

Inputs are three states of two channels, and one of forcing. A training step is forward,
mean squared error, backward and Adam. Runs of all networks take turns.

    python -m benchmarks.studies.forecast_networks --out runs/forecast_networks
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from benchmarks.measuring.files import (
    markdown_table,
    new_parser,
    refuse_below,
    write_csv,
)
from benchmarks.measuring.machine import machine, one_line
from benchmarks.measuring.timing import Run, interleaved, without_gradient
from deepsphere_pyg.commands.forecast.networks import (
    ForecastNetworkOptions,
    forecast_network,
)
from samplings import HEALPix

HISTORY, STATES, FORCING = 3, 2, 1
NETWORKS = {
    "small": {"network": "small"},
    "weather": {"network": "weather"},
    "weather, width 1/4": {"network": "weather", "width": 0.25},
    "gru": {"network": "gru"},
    "gru, all levels": {"network": "gru", "memory": "all"},
    "lstm": {"network": "lstm"},
    "mesh": {"network": "mesh"},
    "mesh, sfno": {"network": "mesh", "processor": "sfno"},
    "sfno": {"network": "sfno"},
}
COLUMNS = ("network", "parameters", "forward_ms", "step_ms")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/forecast_networks"), help="folder")
    add("--nside", type=int, default=16)
    add("--k", type=int, default=20, help="neighbours")
    add("--batch", type=int, default=4)
    add("--threads", type=int, default=1)
    add("--rounds", type=int, default=5, help="largest number of runs of each")
    add("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "nside", "k", "batch", "threads", "rounds")
    return args


def training_step(network: nn.Module, x: torch.Tensor) -> Run:
    """Return a run of a training step."""
    optimizer = torch.optim.Adam(network.parameters())
    with torch.no_grad():
        target = torch.randn_like(network(x))

    def run() -> None:
        optimizer.zero_grad()
        nn.functional.mse_loss(network(x), target).backward()
        optimizer.step()

    return run


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print and write the table."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    sampling = HEALPix(args.nside)
    count = HISTORY * STATES + FORCING
    x = torch.randn(args.batch, len(sampling), count)
    networks, forward, steps = {}, {}, {}
    for name in args.networks:
        # Times do not depend on the weights of the edges.
        options = ForecastNetworkOptions(k=args.k, weighting="heat", **NETWORKS[name])
        network = forecast_network(
            options, count, STATES, sampling, history=HISTORY, seed=0
        )
        networks[name] = network
        forward[name] = without_gradient(network, x)
        steps[name] = training_step(network, x)
    device, budget = torch.device("cpu"), 10.0
    found = [
        # The time of the processor, which others on a shared machine do not add to.
        interleaved(runs, device, args.rounds, budget, time.process_time)
        for runs in (forward, steps)
    ]
    rows = [
        {
            "network": name,
            "parameters": sum(p.numel() for p in network.parameters()),
            **{
                column: round(1e3 * min(times[name]) / args.batch, 1)
                for column, times in zip(COLUMNS[2:], found, strict=True)
            },
        }
        for name, network in networks.items()
    ]
    print(f"{one_line(machine('cpu'))}; shortest processor times of a sample")
    print(markdown_table(COLUMNS, [list(row.values()) for row in rows]))
    args.out.mkdir(parents=True, exist_ok=True)
    write_csv(args.out / "forecast_networks.csv", COLUMNS, rows)


if __name__ == "__main__":
    main()
