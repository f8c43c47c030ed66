"""Tables, files and pictures of ``deepsphere-pyg shapes``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from deepsphere_pyg.commands.options.training import write_figures
from deepsphere_pyg.commands.results import Results
from deepsphere_pyg.commands.shapes.answers import LONGEST, ShapeAnswers
from deepsphere_pyg.commands.shapes.data import ROTATED, Shapes
from deepsphere_pyg.commands.shapes.published import PUBLISHED, PublishedRow
from deepsphere_pyg.commands.shapes.runs import RETRIEVAL, SCORES
from deepsphere_pyg.commands.shapes.training import Tested
from deepsphere_pyg.convert.meshes import MESH_CHANNELS
from deepsphere_pyg.datasets import Shrec17
from deepsphere_pyg.metrics import write_submission, write_summary
from deepsphere_pyg.plot.labels import confusion_picture, label_curves, shortened
from deepsphere_pyg.plot.shapes import retrieval_picture, shape_maps_picture
from samplings.arrays import FloatArray, IntArray
from samplings.atomic_files import make_folder, write_rows

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


def tell_unlabelled(tested: Tested) -> None:
    """Print for which shapes there are no scores."""
    for answers in tested.answers.values():
        if not answers.labelled:
            unknown = int((answers.truth < 0).sum())
            print(
                f"no scores  the classes of {unknown} of {len(answers.ids)} shapes to "
                "test are not known"
            )


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
            paths += _submission(shapes, tested, test, folder)
        if answers.labelled:
            figures[f"confusion-{test}.png"] = confusion_picture(
                answers.confusion, [shortened(name) for name in shapes.shown_names]
            )
    if tested.trained is not None and tested.trained.history:
        figures["learning_curves.png"] = label_curves(
            tested.trained.history, ("accuracy",)
        )
    test = next(iter(tested.answers))
    if tested.answers[test].labelled:
        figures["retrieved.png"] = _retrieved(shapes, tested, test)
    maps = _maps(shapes, tested, test)
    if maps is not None:
        figures["maps.png"] = maps
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


def _submission(shapes: Shapes, tested: Tested, test: str, folder: Path) -> list[Path]:
    """Write the folder that SHREC'17's evaluator reads, and the scores as it does."""
    answers = tested.answers[test]
    source = shapes.testing(tested.run.network, 0, test).source
    assert isinstance(source, Shrec17)
    name = source.dataset_name
    method = f"deepsphere-{tested.run.network}"
    written = write_submission(
        folder, method, name, answers.ids, answers.lists, overwrite=True
    )
    if not answers.labelled:
        return [written]
    summary = folder / f"{method}.{name}.summary.csv"
    write_summary(summary, answers.retrieval, method=method, split_name=name)
    return [written, summary]


def _retrieved(shapes: Shapes, tested: Tested, test: str) -> Any:
    """Draw the queries with the best and the worst lists."""
    answers = tested.answers[test]
    place = {one: i for i, one in enumerate(answers.ids)}
    truth, score = answers.truth, answers.average_precision
    copies = shapes.testing(tested.run.network, tested.run.fold, test)
    failed = copies.failed
    readable = [i for i, one in enumerate(answers.ids) if one not in failed]
    rows = []
    for title, chosen in _ends(score, truth, readable).items():
        for i in chosen:
            others = [place[one] for one in answers.lists[answers.ids[i]][:LONGEST]]
            listed = [i, *(j for j in others if j != i)]
            meshes = [
                (
                    copies.source.load(copies.which[j]),
                    shortened(shapes.shown_names[truth[j]]),
                    bool(truth[j] == truth[i]),
                )
                for j in listed[:_SHOWN]
                if answers.ids[j] not in failed
            ]
            rows.append((f"{title}: average precision {score[i]:.2f}", meshes))
    return retrieval_picture(rows)


def _ends(
    score: FloatArray, truth: IntArray, some: Sequence[int]
) -> dict[str, list[int]]:
    """Return the queries of highest and of lowest score, each of another class."""
    order = np.array(some)[np.argsort(-score[some], kind="stable")]
    count = min(_PICTURED, len(order) // 2)
    ends = []
    for way in (order, order[::-1]):
        _, first = np.unique(truth[way], return_index=True)
        ends.append(way[np.sort(first)][:count].tolist())
    best, worst = ends
    return {"best": best, "worst": [i for i in reversed(worst) if i not in best]}


def _maps(shapes: Shapes, tested: Tested, test: str) -> Any:
    """Draw the first shape and its maps."""
    copies = shapes.testing(tested.run.network, tested.run.fold, test)
    readable = copies.readable
    if not len(readable.which):
        return None
    first, part = int(readable.which[0]), copies.parts[0]
    return shape_maps_picture(
        copies.source.load(first),
        np.asarray(part.x[first, 0]),
        part.sampling,
        MESH_CHANNELS,
        shortened(copies.source.ids[first], 30),
    )
