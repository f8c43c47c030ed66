"""The scores, answers and pictures of a run of ``deepsphere-pyg digits``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from deepsphere_pyg.commands.options.training import (
    n_parameters,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.plot.labels import confusion_picture, label_curves
from deepsphere_pyg.training.trained import Trained
from samplings import Sampling
from samplings.arrays import IntArray
from samplings.atomic_files import write_json, write_rows

CLASSES = tuple(str(digit) for digit in range(10))


class DigitAnswers(NamedTuple):
    """Answers of a network, and the true digits.

    Attributes
    ----------
    answers, truth
        Shape ``(digit,)``.
    """

    answers: IntArray
    truth: IntArray

    @property
    def accuracy(self) -> float:
        """Share of digits recognised, in percent."""
        return 100 * float(np.mean(self.answers == self.truth))

    @property
    def confusion(self) -> IntArray:
        """Number of digits i (row) that were taken for digit j (column)."""
        counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
        np.add.at(counts, (self.truth, self.answers), 1)
        return counts


def write_report(
    options: Any,
    sampling: Sampling,
    trained: Trained,
    found: dict[str, DigitAnswers],
    seconds: dict[str, float],
) -> None:
    """Print and write scores, answers and pictures.

    Parameters
    ----------
    options
        Options of the command.
    sampling
        Sampling of the digits.
    trained
        The network and its history.
    found
        Answers to digits as they are ("NR") and rotated ("R").
    seconds
        Duration of each stage of this run.
    """
    parameters = n_parameters(trained.network)
    head = "".join(f"{f'{options.train}/{name}':>9}" for name in found)
    row = "".join(f"{of.accuracy:>9.2f}" for of in found.values())
    n = len(next(iter(found.values())).truth)
    print(f"\n{f'accuracy of {n} digits, %':<32}{head}")
    name = f"{options.network}, {parameters:,} parameters"
    print(f"{name:<32}{row}")
    write_json(
        options.folder / "metrics.json",
        {
            **run_facts(options),
            "parameters": parameters,
            "accuracy": {
                f"{options.train}/{name}": of.accuracy for name, of in found.items()
            },
            "unit": "percent",
            "validation": {"accuracy": trained.best, "epoch": trained.best_epoch},
            "network": trained.network.config,
            "sampling": sampling.config,
            "seconds": {name: round(value, 1) for name, value in seconds.items()},
        },
    )
    truth = next(iter(found.values())).truth
    rows = [
        {"digit": i, "truth": int(truth[i])}
        | {name: int(of.answers[i]) for name, of in found.items()}
        for i in range(n)
    ]
    write_rows(options.folder / "predictions.csv", rows)
    figures = {
        f"confusion_{name}.png": confusion_picture(of.confusion, CLASSES)
        for name, of in found.items()
    }
    figures["learning_curves.png"] = label_curves(trained.history, ("accuracy",))
    files = ("metrics.json", "predictions.csv", "history.csv")
    paths = [options.folder / name for name in files]
    print_files(*paths, *write_figures(options.folder, figures))
    print(f"checkpoint {trained.checkpoint}")
