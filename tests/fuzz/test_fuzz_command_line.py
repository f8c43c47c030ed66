"""Commands with one option that is odd: they run, or say in a line what is wrong."""

import argparse
import functools
import os

import pytest
import torch

from deepsphere_pyg.commands import command_line
from deepsphere_pyg.commands.command_line import main, parser_of

# Each command with options that are right, but for files that do not exist: so that
# every option is read and checked, and nothing is trained.
COMMANDS = {
    "segment": "--data netcdf --fields nowhere.nc --inputs t --targets zone "
    "--nside 2 --out out",
    "segment --root": "--data climatenet --root nowhere --nside 2 --out out",
    "segment --checkpoint": "--checkpoint nowhere.ckpt --out out",
    "segment --points": "--points nowhere.csv --n-train 2 --n-validation 1 "
    "--n-test 1 --out out",
    "equivariance": "--nside 1 --k 3 --degrees 1 --samples 2 --weighting heat "
    "--protocol rotation-free --out out",
    "equivariance --points": "--points nowhere.csv --out out",
    "regress": "--fields nowhere.nc --targets t --nside 2 --out out",
    "classify": "--fields nowhere.nc --targets t --nside 2 --out out",
    "forecast": "--fields nowhere.nc --inputs t --nside 2 --out out",
    "predict": "--checkpoint nowhere.ckpt --fields nowhere.nc --out out.nc",
    "qm7": "--root nowhere --out out",
    "qm7 --checkpoint": "--checkpoint nowhere --molecules nowhere.xyz --out out",
    "digits": "--root nowhere --out out",
}
ODD = ["", "-1", "1.5", "nan", "x", "9" * 25]
MORE = ["0", "inf", "1e400", "ü", "a=b", "="]


def options_of(command):
    """Options of a command that take a value and are not one of a list."""
    parser, _ = parser_of(command, brief=True)
    return [
        action.option_strings[-1]
        for action in parser._actions
        if isinstance(action, argparse._StoreAction)
        and not action.choices
        and not action.dest.startswith(("trainer", "model"))
    ]


# Measuring is quick to start, so that most of its odd options run and draw. Others have
# the options of a run that is checked by default.
SAME = ("classify", "forecast", *(name for name in COMMANDS if " " in name))
LONG = ("equivariance", *SAME)
CASES = [
    pytest.param(command, option, marks=[pytest.mark.slow] * (command in LONG))
    for command in COMMANDS
    for option in options_of(command.split()[0])
]


cached_parser_of = functools.cache(parser_of)


@pytest.fixture(autouse=True)
def threads_and_folder(tmp_path, monkeypatch):
    """Run in an empty folder, and keep PyTorch's number of threads."""
    monkeypatch.chdir(tmp_path)
    # No configuration is read here, so that a parser can be used again.
    monkeypatch.setattr(command_line, "parser_of", cached_parser_of)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "values", [ODD, pytest.param(MORE, marks=pytest.mark.slow)], ids=["odd", "more"]
)
@pytest.mark.parametrize(("command", "option"), CASES)
def test_an_odd_option_is_used_or_refused_in_a_line(command, option, values, capsys):
    faults = []
    for odd in values:
        right = COMMANDS[command].split()
        if option in right:
            place = right.index(option)
            del right[place : place + 2]
        try:
            status = main([command.split()[0], *right, f"{option}={odd}"])
        except SystemExit as end:
            status = end.code
        except Exception as error:
            faults.append(f"{option}={odd!r}: {type(error).__name__}: {error}")
            continue
        told = capsys.readouterr().err
        if status not in (0, 2) or (status == 2 and "error: " not in told):
            faults.append(f"{option}={odd!r}: status {status}, {told!r}")
        # What argparse says of a converter that it does not know.
        if "invalid _" in told or "invalid <" in told:
            faults.append(f"{option}={odd!r}: {told.splitlines()[-1]}")
    assert not faults, "\n".join(faults)
    assert not [name for name in os.listdir() if name.startswith(".")]
