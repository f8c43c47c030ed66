"""``deepsphere-pyg shapes``: the whole command on a few small maps."""

import csv
import json
import shutil

import numpy as np
import pytest
import pytorch_lightning as pl

from deepsphere_pyg.commands.command_line import main, options_from
from deepsphere_pyg.commands.shapes import training
from deepsphere_pyg.commands.shapes.data import PARTS, Shapes
from deepsphere_pyg.commands.shapes.options import ShapesOptions
from deepsphere_pyg.datasets import SHREC17_SYNSETS, GeneratedShapes
from deepsphere_pyg.metrics import read_submission, retrieval_scores

pytestmark = pytest.mark.usefixtures("coarse_pictures")
SMALL = (
    "--nside 8 --translations 1 --test-copies 2 --epochs 1 --batch-size 8 --threads 1 "
    "--device cpu"
).split()
GENERATED = ("--n-shapes", "40", "--networks", "chebyshev", "spectrum")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Maps that the tests share."""
    return tmp_path_factory.mktemp("maps")


def run(out, cache, *options):
    return main(["shapes", "--out", str(out), "--cache", str(cache), *SMALL, *options])


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_obj(path, mesh):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x} {y} {z}" for x, y, z in mesh.vertices]
    lines += [f"f {a} {b} {c}" for a, b, c in mesh.faces + 1]
    path.write_text("\n".join(lines))


def test_generated_shapes_are_classified_and_retrieved(tmp_path, cache, capsys):
    assert run(tmp_path, cache, *GENERATED) == 0
    text = capsys.readouterr().out
    assert "| chebyshev | R/NR |" in text and "| spectrum | R/R |" in text
    rows = rows_of(tmp_path / "results.csv")
    assert [row["network"] for row in rows] == ["chebyshev", "spectrum"]
    folder = tmp_path / "chebyshev-R-fold0"
    for name in ("retrieved", "maps", "learning_curves", "confusion-R"):
        assert (folder / f"{name}.png").stat().st_size > 500
    answers = rows_of(folder / "answers-R.csv")
    right = np.mean([row["truth"] == row["predicted"] for row in answers])
    assert float(rows[0]["R:accuracy"]) == pytest.approx(100 * right, abs=1e-2)
    facts = json.loads((tmp_path / "metrics.json").read_text())
    assert facts["results"] == rows

    assert run(tmp_path, cache, *GENERATED) == 2
    assert "pass --resume to continue the table" in capsys.readouterr().err
    assert run(tmp_path, cache, *GENERATED, "--resume", "--shift", "0.2") == 2
    assert "--shift of the results" in capsys.readouterr().err
    # Only what is missing is trained; kept networks give the same scores again.
    few = ("--n-shapes", "40", "--networks", "chebyshev")
    assert run(tmp_path, cache, *few, "--resume") == 0
    assert "trained on" not in capsys.readouterr().out
    other = ("--n-shapes", "60", "--evaluate")
    assert run(tmp_path, cache, *other) == 2
    assert "--n-shapes of the results" in capsys.readouterr().err
    # The table has another row, whose lists are those of classes.
    assert run(tmp_path, cache, *few, "--evaluate", "--retrieve", "distance") == 2
    assert "--retrieve of the results" in capsys.readouterr().err
    assert run(tmp_path, cache, *few, "--evaluate") == 0
    again = rows_of(tmp_path / "results.csv")
    assert sorted(again, key=str) == sorted(rows, key=str)


SYNSETS = tuple(SHREC17_SYNSETS)[:4]
TESTED = [f"{i:06d}" for i in range(24, 32)]


def write_shrec17(root):
    """Write perturbed shapes of all splits, and normal ones to test with."""
    shapes, number = GeneratedShapes(40), 0
    for split, count in (("train", 16), ("val", 8), ("test", 8)):
        lines = ["id,synsetId,subSynsetId,modelId,split"]
        for i in range(count):
            one, label = f"{number:06d}", SYNSETS[i % 4]
            write_obj(root / f"{split}_perturbed" / f"{one}.obj", shapes.load(i % 4))
            if split == "test":
                write_obj(root / "test_normal" / f"{one}.obj", shapes.load(i % 4 + 20))
            lines.append(f"{one},{label},{label},m{i},{split}")
            number += 1
        (root / f"{split}.csv").write_text("\n".join(lines))
    return root


def test_shrec17_is_evaluated_and_its_submissions_written(tmp_path, cache, capsys):
    root = write_shrec17(tmp_path / "shrec17")
    # One file of the test set is empty, as some of the published ones are.
    (root / "test_perturbed" / "000031.obj").write_text("")
    given = ("--dataset", "shrec17", "--root", str(root))
    with pytest.warns(UserWarning, match="000031"):
        assert run(tmp_path / "out", cache, *given) == 0
    text = capsys.readouterr().out
    assert "| DeepSphere, HEALPix, published |  | 80.4 | 80.7 | 0.725 |" in text
    assert "| chebyshev | R/NR |" in text and "| chebyshev | R/R |" in text
    assert "tested on  NR and R" in text and "untested" not in text
    folder = tmp_path / "out" / "chebyshev-R-fold0"
    labels = [SYNSETS[i % 4] for i in range(8)]
    row = rows_of(tmp_path / "out" / "results.csv")[0]
    found = {}
    for test, split in (("R", "test_perturbed"), ("NR", "test_normal")):
        found[test] = lists = read_submission(folder / "deepsphere-chebyshev" / split)
        assert sorted(lists) == TESTED and all(lists[one] for one in TESTED)
        scores = retrieval_scores(lists, TESTED, labels, labels).micro
        expected = pytest.approx(scores.average_precision, abs=1e-4)
        assert float(row[f"{test}:mAP"]) == expected
        answers = rows_of(folder / f"answers-{test}.csv")
        assert [one["id"] for one in answers] == TESTED
        summary = rows_of(folder / f"deepsphere-chebyshev.{split}.summary.csv")
        assert summary[0]["class"] == "microALL" and summary[0]["dataset"] == split
        assert float(summary[0]["mAP"]) == expected
    assert found["R"] != found["NR"]
    # Without labels there are lists, and no scores; without its folder, no test.
    (root / "test.csv").unlink()
    shutil.rmtree(root / "test_normal")
    with pytest.warns(UserWarning, match="000031"):
        assert run(tmp_path / "out", cache, *given, "--evaluate") == 0
    text = capsys.readouterr().out
    assert "the classes of 8 of 8 shapes to test are not known" in text
    assert f"untested   NR: {root} has no folder test_normal or test\n" in text
    row = rows_of(tmp_path / "out" / "results.csv")[0]
    assert row["R:mAP"] == row["NR:mAP"] == ""


def test_shrec17_is_tested_with_what_is_there(tmp_path):
    root = write_shrec17(tmp_path)
    options = ShapesOptions(dataset="shrec17", root=root, train=("R",))
    assert Shapes(options).tests == ("NR", "R")
    shutil.rmtree(root / "test_perturbed")
    shapes = Shapes(options)
    # The perturbed meshes to train with do not need those to test with.
    assert list(shapes.sources(0, True, ("train", "validation"))) == list(PARTS[:2])
    assert shapes.tests == ("NR",)
    assert shapes.untested == {"R": f"{root} has no folder test_perturbed"}
    (root / "test_normal").rename(root / "test")
    assert Shapes(options).tests == ("NR",)
    shutil.rmtree(root / "test")
    with pytest.raises(FileNotFoundError, match=r"no folder test_perturbed; put the"):
        Shapes(options).tests  # noqa: B018
    # What is damaged is told before the training.
    write_shrec17(tmp_path)
    (root / "test.csv").write_text("nothing")
    with pytest.raises(ValueError, match=r"test\.csv"):
        Shapes(options).tests  # noqa: B018


def write_classes(root, names, count, shapes):
    """Write some shapes of some classes into folders."""
    for name in names:
        label = shapes.class_names.index(name)
        for i in range(count):
            write_obj(root / name / f"{i}.obj", shapes.load(label + 20 * i))


def test_a_folder_of_meshes_is_read(tmp_path, cache, capsys):
    root = tmp_path / "meshes"
    write_classes(root, ("egg", "vase", "tree"), 5, GeneratedShapes(100))
    # Neither is of the fold that is tested.
    broken = [root / "egg" / "0.obj", root / "tree" / "1.obj"]
    for path in broken:
        path.write_text("v 0 0 nan")
    given = ("--dataset", "folder", "--root", str(root), "--retrieve", "distance")
    with pytest.warns(UserWarning, match="2 of 15 shapes cannot be mapped") as told:
        assert run(tmp_path / "out", cache, *given) == 0
    assert len([one for one in told if "cannot be mapped" in str(one.message)]) == 1
    text = capsys.readouterr().out
    assert "3 classes" in text
    for part, total in (("train", 10), ("validation", 2)):
        assert f"left out   1 of {total} shapes of the part '{part}'" in text


def test_a_folder_keeps_its_own_parts(tmp_path, cache, capsys):
    shapes, root = GeneratedShapes(100), tmp_path / "meshes"
    for part, count in (("train", 4), ("test", 2)):
        write_classes(root / part, ("egg", "vase"), count, shapes)
    given = ("--dataset", "folder", "--root", str(root), "--networks", "spectrum")
    assert run(tmp_path / "out", cache, *given) == 0
    answers = rows_of(tmp_path / "out" / "spectrum-R-fold0" / "answers-R.csv")
    expected = [f"test/{name}/{i}" for name in ("egg", "vase") for i in range(2)]
    assert [one["id"] for one in answers] == expected
    assert run(tmp_path / "folds", cache, *given, "--folds", "0", "1") == 2
    assert "--folds must be distinct values of 0, got 0 1" in capsys.readouterr().err


def test_too_few_shapes_and_classes_are_told(tmp_path, cache, capsys):
    shapes = GeneratedShapes(240)
    given = ("--dataset", "folder", "--root", str(tmp_path / "meshes"))
    write_classes(tmp_path / "meshes", ("egg",), 12, shapes)
    assert run(tmp_path / "out", cache, *given) == 2
    assert "has one class, egg; pass shapes of two" in capsys.readouterr().err
    write_classes(tmp_path / "meshes", ("vase",), 1, shapes)
    (tmp_path / "meshes" / "egg" / "11.obj").unlink()
    assert run(tmp_path / "out", cache, *given) == 2
    assert "has 12 shapes: too few to test a fifth" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("paper", {"learning_rate": 5e-2, "epsilon": 0.1, "triplet": 1.0, "nside": 32}),
        ("published-row", {"rotations": 3, "translations": 3, "miss": 0.0}),
        ("s2cnn", {"one_copy": True, "networks": ("so3",), "milestones": (100, 200)}),
    ],
)
def test_recipes_stand_for_options_that_later_ones_override(recipe, expected):
    options = options_from("shapes", [f"--recipe={recipe}", "--epochs", "2"])
    assert {name: getattr(options, name) for name in expected} == expected
    assert options.epochs == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], 1.0),
        (["--recipe", "paper"], 0),
        (["--recipe", "published-row"], 0),
        (["--recipe", "s2cnn"], 0),
        (["--recipe", "paper", "--trainer.gradient_clip_val", "0.5"], 0.5),
    ],
)
def test_recipes_do_not_clip_gradients(given, expected, tmp_path, cache, monkeypatch):
    seen = []

    def train(*_, trainer, **__):
        seen.append(pl.Trainer(**trainer, logger=False).gradient_clip_val)

    monkeypatch.setattr(training, "train", train)
    # Maps as in other tests, whatever the recipe says.
    few = "--n-shapes 40 --networks chebyshev --triplet 0 --rotations 0 --miss 1"
    options = ["shapes", "--out", str(tmp_path), "--cache", str(cache)]
    # Without a network, the training has been interrupted.
    assert main([*options, *given, *SMALL, *few.split()]) == 130
    assert seen == [expected]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--nside", "12"], "--nside must be a power of 2 of at least 8, got 12"),
        (["--translations", "0"], "0 copies of each shape together"),
        (["--test-copies", "0"], "--test-copies must be at least 1"),
        (["--networks", "cnn"], "--networks must be distinct values of chebyshev"),
        (["--train", "R", "R"], "--train must be distinct values of NR, R"),
        (["--folds", "5"], "--folds must be distinct values of 0, 1, 2, 3, 4"),
        (["--triplet", "-1"], "--triplet must be at least 0"),
        (["--networks", "zonal", "--triplet", "1"], "--triplet is for chebyshev"),
        (["--root", "meshes"], "--root is not of --dataset generated"),
        (["--dataset", "lpsb"], "--root is required"),
        (["--dataset", "lpsb", "--root", "nowhere.npz"], "does not exist"),
        (["--dataset", "modelnet40", "--root", "nowhere"], "nowhere"),
        (["--evaluate"], "best.ckpt"),
    ],
)
def test_bad_options_are_told_before_any_work(given, message, tmp_path, capsys):
    assert run(tmp_path / "out", tmp_path, *given) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_recipe_is_told(capsys):
    with pytest.raises(SystemExit):
        options_from("shapes", ["--recipe", "mine"])
    assert "--recipe must be one of paper, published-row" in capsys.readouterr().err
