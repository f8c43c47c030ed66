"""Tables of scores, in the formats of the evaluator of SHREC'17."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any

from deepsphere_pyg.metrics.retrieval.measures import RetrievalScores
from deepsphere_pyg.metrics.retrieval.submissions import (
    method_argument,
    split_argument,
)
from samplings.arguments import instance_argument, path_argument
from samplings.atomic_files import atomic_path


def write_summary(
    path: str | os.PathLike[str],
    scores: RetrievalScores,
    *,
    method: str,
    split_name: str,
) -> None:
    """Write the measures of each class and their averages, as ``METHOD.summary.csv``.

    The columns are ``class,P@N,R@N,F1@N,mAP,NDCG,dataset,method``; the rows are
    ``microALL``, one for each class, and ``macroALL``. Numbers have eight decimals.

    Parameters
    ----------
    path
        File to write, whole or not at all. An existing one is replaced.
    scores
        Measures, from :func:`retrieval_scores`.
    method, split_name
        As in :func:`write_submission`.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If the split is not known, or the method cannot be the name of a file.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from deepsphere_pyg.metrics import retrieval_scores
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "mine.summary.csv"
    >>> scores = retrieval_scores({"1": ["1"]}, ["1", "2"], ["lamp", "lamp"])
    >>> write_summary(path, scores, method="mine", split_name="val_normal")
    >>> print(path.read_text().splitlines()[1])
    microALL,1.00000000,0.50000000,0.66666667,0.50000000,0.50000000,val_normal,mine
    >>> folder.cleanup()
    """
    instance_argument("scores", scores, RetrievalScores, "pass those of one split")
    names = ("microALL", *scores.class_names, "macroALL")
    measures = (scores.micro, *scores.per_class, scores.macro)
    last = split_argument(split_name), method_argument(method)
    rows = [
        (name, *_decimals(one.as_dict().values()), *last)
        for name, one in zip(names, measures, strict=True)
    ]
    header = ("class", *scores.micro.as_dict(), "dataset", "method")
    _write(path, header, rows)


def write_precision_recall(
    path: str | os.PathLike[str],
    scores: RetrievalScores,
    *,
    method: str,
    split_name: str,
) -> None:
    """Write the curves of precision and recall, as ``METHOD.pr.csv``.

    The columns are ``class,P,R,dataset,method``; the rows are the ranks 1, 2, ..., to
    the cut of ``microALL``, and then those of ``macroALL``.

    Parameters
    ----------
    path, scores, method, split_name
        As in :func:`write_summary`.

    Raises
    ------
    TypeError
        If an argument is of another type.
    ValueError
        If the split is not known, or the method cannot be the name of a file.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from deepsphere_pyg.metrics import retrieval_scores
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "mine.pr.csv"
    >>> scores = retrieval_scores({"1": ["1"]}, ["1", "2"], ["lamp", "lamp"], cut=2)
    >>> write_precision_recall(path, scores, method="mine", split_name="val_normal")
    >>> print(path.read_text().splitlines()[1])
    microALL,1.00000000,0.50000000,val_normal,mine
    >>> folder.cleanup()
    """
    instance_argument("scores", scores, RetrievalScores, "pass those of one split")
    curves = {"microALL": scores.micro_curve, "macroALL": scores.macro_curve}
    last = split_argument(split_name), method_argument(method)
    rows = [
        (name, *_decimals(pair), *last)
        for name, curve in curves.items()
        for pair in zip(curve.precision, curve.recall, strict=True)
    ]
    _write(path, ("class", "P", "R", "dataset", "method"), rows)


def _decimals(values: Iterable[float]) -> list[str]:
    return [f"{value:.8f}" for value in values]


def _write(
    path: str | os.PathLike[str], header: Iterable[str], rows: Iterable[Iterable[Any]]
) -> None:
    """Write rows of a table, whole or not at all."""
    with (
        atomic_path(path_argument("path", path)) as temporary,
        temporary.open("w", newline="") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
