"""Tables, files and pictures of ``deepsphere-pyg shapes``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from deepsphere_pyg.commands.options.training import write_figures
from deepsphere_pyg.commands.results import Results
from deepsphere_pyg.commands.shapes.answers import ShapeAnswers
from deepsphere_pyg.commands.shapes.data import ROTATED, Shapes
from deepsphere_pyg.commands.shapes.published import PUBLISHED, PublishedRow
from deepsphere_pyg.commands.shapes.training import Tested
from deepsphere_pyg.convert.meshes import MESH_CHANNELS
from deepsphere_pyg.datasets import Shrec17
from deepsphere_pyg.metrics import write_submission, write_summary
from deepsphere_pyg.plot.labels import confusion_picture, label_curves
from deepsphere_pyg.plot.shapes import retrieval_picture, shape_maps_picture
from deepsphere_pyg.training.callbacks import write_rows
from samplings.atomic_files import make_folder

#: Scores of the retrieval, micro averages, and those of the classification.
RETRIEVAL = ("P@N", "R@N", "F1@N", "mAP", "NDCG")
SCORES = ("accuracy", "F1", *RETRIEVAL, "macro mAP")
VALUES = (
    *(f"{test}:{name}" for test in ROTATED for name in SCORES),
    "parameters",
    "minutes",
)
#: Queries in the picture of retrievals: the best and the worst ones.
_PICTURED, _SHOWN = 3, 7


def row_of(tested: Tested) -> dict[str, Any]:
    """Return the scores of a training, for the table."""
    row: dict[str, Any] = {"parameters": tested.parameters, "minutes": tested.minutes}
    for test, answers in tested.answers.items():
        if not answers.labelled:
            continue
        micro = answers.retrieval.micro.as_dict()
        found = {
            "accuracy": answers.accuracy,
            "F1": answers.f1,
            **micro,
            "macro mAP": answers.retrieval.macro.average_precision,
        }
        row |= {f"{test}:{name}": found[name] for name in SCORES}
    return row


def table(options: Any, results: Results) -> str:
    """Return the table in Markdown: scores of all folds, and published ones."""
    head = [
        "network",
        "trained/tested",
        "accuracy, %",
        "F1, %",
        *RETRIEVAL,
        "parameters",
    ]
    lines = []
    for network in options.networks:
        for train in options.train:
            rows = results.find(network=network, train=train)
            for test in ROTATED:
                known = [row for row in rows if row[f"{test}:accuracy"]]
                if known:
                    lines.append(_line(network, f"{train}/{test}", known, test))
    lines += [_published(row) for row in PUBLISHED.get(options.dataset, ())]
    whole = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in whole)


def _line(
    network: str, protocol: str, rows: Sequence[Mapping[str, str]], test: str
) -> list[str]:
    def cell(name: str, digits: int) -> str:
        values = [float(row[f"{test}:{name}"]) for row in rows]
        text = f"{mean(values):.{digits}f}"
        return text if len(values) < 2 else f"{text} ± {stdev(values):.{digits}f}"

    parameters = int(rows[0]["parameters"])
    return [
        network,
        protocol,
        cell("accuracy", 1),
        cell("F1", 1),
        *(cell(name, 3) for name in RETRIEVAL),
        f"{parameters:,}" if parameters else "",
    ]


def _published(row: PublishedRow) -> list[str]:
    retrieval = (*row.retrieval, *[None] * len(RETRIEVAL))[: len(RETRIEVAL)]
    return [
        f"{row.name}, published",
        "",
        "" if row.accuracy is None else f"{row.accuracy:.1f}",
        "" if row.f1 is None else f"{row.f1:.1f}",
        *("" if value is None else f"{value:.3f}" for value in retrieval),
        row.parameters,
    ]


def write_run(shapes: Shapes, tested: Tested, folder: Path) -> list[Path]:
    """Write the answers, submissions and pictures of a training; return their paths.

    Parameters
    ----------
    shapes
        The shapes.
    tested
        The network, and its answers.
    folder
        Where to.
    """
    make_folder(folder)
    paths = []
    figures = {}
    for test, answers in tested.answers.items():
        path = folder / f"answers-{test}.csv"
        write_rows(path, _rows(answers))
        paths.append(path)
        if shapes.options.dataset == "shrec17":
            paths += _submission(shapes, tested, answers, folder)
        if answers.labelled:
            names = answers.class_names
            figures[f"confusion-{test}.png"] = confusion_picture(
                answers.confusion, [name[:12] for name in names]
            )
    if tested.trained is not None and tested.trained.history:
        figures["learning_curves.png"] = label_curves(
            tested.trained.history, ("accuracy",)
        )
    test = next(iter(tested.answers))
    if tested.answers[test].labelled:
        figures["retrieved.png"] = _retrieved(shapes, tested, test)
    figures["maps.png"] = _maps(shapes, tested, test)
    return [*paths, *write_figures(folder, figures)]


def _rows(answers: ShapeAnswers) -> list[dict[str, Any]]:
    names = answers.class_names
    return [
        {
            "id": one,
            "truth": names[true] if true >= 0 else "",
            "predicted": names[predicted],
        }
        for one, true, predicted in zip(
            answers.ids, answers.truth, answers.predicted, strict=True
        )
    ]


def _submission(
    shapes: Shapes, tested: Tested, answers: ShapeAnswers, folder: Path
) -> list[Path]:
    """Write the folder that SHREC'17's evaluator reads, and the scores as it does."""
    source = shapes.testing(tested.run.network, 0, tested.run.train).source
    assert isinstance(source, Shrec17)
    name = source.dataset_name
    method = f"deepsphere-{tested.run.network}"
    written = write_submission(
        folder, method, name, answers.ids, answers.lists, overwrite=True
    )
    if not answers.labelled:
        return [written]
    summary = folder / f"{method}.summary.csv"
    write_summary(summary, answers.retrieval, method=method, split_name=name)
    return [written, summary]


def _retrieved(shapes: Shapes, tested: Tested, test: str) -> Any:
    """Draw the queries with the best and the worst lists."""
    answers = tested.answers[test]
    place = {one: i for i, one in enumerate(answers.ids)}
    truth, precision = answers.truth, answers.average_precisions
    order = np.argsort(-precision, kind="stable")
    count = min(_PICTURED, len(order) // 2)
    chosen = [*order[:count], *order[len(order) - count :]]
    copies = shapes.testing(tested.run.network, tested.run.fold, test)
    source, which = copies.source, copies.which
    rows = []
    for i in chosen:
        others = [place[one] for one in answers.lists[answers.ids[i]]]
        listed = [int(i), *[j for j in others if j != i]][:_SHOWN]
        meshes = [
            (source.load(which[j]), answers.class_names[truth[j]], truth[j] == truth[i])
            for j in listed
            if copies.ids[j] not in copies.parts[0].failed
        ]
        rows.append((f"average precision {precision[i]:.2f}", meshes))
    return retrieval_picture(rows)


def _maps(shapes: Shapes, tested: Tested, test: str) -> Any:
    """Draw the first shape and its maps."""
    copies = shapes.testing(tested.run.network, tested.run.fold, test)
    part, which = copies.parts[0], copies.which
    readable = [i for i in which if part.ids[i] not in part.failed]
    first = int((readable or which)[0])
    mesh = copies.source.load(first)
    return shape_maps_picture(
        mesh,
        np.asarray(part.x[first, 0]),
        shapes.sampling(tested.run.network),
        MESH_CHANNELS,
    )
