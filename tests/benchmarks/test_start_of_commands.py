"""Commands begin their work before they load what only trainings and pictures need."""

from pathlib import Path

import pytest

from benchmarks.studies import start_of_commands
from benchmarks.studies.start_of_commands import (
    commands,
    imported,
    started,
    train_for,
    write_data,
)
from deepsphere_pyg.commands.command_line import COMMANDS

# Lightning and what it loads, and pictures: healpy loads Matplotlib by itself.
LATER = ["pytorch_lightning", "torchmetrics", "torch._dynamo", "torch_geometric"]
LATER += ["deepsphere_pyg.plot", "sklearn"]
# Those of which each is begun in the default run.
FEW = ("segment", "forecast", "equivariance")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


def test_each_command_is_in_the_table(tmp_path):
    names = {given.split()[0] for given in commands(tmp_path).values()}
    assert names == set(COMMANDS)


@pytest.mark.parametrize(
    "name",
    [
        one if one in FEW else pytest.param(one, marks=pytest.mark.slow)
        for one in commands(Path("data"))
    ],
)
def test_work_begins_before_lightning_is_loaded(name, data):
    train_for(name, data)
    start, report = started(commands(data)[name].split(), "-X", "importtime")
    # The report leaves out modules that are imported by a call, not what these import.
    loaded = [f"{module}." for module in imported(report)]
    assert "deepsphere_pyg.commands.options.training." in loaded
    later = tuple(f"{module}." for module in LATER)
    # Graphs alone need no network.
    later += ("torch.",) if name == "equivariance" else ()
    assert not [module for module in loaded if module.startswith(later)]
    assert 0 < start.user and start.line


@pytest.mark.slow
def test_the_table_has_a_row_for_each_command(capsys):
    start_of_commands.main(["--rounds", "1", "--only", "equivariance", "stations"])
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split("|")[1].strip() for row in rows] == ["equivariance", "stations"]
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) >= len(head.strip("|").split("|"))
        assert float(cells[1]) > 0 and float(cells[2]) > 0
        assert len(cells[3].split(", ")) == 3
