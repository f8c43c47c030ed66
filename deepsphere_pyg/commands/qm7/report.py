"""Scores, answers and pictures of ``qm7``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.commands.options.training import (
    n_parameters,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.commands.qm7.energy_task import EnergyTask, errors_of
from deepsphere_pyg.commands.qm7.options import QM7Options
from deepsphere_pyg.datasets import Molecules
from deepsphere_pyg.models import MoleculeNetwork
from deepsphere_pyg.plot.labels import label_curves, scatter_of_answers
from deepsphere_pyg.training.trained import Trained
from samplings.arguments import counted
from samplings.arrays import IntArray
from samplings.atomic_files import write_json, write_rows


def report(
    options: QM7Options,
    network: MoleculeNetwork,
    molecules: Molecules,
    part: IntArray,
    test: tuple[Tensor, Tensor],
    trained: Trained | None,
    seconds: float,
) -> None:
    """Print and write scores, answers and pictures.

    Parameters
    ----------
    options
        Options of the command.
    network
        The network.
    molecules, part
        All molecules, and the indices of those that it is tested on.
    test
        Energies by the network, and their truth.
    trained
        The training, if there was one.
    seconds
        Duration of the command.
    """
    answers, truth = (part.numpy() for part in test)
    scores = errors_of(*test)
    linear = _composition_alone(network, molecules, part)
    baseline = errors_of(linear, test[1])
    print(
        f"\nfold {options.fold}, {counted(len(truth), 'molecule')}, "
        f"kcal/mol{'rmse':>10}{'mae':>8}"
    )
    for name, of in (("composition alone", baseline), ("network", scores)):
        print(f"{name:<32}{of['rmse']:>10.2f}{of['mae']:>8.2f}")
    metrics: dict[str, Any] = {
        **run_facts(options),
        "parameters": n_parameters(network),
        "fold": options.fold,
        "unit": "kcal/mol",
        "test": scores,
        "composition": baseline,
        "seconds": round(seconds, 1),
    }
    if trained is not None:
        best = {"rmse": trained.best, "epoch": trained.best_epoch}
        metrics["validation"] = best
    write_json(options.folder / "metrics.json", metrics)
    rows = [
        {"molecule": int(number), "energy": float(y), "network": round(float(a), 4)}
        for number, y, a in zip(part, truth, answers, strict=True)
    ]
    write_rows(options.folder / "predictions.csv", rows)
    figures = {
        "scatter.png": scatter_of_answers(
            truth, answers, "atomization energy", "kcal/mol"
        ),
    }
    names = ["metrics.json", "predictions.csv"]
    if trained is not None:
        figures["learning_curves.png"] = label_curves(
            trained.history, EnergyTask.score_names, "kcal/mol"
        )
        names.append("history.csv")
    files = [options.folder / name for name in names]
    print_files(*files, *write_figures(options.folder, figures))
    print(f"checkpoint {options.checkpoint if trained is None else trained.checkpoint}")


def _composition_alone(
    network: MoleculeNetwork, molecules: Molecules, part: IntArray
) -> Tensor:
    """Energies by the linear function of the composition that a network keeps."""
    # Its elements may be fewer, or in another order.
    columns = [molecules.elements.index(int(z)) for z in network.elements]
    counts = torch.from_numpy(molecules.composition[part][:, columns]).double()
    weights = network.composition.cpu()
    energies: Tensor = counts @ weights[:-1] + weights[-1]
    return energies
