"""Does the Laplacian matter for a network? Train the same ones on several graphs.

Every task is trained on heat-kernel and fitted weights, k = 8 and 20, from several
seeds, and scored on test maps and on the same maps turned. Finished runs are kept, in a
file a task: the same command goes on after an interruption, and reports again.

    python benchmarks/laplacians_in_networks.py --out runs/networks
    python benchmarks/laplacians_in_networks.py --quick --out runs/networks-quick
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from network_classification import Classification
from network_report import Runs, figure, markdown, write_csv
from network_segmentation import Segmentation
from network_tasks import Graph, Task

from deepsphere_pyg.atomic_files import atomic_path, write_json

GRAPHS = tuple(Graph(weighting, k) for k in (8, 20) for weighting in ("heat", "fitted"))

STEEP: dict[str, Any] = {
    "name": "steep spectra",
    "title": "steep power spectra, from the Laplacian",
    "slope": 5.0,
    "epochs": 20,
    "differentiate": True,
}
TASKS: tuple[Task, ...] = (Segmentation(), Classification(), Classification(**STEEP))

# Everything once, in a minute: the scores mean nothing.
SMALL_MAPS: dict[str, Any] = {"nside": 8, "n_train": 32, "n_test": 16, "epochs": 2}
QUICK: tuple[Task, ...] = (
    Segmentation(nside=16, n_train=4, n_validation=2, n_test=2, epochs=1),
    Classification(**SMALL_MAPS),
    Classification(**{**STEEP, **SMALL_MAPS}),
)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Options, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/networks"))
    parser.add_argument("--seeds", type=int, default=3, help="runs on each graph")
    parser.add_argument(
        "--tasks",
        nargs="+",
        choices=[task.name for task in TASKS],
        default=[task.name for task in TASKS],
        help="what to train; the report shows all that is finished in --out",
    )
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    parser.add_argument(
        "--quick", action="store_true", help="tiny networks, one seed: a smoke test"
    )
    args = parser.parse_args(words)
    for name in ("seeds", "threads"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} must be at least 1, got {getattr(args, name)}")
    return args


class Store:
    """Finished runs of a task, in a file that grows by one run at a time.

    Raises
    ------
    ValueError
        If the file is of other settings, or not one of these files.
    """

    def __init__(self, out: Path, task: Task) -> None:
        self.path = out / f"{slug(task.name)}.json"
        self.task = task
        self.runs: dict[tuple[Graph, int], dict[str, float | None]] = {}
        if not self.path.exists():
            return
        try:
            content = json.loads(self.path.read_text())
            settings = content["settings"]
            for run in content["runs"]:
                key = Graph(run["weighting"], run["k"]), run["seed"]
                self.runs[key] = dict(run["scores"])
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(
                f"{self.path} holds no runs of this benchmark ({error!r}); "
                "move it away, or choose another --out"
            ) from error
        if settings != task.settings:
            differ = [k for k in task.settings if settings.get(k) != task.settings[k]]
            raise ValueError(
                f"{self.path} is of other settings ({', '.join(differ) or 'more'}); "
                "choose another --out"
            )

    def add(self, graph: Graph, seed: int, scores: dict[str, float]) -> None:
        """Keep the scores of a run; those that are not defined as null."""
        self.runs[graph, seed] = {
            key: None if math.isnan(value) else value for key, value in scores.items()
        }
        runs = [
            {"weighting": g.weighting, "k": g.k, "seed": s, "scores": scores}
            for (g, s), scores in self.runs.items()
        ]
        write_json(self.path, {"settings": self.task.settings, "runs": runs})


def slug(name: str) -> str:
    """A name as part of a path."""
    return name.replace(" ", "-").replace("=", "")


def main(words: Sequence[str] | None = None) -> int:
    """Train what is missing, and report; returns the exit status."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    tasks = QUICK if args.quick else TASKS
    try:
        train(args, [task for task in tasks if task.name in args.tasks])
        report(args.out, tasks)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on", file=sys.stderr)
        return 130
    return 0


def train(args: argparse.Namespace, tasks: Sequence[Task]) -> None:
    """Do the runs that are not there, all graphs of a seed in turn."""
    stores = {task.name: Store(args.out, task) for task in tasks}
    missing = [
        (task, graph, seed)
        for task in tasks
        for seed in range(1 if args.quick else args.seeds)
        for graph in GRAPHS
        if (graph, seed) not in stores[task.name].runs
    ]
    print(f"{len(missing)} runs to do, on {args.threads} threads", flush=True)
    start = time.perf_counter()
    for done, (task, graph, seed) in enumerate(missing, 1):
        print(f"\n{task.name}, {graph.name}, seed {seed} ({done}/{len(missing)})")
        folder = (
            args.out / "checkpoints" / slug(f"{task.name} {graph.name} seed {seed}")
        )
        # Of the very graph: another version may fit other weights.
        of_graph = {"links": graph.links(task.nside), "error": graph.error(task.nside)}
        scores = {**of_graph, **task.run(graph, seed, folder)}
        stores[task.name].add(graph, seed, scores)
        print("  ".join(f"{key} {value:.4g}" for key, value in scores.items()))
        spent = (time.perf_counter() - start) / 60
        left = spent / done * (len(missing) - done)
        print(f"{spent:.1f} min so far, about {left:.0f} to go", flush=True)


def report(out: Path, tasks: Sequence[Task]) -> None:
    """Print the tables of all that is finished; write them, numbers and figure."""
    runs: Runs = {
        (task.name, graph, seed): scores
        for task in tasks
        for (graph, seed), scores in Store(out, task).runs.items()
    }
    finished = [t for t in tasks if any(name == t.name for name, *_ in runs)]
    text = "\n\n".join(
        f"{task.title[0].upper()}{task.title[1:]}\n\n" + markdown(runs, task, GRAPHS)
        for task in finished
    )
    print(f"\n{text}\n")
    with atomic_path(out / "networks.md") as temporary:
        temporary.write_text(text + "\n")
    write_csv(out / "networks.csv", runs)
    with atomic_path(out / "networks.png") as temporary:
        figure(runs, finished, GRAPHS).savefig(temporary, dpi=150)
    print(
        "wrote " + ", ".join(str(out / f"networks.{e}") for e in ("md", "csv", "png"))
    )


if __name__ == "__main__":
    sys.exit(main())
