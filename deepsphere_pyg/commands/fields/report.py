"""Tables, files and pictures of trainings on fields in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from deepsphere_pyg.commands.fields.data import described
from deepsphere_pyg.commands.fields.options import FieldsOptions
from deepsphere_pyg.commands.fields.scores import (
    confusion,
    mean_target,
    number_scores,
)
from deepsphere_pyg.commands.options.training import (
    n_parameters,
    print_files,
    run_facts,
    tell_prediction,
    write_figures,
)
from deepsphere_pyg.plot.labels import (
    confusion_picture,
    label_curves,
    scatter_of_answers,
)
from deepsphere_pyg.plot.regression import regression_maps
from deepsphere_pyg.training import SphereDataModule, Trained, predict_to_file
from deepsphere_pyg.training.tasks import ClassificationTask, Task
from samplings.atomic_files import write_json, write_rows

PREDICTIONS = "predictions.nc"


def report(
    options: FieldsOptions,
    module: SphereDataModule,
    task: Task,
    trained: Trained | None,
    seconds: float,
) -> int:
    """Test the network, print and write scores, predictions and pictures.

    Parameters
    ----------
    options
        Options of the command.
    module
        The data.
    task
        The trained task.
    trained
        Its training; None for a checkpoint.
    seconds
        Duration of the training.
    """
    part = module.parts["test"]
    folder = options.folder
    figures: dict[str, Figure] = {}
    print(f"\nscores on {len(part)} test samples\n")
    if isinstance(task, ClassificationTask):
        rows = _classes(options, module, task, figures)
        unit, names = "%", task.score_names
    else:
        rows = _numbers(options, module, task, trained, figures)
        units = {one for one in task.notes.get("target_units") or () if one}
        unit, names = (units.pop() if len(units) == 1 else ""), task.score_names
    if trained is not None:
        curves = label_curves(trained.history, names, unit)
        figures["learning_curves.png"] = curves
    metrics = {
        **run_facts(options),
        "data": described(module, module.data),
        "sampling": getattr(module.sampling, "name", None),
        "parameters": n_parameters(task.network),
        "best_epoch": None if trained is None else trained.best_epoch,
        "seconds": round(seconds, 1),
        "test": rows,
    }
    write_json(folder / "metrics.json", metrics)
    write_rows(folder / "scores.csv", rows)
    test = part.dataset.take(part.indices)
    size = options.batch_size
    path = predict_to_file(folder / PREDICTIONS, task, test, batch_size=size)
    files: list[Path] = [folder / "metrics.json", folder / "scores.csv", path]
    print_files(*write_figures(folder, figures), *files)
    print(f"checkpoint {options.checkpoint if trained is None else trained.checkpoint}")
    if trained is not None:
        tell_prediction(trained.checkpoint, " --fields FILE")
    return 0


def _numbers(
    options: FieldsOptions,
    module: SphereDataModule,
    task: Any,
    trained: Trained | None,
    figures: dict[str, Figure],
) -> list[dict[str, Any]]:
    """Score numbers, print the table, and draw a test sample or all answers."""
    mean = None if trained is None else mean_target(module.parts["train"])
    batches = module.test_dataloader()
    scores = number_scores(task, batches, mean, options.torch_device)
    rows = scores.rows(task.out_names)
    width = max(len(row["target"]) for row in rows)
    print(
        " " * width + f"  {'predictor':<14}{'rmse':>10}{'mae':>10}{'bias':>10}{'R2':>9}"
    )
    for row in rows:
        r2 = "-" if row["r2"] is None else f"{row['r2']:.4f}"
        print(
            f"{row['target']:<{width}}  {row['predictor']:<14}{row['rmse']:>10.4g}"
            f"{row['mae']:>10.4g}{row['bias']:>10.2g}{r2:>9}"
        )
    part, units = module.parts["test"], task.notes.get("target_units") or [""]
    if module.global_target:
        truth = np.stack([part[i].y.numpy() for i in range(len(part))])
        found = np.concatenate(
            [
                task.predict(batch.x, progress=False, batch_size=len(batch.x))
                for batch in module.test_dataloader()
            ]
        )
        figures["scatter.png"] = scatter_of_answers(
            truth[:, 0], found[:, 0], task.out_names[0], units[0] or "1"
        )
        return rows
    first = part[0]
    with torch.no_grad():
        answer = task.predict(first.x[None], progress=False)[0]
    figures["map.png"] = regression_maps(
        module.data.sampling,
        first.x[:, 0].numpy(),
        first.y[:, 0].numpy(),
        answer[:, 0],
        input_name=module.channel_names[0],
        name=task.out_names[0],
        unit=units[0],
        mask=first.mask.numpy(),
    )
    return rows


def _percent(share: float | None) -> str:
    """Return a share in percent; a dash for one that is not defined."""
    return "-" if share is None else f"{100 * share:.1f} %"


def _classes(
    options: FieldsOptions,
    module: SphereDataModule,
    task: ClassificationTask,
    figures: dict[str, Figure],
) -> list[dict[str, Any]]:
    """Score classes of samples, print the table, and draw the confusion matrix."""
    counts = confusion(task, module.test_dataloader(), options.torch_device)
    right, total, found = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    rows: list[dict[str, Any]] = [
        {
            "class": name,
            "samples": int(total[i]),
            "recall": float(right[i] / total[i]) if total[i] else None,
            "precision": float(right[i] / found[i]) if found[i] else None,
        }
        for i, name in enumerate(task.class_names)
    ]
    width = max(8, *(len(name) for name in task.class_names))
    print(f"{'class':<{width}}{'samples':>10}{'recall':>10}{'precision':>11}")
    for row in rows:
        print(
            f"{row['class']:<{width}}{row['samples']:>10}{_percent(row['recall']):>10}"
            f"{_percent(row['precision']):>11}"
        )
    print(f"\naccuracy {100 * right.sum() / max(1, counts.sum()):.1f} %")
    figures["confusion.png"] = confusion_picture(counts, task.class_names)
    return rows
