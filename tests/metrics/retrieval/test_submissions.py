"""Files of SHREC'17: their format to the letter, round trips, and refusals."""

import numpy as np
import pytest

from deepsphere_pyg.metrics import (
    RankedLists,
    ranked_by_distance,
    read_submission,
    retrieval_scores,
    write_precision_recall,
    write_submission,
    write_summary,
)
from samplings.reading import DataFileError

IDS = ["000001", "000002", "000040"]
LISTS = {"000001": ["000001", "000040"], "000002": ["000002"], "000040": ["000001"]}
ZEROS = {query: [0.0] * len(one) for query, one in LISTS.items()}
SPLIT = "test_perturbed"


def test_files_are_as_the_evaluator_reads_them(tmp_path):
    # Numbers without zeros get some; the order of queries is free.
    lists = {"40": ["1"], "2": ["2"], "000001": ["000001", "40"]}
    ids = ["000001", "2", "40"]
    lists = {**lists, "40": ["000001"]}
    method = write_submission(tmp_path, "mine", SPLIT, ids, lists)
    assert method == tmp_path / "mine"
    content = {one.name: one.read_text() for one in (method / SPLIT).iterdir()}
    assert content == {
        "000001": "000001\n000040\n",
        "000002": "000002\n",
        "000040": "000001\n",
    }
    assert dict(read_submission(method / SPLIT)) == {
        query: tuple(one) for query, one in LISTS.items()
    }
    assert read_submission(method / SPLIT).distances is None


def test_distances_follow_a_blank(tmp_path):
    distances = {"000001": [0, 1 / 3], "000002": [0.0], "000040": [2.5e-7]}
    write_submission(tmp_path, "mine", SPLIT, IDS, LISTS, distances)
    folder = tmp_path / "mine" / SPLIT
    assert (folder / "000001").read_text() == "000001 0\n000040 0.333333333\n"
    assert (folder / "000040").read_text() == "000001 2.5e-07\n"
    found = read_submission(folder)
    assert found.distances["000001"] == (0.0, 0.333333333)


def test_ranked_lists_bring_their_distances(tmp_path):
    features = np.random.default_rng(0).normal(size=(3, 2))
    lists = ranked_by_distance(features, IDS)
    folder = write_submission(tmp_path, "mine", SPLIT, IDS, lists) / SPLIT
    found = read_submission(folder)
    assert dict(found) == dict(lists)
    for query, wanted in lists.distances.items():
        # Nine digits are written.
        assert found.distances[query] == pytest.approx(wanted, rel=5e-9)


def test_thousand_lines_are_written(tmp_path):
    ranked = IDS * 334  # 1002 results
    lists = {**LISTS, "000001": ranked}
    write_submission(
        tmp_path, "mine", SPLIT, IDS, lists, {**ZEROS, "000001": [0] * 1002}
    )
    found = read_submission(tmp_path / "mine" / SPLIT)
    assert found["000001"] == tuple(ranked[:1000])
    assert found.distances["000001"] == (0.0,) * 1000


def test_lists_of_others_are_kept(tmp_path):
    write_submission(tmp_path, "mine", SPLIT, IDS, LISTS)
    shorter = {one: [one] for one in IDS[:2]}
    with pytest.raises(FileExistsError, match="pass overwrite=True"):
        write_submission(tmp_path, "mine", SPLIT, IDS[:2], shorter)
    folder = tmp_path / "mine" / SPLIT
    assert len(read_submission(folder)["000001"]) == 2
    write_submission(tmp_path, "mine", SPLIT, IDS[:2], shorter, overwrite=True)
    assert dict(read_submission(folder)) == {one: (one,) for one in IDS[:2]}
    # Other splits of the method are not touched.
    write_submission(tmp_path, "mine", "val_perturbed", IDS, LISTS)
    assert len(read_submission(folder)) == 2


def test_other_files_are_kept_even_if_lists_may_be_overwritten(tmp_path):
    folder = tmp_path / "mine" / SPLIT
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"not ranked lists, such as notes\.txt"):
        write_submission(tmp_path, "mine", SPLIT, IDS, LISTS, overwrite=True)
    assert [one.name for one in folder.iterdir()] == ["notes.txt"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / SPLIT).write_text("")
    with pytest.raises(FileExistsError, match="is a file"):
        write_submission(tmp_path, "other", SPLIT, IDS, LISTS)


def test_nothing_remains_of_a_failure(tmp_path, monkeypatch):
    def full(self, *arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_submission(tmp_path, "mine", SPLIT, IDS, LISTS)
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"method": "../mine"}, ValueError, "method must be the name of a folder"),
        ({"method": ""}, ValueError, "method must be the name of a folder"),
        ({"method": 1}, TypeError, "method must be a name"),
        ({"split_name": "test"}, ValueError, "'test_normal' or 'test_perturbed'"),
        ({"ids": ["a", "b"]}, ValueError, "numbers of at most six digits"),
        ({"ids": ["1234567"]}, ValueError, "numbers of at most six digits"),
        ({"ids": ["1", "000001"]}, ValueError, "padded to six digits"),
        ({"lists": {"000001": ["000001"]}}, ValueError, "got none for '000002'"),
        ({"lists": {**LISTS, "000002": []}}, ValueError, "NaN for an empty list"),
        ({"lists": {**LISTS, "000003": ["000001"]}}, ValueError, "got '000003'"),
        ({"lists": {**LISTS, "000002": ["9"]}}, ValueError, "of the split, got '9'"),
        ({"lists": {**LISTS, "000002": [2]}}, TypeError, "which are texts, got 2"),
        ({"distances": {"000001": [0.0]}}, ValueError, "of '000001', 2, got 1"),
        ({"overwrite": 1}, TypeError, "overwrite must be True or False"),
        ({"folder": 1}, TypeError, "folder must be a path"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, changed, error, message):
    right = {"method": "mine", "split_name": SPLIT, "ids": IDS, "lists": LISTS}
    with pytest.raises(error, match=message):
        write_submission(**{"folder": tmp_path, **right, **changed})
    assert not list(tmp_path.iterdir())


def test_what_others_wrote_is_read(tmp_path):
    # Windows' line ends, no last one, empty lines, numbers without zeros, hidden files.
    (tmp_path / "7").write_bytes(b"7 0.5\r\n\r\n000012 1e3")
    (tmp_path / "000012").write_text("")
    (tmp_path / ".DS_Store").write_bytes(b"\xff")
    found = read_submission(tmp_path)
    assert dict(found) == {"000007": ("000007", "000012"), "000012": ()}
    assert found.distances == {"000007": (0.5, 1000.0), "000012": ()}
    (tmp_path / "13").write_text("13 0.5\n7\n")
    assert read_submission(tmp_path).distances is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("000001", b"chair\n", "000001 must have an id .* got 'chair'"),
        ("000001", b"000001 near\n", "got '000001 near'"),
        ("000001", b"000001 1 2\n", "got '000001 1 2'"),
        ("000001", b"\xff\xfe", "000001 cannot be read as a ranked list"),
        ("list.txt", b"000001\n", r"got 'list\.txt'"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_submission(tmp_path)


def test_folders_without_lists_are_refused(tmp_path):
    with pytest.raises(DataFileError, match="has no ranked lists"):
        read_submission(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_submission(tmp_path / "nothing")
    (tmp_path / "1").write_text("")
    with pytest.raises(DataFileError, match="is not a folder of lists"):
        read_submission(tmp_path / "1")
    (tmp_path / "01").write_text("")
    with pytest.raises(DataFileError, match="two lists of 000001"):
        read_submission(tmp_path)
    (tmp_path / "1").unlink()
    (tmp_path / SPLIT).mkdir()
    with pytest.raises(DataFileError, match=f"got '{SPLIT}'"):
        read_submission(tmp_path)


def test_tables_have_the_format_of_the_evaluator(tmp_path):
    labels = ["02691156", "02691156", "04379243"]
    scores = retrieval_scores(RankedLists(LISTS), IDS, labels, cut=2)
    options = {"method": "mine", "split_name": SPLIT}
    write_summary(tmp_path / "mine.summary.csv", scores, **options)
    write_precision_recall(tmp_path / "mine.pr.csv", scores, **options)
    # Of the queries 1, 2, 40: P 1/2, 1, 0; R 1/2, 1/2, 0; F1 1/2, 2/3, 0; AP 1/2, 1/2,
    # 0. Of 1 and 2 only the first item is relevant: DCG 3 of 3 + 3.
    assert (tmp_path / "mine.summary.csv").read_text().splitlines() == [
        "class,P@N,R@N,F1@N,mAP,NDCG,dataset,method",
        "microALL,0.50000000,0.33333333,0.38888889,0.33333333,0.33333333,"
        "test_perturbed,mine",
        "02691156,0.75000000,0.50000000,0.58333333,0.50000000,0.50000000,"
        "test_perturbed,mine",
        "04379243,0.00000000,0.00000000,0.00000000,0.00000000,0.00000000,"
        "test_perturbed,mine",
        "macroALL,0.37500000,0.25000000,0.29166667,0.25000000,0.25000000,"
        "test_perturbed,mine",
    ]
    assert (tmp_path / "mine.pr.csv").read_text().splitlines() == [
        "class,P,R,dataset,method",
        "microALL,0.66666667,0.33333333,test_perturbed,mine",
        "microALL,0.50000000,0.33333333,test_perturbed,mine",
        "macroALL,0.50000000,0.25000000,test_perturbed,mine",
        "macroALL,0.37500000,0.25000000,test_perturbed,mine",
    ]


@pytest.mark.parametrize("write", [write_summary, write_precision_recall])
def test_tables_of_something_else_are_refused(tmp_path, write):
    options = {"method": "mine", "split_name": SPLIT}
    with pytest.raises(TypeError, match="scores must be a RetrievalScores"):
        write(tmp_path / "mine.csv", 0.5, **options)
    scores = retrieval_scores(LISTS, IDS, [0, 0, 1])
    with pytest.raises(ValueError, match="split_name must be"):
        write(tmp_path / "mine.csv", scores, **{**options, "split_name": "all"})
    with pytest.raises(ValueError, match="method must be the name"):
        write(tmp_path / "mine.csv", scores, **{**options, "method": "a/b"})
    assert not list(tmp_path.iterdir())
