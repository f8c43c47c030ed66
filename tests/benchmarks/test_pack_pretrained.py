"""A run is packed as a file that loads, with its scores and without its optimizer."""

import hashlib

import pytest
import torch

from benchmarks.studies import pack_pretrained
from deepsphere_pyg import load_model, read_header
from deepsphere_pyg.commands.command_line import main

pytestmark = pytest.mark.slow


def test_a_run_is_packed(tmp_path, capsys):
    run = tmp_path / "run"
    options = "--nside 8 --network small --n-train 2 --n-validation 1 --n-test 1"
    assert main(["segment", *options.split(), "--epochs", "1", "--out", str(run)]) == 0
    capsys.readouterr()
    pack_pretrained.main([str(run), "tiny", "--folder", str(tmp_path)])
    path = tmp_path / "tiny.pt"
    assert hashlib.sha256(path.read_bytes()).hexdigest() in capsys.readouterr().out
    state = load_model(path).state_dict()
    for name, weight in load_model(run / "best.ckpt").state_dict().items():
        assert torch.equal(state[name], weight)
    notes = read_header(path)["notes"]
    assert {"mean_average_precision", "data"} <= set(notes["scores"])
    assert path.stat().st_size < 0.5 * (run / "best.ckpt").stat().st_size
