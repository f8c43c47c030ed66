"""The benchmark of products of fragments: it runs, compares, and draws."""

import csv
import json

import numpy as np
import pytest

from benchmarks.measuring.files import write_csv
from benchmarks.measuring.memory import memory_is_measurable
from benchmarks.measuring.timing import slope
from benchmarks.pictures.redrawing import DRAWINGS, rows_of
from benchmarks.studies import tensor_product, tensor_product_scaling
from benchmarks.studies.tensor_product import CHANNELS, CPU, contestants, peak_of
from tests.round_off import round_off

pytestmark = [pytest.mark.oracle, pytest.mark.slow]
measurable = pytest.mark.skipif(
    not memory_is_measurable(CPU), reason="the peak of a process cannot be set back"
)


def test_peers_agree_and_are_timed(tmp_path, capsys):
    words = ["--bandlimits", "4", "--batch", "2", "--rounds", "2"]
    words += ["--no-memory", "--budget", "0.1"]
    assert tensor_product.main([*words, "--out", str(tmp_path)]) == 0
    with (tmp_path / "tensor_product.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["full"] * 2 + ["mst"] * 2 + ["rmst"] * 2
    for row in rows:
        assert float(row["error"]) < round_off("float32", 8**2)
        assert float(row["forward_ms"]) > 0 and float(row["both_ms"]) > 0
        if row["peer"] == "e3nn":
            assert float(row["forward_ratio"]) == float(row["both_ratio"]) == 1
    assert json.loads((tmp_path / "machine.json").read_text())["channels"] == 16
    assert "error" in capsys.readouterr().out


@measurable
@pytest.mark.parametrize("peer", ["ours", "e3nn"])
def test_memory_is_what_a_run_needs(peer):
    _, (one,), _ = contestants(4, "full", 64, (peer,))
    # The result of forward and its gradient, at least.
    assert peak_of(one) >= 2 * 76 * 64 * 16 * 4 / 2**20


@measurable
def test_memory_holds_the_result():
    rows = tensor_product_scaling.times(12, "full", budget=0.1)["rows_out"]
    least = rows * tensor_product_scaling.SIGNALS * CHANNELS * 4 / 2**20
    found = tensor_product_scaling.peak(12, "full")["peak_mb"]
    assert least <= found <= 10 * least


def test_cost_is_measured_counted_and_drawn(tmp_path):
    scaling = tensor_product_scaling
    where = {"threads": 1, "machine": "a machine"}
    rows = [
        {**scaling.counted(L, kind), **scaling.times(L, kind, budget=0.1), **where}
        for kind in ("full", "mst")
        for L in (4, 6, 8)
    ]
    assert rows[0]["multiply_adds"] == 325 and rows[0]["rows_out"] == 76
    assert 4 < slope(rows[1:3], "L", "multiply_adds") < 5
    figure = scaling.figure(rows)
    assert figure.get_suptitle().endswith("; 1 thread\na machine")
    work, pairs = figure.axes[0], [row for row in rows if row["kind"] == "full"]
    (line,) = (one for one in work.lines if one.get_label().startswith("all pairs"))
    assert list(line.get_ydata()) == [row["multiply_adds"] for row in pairs]
    # No memory was measured.
    assert not figure.axes[2].lines
    # Numbers that were kept in a file draw the same.
    path = tmp_path / "tensor_product_cost.csv"
    write_csv(path, scaling.COLUMNS, rows)
    again = DRAWINGS[path.name](rows_of(path), "")["tensor_product_cost"]
    for axes, other in zip(figure.axes, again.axes, strict=True):
        for one, two in zip(axes.lines, other.lines, strict=True):
            np.testing.assert_allclose(one.get_ydata(), two.get_ydata(), rtol=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--threads", "0"], "--threads must be at least 1, got 0"),
        (["--batch", "0"], "--batch must be at least 1, got 0"),
        (["--rounds", "0"], "--rounds must be at least 1, got 0"),
        (["--bandlimits", "1"], "--bandlimits must be at least 2, got 1"),
    ],
)
def test_options_are_checked(words, message, capsys):
    with pytest.raises(SystemExit):
        tensor_product.arguments(words)
    assert message in capsys.readouterr().err
