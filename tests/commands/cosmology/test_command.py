"""``deepsphere-pyg cosmology``: the whole command on a few small maps."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from deepsphere_pyg.commands.command_line import main, options_from
from deepsphere_pyg.commands.cosmology import classifying, command
from deepsphere_pyg.commands.cosmology.classifying import CLASSES
from deepsphere_pyg.commands.cosmology.data import Data
from deepsphere_pyg.commands.cosmology.methods import method_named
from deepsphere_pyg.commands.cosmology.options import TABLES
from deepsphere_pyg.commands.cosmology.patches import EQUAL_BELOW, spectra_of
from deepsphere_pyg.commands.cosmology.report import (
    classifier_errors,
    equivariance_errors,
    table,
)
from deepsphere_pyg.commands.cosmology.task import NoisyMapsTask
from deepsphere_pyg.commands.results import Results
from deepsphere_pyg.datasets import cosmology_spectra
from deepsphere_pyg.models import load_model
from deepsphere_pyg.plot.classifiers import ClassifierErrors
from samplings import HEALPix, knn_graph

pytestmark = pytest.mark.usefixtures("coarse_pictures")
SMALL = (
    "--nside 64 --n-maps 2 --n-validation 2 --n-test 2 --epochs 1 --threads 1 "
    "--device cpu --noise 1"
).split()


def run(out, *options):
    return main(["cosmology", "--out", str(out), *SMALL, *options])


def rows_of(folder):
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_is_filled_and_continued(tmp_path, capsys, monkeypatch):
    methods = ("--methods", "planar-cnn", "histogram")
    assert run(tmp_path, *methods) == 0
    text = capsys.readouterr().out
    assert "| planar-cnn | 55,066 |" in text
    assert (tmp_path / "errors.png").exists()
    assert (tmp_path / "planar-cnn-noise1-seed0" / "best.ckpt").exists()
    before = rows_of(tmp_path)
    assert [row["method"] for row in before] == ["planar-cnn", "histogram"]
    assert all(0 <= float(row["error"]) <= 100 for row in before)
    facts = json.loads((tmp_path / "metrics.json").read_text())
    assert facts["results"] == before

    assert run(tmp_path, *methods) == 2
    assert "pass --resume to continue the table" in capsys.readouterr().err
    assert run(tmp_path, *methods, "--resume", "--kappa0", "0.02", "0.01") == 2
    assert "--kappa0 of the results" in capsys.readouterr().err

    fits = []
    monkeypatch.setattr(classifying, "classify", lambda *args: fits.append(args))
    # An interrupt of the new row leaves the others.
    more = ("--methods", "planar-cnn", "histogram", "spectrum", "--resume")
    assert run(tmp_path, *more) == 130
    assert [method.name for _, method, *_ in fits] == ["spectrum"]
    assert rows_of(tmp_path) == before


def test_warm_starts_take_the_weights_of_the_noise_before(tmp_path):
    # So small a rate leaves the weights as they are.
    options = ("--methods", "planar-cnn", "--noise", "1", "2", "--lr", "1e-12")
    assert run(tmp_path, *options, "--warm-start") == 0
    first, second = (
        load_model(tmp_path / f"planar-cnn-noise{level}-seed0" / "best.ckpt")
        for level in (1, 2)
    )
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_all_tables_run_small(table, tmp_path, capsys):
    assert run(tmp_path, "--table", table, "--order", "1") == 0
    names = [row["method"] for row in rows_of(tmp_path)]
    assert names == list(TABLES[table]["methods"])
    assert (tmp_path / "cosmology_graphs.csv").exists() == (table == "graphs")
    assert ("least there can be" in capsys.readouterr().out) == (table == "spectra")


@pytest.mark.slow
def test_published_maps_are_classified(tmp_path, capsys):
    random = np.random.default_rng(0)
    for split, count in (("training", 20), ("testing", 10)):
        (tmp_path / split).mkdir()
        for name in (
            f"map_{c}_{i}.npy" for i in range(count) for c in ("0p26", "0p31")
        ):
            values = random.normal(0, 0.01, 12 * 64**2)
            np.save(tmp_path / split / name, values.astype(np.float32))
    options = ("--data", "published", "--root", str(tmp_path), "--methods", "histogram")
    assert run(tmp_path / "out", *options) == 0
    assert [row["method"] for row in rows_of(tmp_path / "out")] == ["histogram"]
    assert run(tmp_path / "all", *options, "--n-validation", "39") == 2
    assert "must leave maps of both classes" in capsys.readouterr().err


def test_the_same_noise_is_drawn_in_a_resumed_training():
    class Sum(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))
            self.seen = []

        def forward(self, x):
            self.seen.append(x)
            return self.weight * x.sum((1, 2))[:, None].expand(-1, 2)

    task = NoisyMapsTask(Sum(), CLASSES, sigma=0.5)
    batch = type("Batch", (), {"x": torch.zeros(2, 1000, 1)})()
    for training in (True, True, False):
        task.train(training)
        task.outputs(batch)
    first, again, held = task.network.seen
    assert torch.equal(first, again)
    # The standard deviation of 2000 draws, to five of its own.
    assert first.std() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(4000))
    assert not held.any()
    assert task.config["sigma"] == 0.5


def test_held_maps_have_the_same_noise_each_time():
    options = options_from("cosmology", [*SMALL, "--data", "gaussian"])
    data = Data(options.resolved)
    held = data.held("test", 1.0)
    assert np.array_equal(held, data.held("test", 1.0))
    noise = held - data.test.x
    assert noise.std() == pytest.approx(data.spread, rel=0.01)
    assert not np.allclose(noise, data.held("validation", 1.0) - data.validation.x)
    assert not np.allclose(data.test.x, data.validation.x)


def test_pooling_is_in_the_name_of_a_network():
    patch = HEALPix(64, nest=True)[np.arange(64 * 64)]
    kinds = [method_named(f"fcn-heat-8{end}").network(patch) for end in ("", "-mean")]
    assert [one.config["pooling"] for one in kinds] == ["max", "mean"]
    with pytest.raises(ValueError, match="-mean after it for mean pooling"):
        method_named("fcn-heat-8-max")


def test_earlier_weights_have_the_mean_squared_distance():
    patch = HEALPix(64, nest=True)[np.arange(64 * 64)]
    graph = method_named("fcn-earlier-8").pyramid(patch).graphs[0]
    whole = knn_graph(HEALPix(64, nest=True), 8, "heat")
    row, column = whole.adjacency.nonzero()
    squared = ((whole.sampling.xyz[row] - whole.sampling.xyz[column]) ** 2).sum(1)
    # Links that one end alone has count twice here.
    assert 2 * graph.t == pytest.approx(squared.mean(), rel=0.01)


def test_the_ratio_of_published_spectra_is_their_trend(tmp_path):
    """Chance differences of single degrees do not tell the classes apart."""
    path = tmp_path / "spectrum_cosmo.npz"
    degrees = np.arange(800)
    trend = np.exp(np.where(degrees < EQUAL_BELOW, 0, 3e-4 * (degrees - EQUAL_BELOW)))
    mean = 1 / (degrees + 10.0) ** 2
    chance = np.random.default_rng(0).normal(size=(2, 800)) / np.sqrt(40 * degrees + 20)
    first, second = mean * (1 + chance) * np.stack([np.ones(800), trend])
    np.savez(path, psd_class1=[first], psd_class2=[second])
    found, own = spectra_of(path, 64), cosmology_spectra(path)
    assert not found[:, :2].any()
    assert np.array_equal(found[0, 2:EQUAL_BELOW], found[1, 2:EQUAL_BELOW])
    high = slice(EQUAL_BELOW, 192)
    np.testing.assert_allclose(found[1, high] / found[0, high], trend[high], rtol=0.01)
    np.testing.assert_allclose(
        np.sqrt(found[0] * found[1])[2:], own.mean(0)[2:192], rtol=1e-3
    )
    with pytest.raises(ValueError, match="lower --nside"):
        spectra_of(path, 512)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--methods fcn-fitted", "no classifier 'fcn-fitted'; write fcn-fitted-8"),
        ("--nside 32", "patches of at least 64 by 64 pixels"),
        ("--order 3", "order must be a power of two"),
        ("--kappa0 0.1", "two numbers, one for each class"),
        ("--kappa0 0.02 -1", "kappa0"),
        ("--noise -1", "at least 0"),
        ("--noise 1 1", "distinct values"),
        ("--n-test 1", "at least 2, one map of each class"),
        ("--data published", "--root is required"),
        ("--root x", "--root is of --data published"),
    ],
)
def test_bad_options_are_refused(options, message, tmp_path, capsys):
    assert run(tmp_path / "out", *options.split()) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out" / "results.csv").exists()


def test_graphs_are_told_with_their_equivariance_errors(tmp_path):
    given = [*SMALL, "--table", "graphs", "--data", "gaussian", "--methods"]
    names = ["fcn-heat-8", "fcn-heat-20", "planar-cnn", "fcn-fitted-8"]
    options = options_from("cosmology", [*given, *names])
    results = Results(tmp_path, command.KEYS, command.VALUES)
    for name in names[:3]:
        row = {"method": name, "noise": 1.0, "seed": 0, "error": 9.0, "parameters": 5}
        results.add(row)
    found = equivariance_errors(options.resolved, results)
    # Those without a result are left out, as are networks without a graph.
    assert list(found) == names[:2]
    assert found["fcn-heat-20"] < 0.5 * found["fcn-heat-8"]
    text = table(options.resolved, results, {}, found)
    lines = [line.split(" | ") for line in text.splitlines()]
    column = lines[0].index("equivariance error")
    shown = [f"{error:.4f}" for error in found.values()]
    assert [line[column] for line in lines[2:]] == [*shown, ""]
    assert not equivariance_errors(replace(options, table="shapes").resolved, results)


def test_pictures_of_graphs_show_means_and_spreads_over_seeds(tmp_path):
    given = [*SMALL, "--table", "graphs", "--methods", "fcn-heat-8-mean", "planar-cnn"]
    options = options_from("cosmology", given).resolved
    results = Results(tmp_path, command.KEYS, command.VALUES)
    for seed, error in enumerate((10.0, 14.0)):
        row = {"method": "fcn-heat-8-mean", "noise": 1.0, "seed": seed, "error": error}
        results.add(row)
    results.add({"method": "planar-cnn", "noise": 1.0, "seed": 0, "error": 50.0})
    graph, flat = classifier_errors(options, results, {"fcn-heat-8-mean": 0.05})
    assert graph == ClassifierErrors(
        "heat weights, mean pooling", 8, 0.05, 12.0, pytest.approx(8**0.5)
    )
    assert (flat.name, flat.k, flat.mean) == ("flat 2-D, dense head", 0, 50.0)
    assert np.isnan([flat.equivariance, flat.spread]).all()


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("fcn-fitted-20", "fitted weights"),
        ("cnn-earlier-8", "weights of 2019, dense head"),
        ("planar-fcn", "flat 2-D"),
        ("planar-fcn-big", "flat 2-D, wide"),
        ("histogram", "histogram of pixels"),
    ],
)
def test_methods_have_names_for_readers(name, title):
    assert method_named(name).title == title
