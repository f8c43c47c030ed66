"""What ``deepsphere-pyg digits`` prints and writes in the end."""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import torch

from deepsphere_pyg.atomic_files import atomic_path, write_json
from deepsphere_pyg.plot.labels import confusion_picture, label_curves
from deepsphere_pyg.training.callbacks import write_rows
from deepsphere_pyg.training.label_fit import TrainedLabels
from deepsphere_pyg.training.resume import settings
from samplings import Sampling
from samplings.arrays import IntArray

CLASSES = tuple(str(digit) for digit in range(10))


class ToldDigits(NamedTuple):
    """Digits told, and what they are.

    Attributes
    ----------
    answers, truth
        Shape ``(digit,)``.
    """

    answers: IntArray
    truth: IntArray

    @property
    def accuracy(self) -> float:
        """Share told right, in percent."""
        return 100 * float(np.mean(self.answers == self.truth))

    @property
    def confusion(self) -> IntArray:
        """How many of digit i (row) were told to be digit j (column)."""
        counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
        np.add.at(counts, (self.truth, self.answers), 1)
        return counts


def write_report(
    args: argparse.Namespace,
    sampling: Sampling,
    trained: TrainedLabels,
    found: dict[str, ToldDigits],
    seconds: dict[str, float],
) -> None:
    """Print and write scores, answers and pictures.

    Parameters
    ----------
    args
        Options of the command.
    sampling
        Where digits were seen.
    trained
        The network, and how it became what it is.
    found
        Answers to digits as they are ("NR") and turned ("R").
    seconds
        What took how long, in this run.
    """
    parameters = sum(p.numel() for p in trained.network.parameters())
    head = "".join(f"{f'{args.train}/{name}':>9}" for name in found)
    row = "".join(f"{of.accuracy:>9.2f}" for of in found.values())
    n = len(next(iter(found.values())).truth)
    print(f"\n{f'accuracy of {n} digits, %':<32}{head}")
    print(f"{f'{args.network}, {parameters:,} parameters':<32}{row}")
    write_json(
        args.out / "metrics.json",
        {
            "settings": settings(args),
            "accuracy": {
                f"{args.train}/{name}": of.accuracy for name, of in found.items()
            },
            "unit": "percent",
            "validation": {"accuracy": trained.best, "epoch": trained.best_epoch},
            "network": trained.network.config,
            "sampling": sampling.config,
            "parameters": parameters,
            "seconds": {name: round(value, 1) for name, value in seconds.items()},
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
    )
    truth = next(iter(found.values())).truth
    rows = [
        {"digit": i, "truth": int(truth[i])}
        | {name: int(of.answers[i]) for name, of in found.items()}
        for i in range(n)
    ]
    write_rows(args.out / "predictions.csv", rows)
    figures = {
        f"confusion_{name}.png": confusion_picture(of.confusion, CLASSES)
        for name, of in found.items()
    }
    figures["learning_curves.png"] = label_curves(trained.history, ("accuracy",))
    for name, figure in figures.items():
        with atomic_path(args.out / name) as temporary:
            figure.savefig(temporary, dpi=110)
    names = ("metrics.json", "predictions.csv", "history.csv", *figures)
    print(
        "\nfiles      " + "\n           ".join(str(args.out / name) for name in names)
    )
    print(f"checkpoint {trained.checkpoint}")
