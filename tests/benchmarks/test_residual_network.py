"""The study of the residual network: its peers, its tables, its options."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from benchmarks.kernels.peers import Rows
from benchmarks.studies.residual_network import __main__ as study
from benchmarks.studies.residual_network.contestants import (
    CASES,
    CooConv,
    ProductsOnly,
    footprint,
    network_of,
    pyramid_of,
)
from deepsphere_pyg import ChebConv, EdgeOperator, laplacian_operator
from samplings import HEALPix
from tests.helpers import random

TINY = {name: replace(case, base=2, blocks=1) for name, case in CASES.items()}


@pytest.fixture
def conv():
    torch.manual_seed(0)
    return ChebConv(3, 4, K=5).double()


def test_coo_layers_convolve_as_ours_do(conv):
    operator = laplacian_operator(HEALPix(4), k=20).double()
    torch.set_default_dtype(torch.float64)
    theirs = CooConv(conv, Rows(operator.to_scipy(), "coo"))
    x, g = random(2, 192, 3).requires_grad_(), random(2, 192, 4)
    for a, b in zip(*(grads(c, x, operator, g) for c in (theirs, conv)), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def grads(layer, x, operator, g):
    y = layer(x, operator)
    return y, *torch.autograd.grad(y, [x, layer.weight, layer.bias], g)


def test_products_alone_are_those_of_a_graph_without_edges(conv):
    # T_k(1) = 1: every term is the signal.
    identity = EdgeOperator(sp.eye_array(192, format="csr")).double()
    x, g = random(2, 192, 3).requires_grad_(), random(2, 192, 4)
    pairs = (grads(c, x, identity, g) for c in (ProductsOnly(conv), conv))
    for a, b in zip(*pairs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_networks_differ_in_their_convolutions_alone(name):
    case = TINY[name]
    sky = footprint(32, 0.1, case.levels)
    assert len(sky) % 4**5 == 0
    pyramid = pyramid_of(sky, case, 20)
    assert pyramid.first_graph == case.poolings
    ours, coo = (network_of(one, case, pyramid, 2).eval() for one in ("ours", "coo"))
    layers = [layer for layer in coo.modules() if isinstance(layer, CooConv)]
    assert len(layers) == case.convolutions + 2 * case.blocks
    assert not any(isinstance(layer, ChebConv) for layer in coo.modules())
    x = torch.randn(2, len(sky), 2)
    torch.testing.assert_close(coo(x), ours(x), rtol=0, atol=1e-4)


@pytest.mark.slow
def test_every_contestant_is_measured(tmp_path, capsys):
    words = "--nside 32 --k 8 --batch 1 --rounds 1 --steps 1 --threads 1 --cases"
    assert study.main([*words.split(), "published", "--out", str(tmp_path)]) == 0
    with (tmp_path / study.STEPS).open() as file:
        rows = {row["contestant"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["ours", "coo", "products", "ours_bf16"]
    for row in rows.values():
        assert float(row["median_s"]) > 0 and float(row["step_mib"]) > 0
        assert float(row["total_mib"]) > float(row["step_mib"])
    assert float(rows["ours"]["slower"]) == 1
    assert 0 < float(rows["coo"]["difference"]) < study.ROUND_OFF
    # Unless an input of a ReLU is within round-off of zero, as round-off too.
    assert 0 < float(rows["coo"]["gradient_difference"]) < 0.05
    with (tmp_path / study.BUILDING).open() as file:
        built = list(csv.DictReader(file))
    assert [row["contestant"] for row in built] == ["ours", "coo", "coo, pygsp"]
    ratio = float(built[1]["median_s"]) / float(built[0]["median_s"])
    assert float(built[1]["slower"]) == pytest.approx(ratio, rel=1e-3)
    facts = json.loads((tmp_path / "machine.json").read_text())
    assert facts["nside"] == 32 and facts["torch"] == torch.__version__
    assert "| published | 1 | coo |" in capsys.readouterr().out


def test_differences_beyond_round_off_are_errors(tmp_path, monkeypatch, capsys):
    def measured(stage, contestant, *others):
        answer = [1.0 + 1e-3 * (contestant == "coo")]
        counts = {"vertices": 1, "parameters": 1, "answer": answer, "gradient": [1.0]}
        return {
            "steps": {**counts, "wall": [1.0], "processor": [1.0]},
            "memory": {"step_mib": 1.0, "total_mib": 2.0},
            "building": {"seconds": 1.0, "processor": 1.0},
        }[stage]

    monkeypatch.setattr(study, "measured", measured)
    assert study.main(["--out", str(tmp_path)]) == 1
    assert (
        "contestants differ by 1.0e-03, more than round-off" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--nside 48", "--nside must be a power of two of at least 32, got 48"),
        ("--fraction 0", "--fraction must be above 0, at most 1, got 0.0"),
        ("--batch 1 0", "--batch must be at least 1, got 0"),
        ("--help", "python -m benchmarks.studies.residual_network"),
    ],
)
def test_options_are_checked(words, message, capsys):
    with pytest.raises(SystemExit):
        study.main(words.split())
    told = capsys.readouterr()
    assert message in told.err + told.out


def test_differences_are_relative_to_the_largest_number():
    assert study.difference([1.0, 9.0], [1.0, 10.0]) == pytest.approx(0.1)
    assert np.isclose(study.difference([0.0, -4.0], [1.0, -4.0]), 0.25)
