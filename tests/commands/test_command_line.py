"""The command itself: help at once, its version, and mistyped options."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import deepsphere_pyg
from deepsphere_pyg.commands.command_line import COMMANDS, main


def test_help_and_version_load_no_pytorch():
    script = (
        "import sys\n"
        "from deepsphere_pyg.commands.command_line import main\n"
        "for option in ('--help', '--version'):\n"
        "    try:\n"
        "        main([option])\n"
        "    except SystemExit as end:\n"
        "        assert end.code == 0\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'numpy' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert all(command in done.stdout for command in COMMANDS)
    assert f"deepsphere-pyg {version('deepsphere-pyg')}" in done.stdout
    assert deepsphere_pyg.__version__ == version("deepsphere-pyg")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: deepsphere-pyg {command}" in text
    assert "--out" in text


def test_a_mistyped_option_shows_the_line_of_the_one_meant(capsys):
    with pytest.raises(SystemExit) as end:
        main(["segment", "--nsides", "4"])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert "unrecognized option --nsides; did you mean --nside?" in error
    assert "--nside N HEALPix resolution" in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["segnet"], "invalid choice: 'segnet' (choose from 'segment'"),
        (["segment", "maps"], "unrecognized argument maps"),
        (["segment", "--zzz"], "unrecognized argument --zzz"),
        (["segment", "--epochs", "x"], "argument --epochs: invalid integer value: 'x'"),
    ],
)
def test_other_mistakes_are_one_line(arguments, words, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert "--help" in error
