"""The command itself: help at once, its version, and mistyped options."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import deepsphere_pyg
from deepsphere_pyg.commands.command_line import (
    COMMANDS,
    main,
    options_from,
    parser_of,
)
from deepsphere_pyg.commands.options.sampling import (
    SCHEMES,
    SamplingOptions,
    SamplingsOptions,
)

# Answers without work, each with the status that it ends with and words of it.
ANSWERS = {
    "--help": (0, "usage"),
    "--zzz": (2, "unrecognized argument --zzz"),
    "--oot x": (2, "--o"),
    "--out": (2, "argument --out: expected one argument"),
}
# What takes seconds to load, and modules of commands, which load it.
SLOW = ["torch", "pytorch_lightning", "torch_geometric", "torchmetrics", "jax"]
SLOW += ["matplotlib", "healpy", "astropy", "xarray", "pandas", "scipy.stats"]


def run_alone(*, absent, cases):
    """Run commands in one fresh process, and return what it printed.

    It fails if a case ends otherwise, or if one of some modules is loaded by then.
    """
    script = (
        "import sys\n"
        "from deepsphere_pyg.commands.command_line import main\n"
        f"for status, given in {[(s, a) for s, a in cases]!r}:\n"
        "    try:\n"
        "        ended = main(given)\n"
        "    except SystemExit as end:\n"
        "        ended = end.code\n"
        "    assert ended == status, (given, ended)\n"
        f"loaded = [name for name in {list(absent)!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_help_and_version_load_no_numpy():
    cases = [(0, ["--help"]), (0, ["--version"])]
    text = run_alone(absent=["torch", "numpy"], cases=cases)
    assert all(command in text for command in COMMANDS)
    assert f"deepsphere-pyg {version('deepsphere-pyg')}" in text
    assert deepsphere_pyg.__version__ == version("deepsphere-pyg")


def test_help_and_mistakes_of_commands_load_no_slow_libraries():
    cases = [
        (status, [command, *option.split()])
        for command in COMMANDS
        for option, (status, _) in ANSWERS.items()
    ]
    cases += [
        (2, ["regress", "--epochs", "0"]),
        (2, ["segment", "--sampling", "healpx"]),
        (2, ["segment", "--device", "tpu"]),
        (2, ["segment", "--precision", "16"]),
        (2, ["forecast", "--regions", "mars"]),
        (2, ["shapes", "--recipe", "mine"]),
        (2, ["generate", "--days", "-1"]),
    ]
    text = run_alone(absent=SLOW, cases=cases)
    for _, words in ANSWERS.values():
        assert text.count(words) >= len(COMMANDS)
    assert "did you mean --trainer.precision?" in text


def test_commands_that_train_nothing_load_no_lightning():
    absent = ["pytorch_lightning", "torchmetrics", "torch_geometric", "xarray"]
    script = (
        "import sys\n"
        "import deepsphere_pyg.commands.equivariance.command\n"
        "import deepsphere_pyg.commands.generate.command\n"
        f"print([name for name in {absent} if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_command_loads_the_options_of_no_other():
    others = [name for name in COMMANDS if name not in ("segment", "equivariance")]
    absent = [f"deepsphere_pyg.commands.{name}.options" for name in others]
    assert absent
    for command in ("segment", "equivariance"):
        run_alone(absent=absent, cases=[(0, [command, "--help"])])


@pytest.mark.parametrize("command", COMMANDS)
def test_brief_parsers_tell_of_the_options_of_libraries(command):
    whole, brief = (parser_of(command, brief=one)[0] for one in (False, True))
    assert whole.format_help() == brief.format_help()
    known, listed = (
        {option for action in parser._actions for option in action.option_strings}
        for parser in (whole, brief)
    )
    assert known == listed | set(brief.unread)


def test_variables_give_options_of_libraries(monkeypatch):
    variable = "DEEPSPHERE_PYG_REGRESS_TRAINER__ACCUMULATE_GRAD_BATCHES"
    assert options_from("regress", []).trainer == {}
    monkeypatch.setenv(variable, "3")
    assert options_from("regress", []).trainer == {"accumulate_grad_batches": 3}


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


def test_files_variables_and_the_line_give_options_in_this_order(
    tmp_path, monkeypatch, capsys
):
    file = tmp_path / "run.yaml"
    file.write_text("epochs: 5\nfields: [a.nc]\nlearning_rate: 0.1\n")
    monkeypatch.setenv("DEEPSPHERE_PYG_REGRESS_EPOCHS", "4")
    monkeypatch.setenv("DEEPSPHERE_PYG_REGRESS_SEED", "9")
    given = ["--config", str(file), "--lr", "0.2", "--trainer.precision", "64-true"]
    options = options_from("regress", given)
    assert (options.epochs, options.seed, options.learning_rate) == (5, 9, 0.2)
    assert options.fields == ("a.nc",)
    assert dict(options.trainer) == {"precision": "64-true"}
    with pytest.raises(SystemExit) as end:
        main(["regress", *given, "--print_config"])
    assert end.value.code == 0
    again = tmp_path / "again.yaml"
    again.write_text(capsys.readouterr().out)
    assert options_from("regress", ["--config", str(again)]) == options


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("epoch: 5\n", "unknown option 'epoch'; did you mean 'epochs'?"),
        ("epochs: many\n", "--epochs"),
        ("epochs: [1\n", "config"),
        ("epochs: 0\n", "--epochs must be at least 1"),
    ],
)
def test_mistakes_in_files_are_told(tmp_path, content, words, capsys):
    file = tmp_path / "run.yaml"
    file.write_text(content)
    try:
        status = main(["regress", "--config", str(file)])
    except SystemExit as end:
        status = end.code
    error = capsys.readouterr().err
    assert status == 2 and words in error
    assert error.startswith("deepsphere-pyg regress: error: ")


def test_help_of_every_option_is_a_sentence():
    for command in COMMANDS:
        parser, _ = parser_of(command)
        assert all(action.help for action in parser._actions), command
        # The arguments of Lightning's trainer are in its own documentation; recipes, at
        # the end, have some.
        parser.epilog = None
        assert parser.format_help().count("--trainer.") <= 4


def test_schemes_of_the_help_are_those_there_are():
    text = SamplingOptions.__doc__ + SamplingsOptions.__doc__
    numbers = [f"{name}:{one.default}" for name, one in SCHEMES.items()]
    assert all(text.count(number) == 2 for number in numbers)


def test_an_option_that_stands_for_others_takes_no_value(capsys):
    with pytest.raises(SystemExit):
        options_from("segment", ["--demo=3"])
    assert "--demo takes no value, got '3'" in capsys.readouterr().err


def test_options_after_the_demo_override_it():
    options = options_from("segment", ["--demo", "--nside", "16"])
    assert (options.nside, options.network, options.epochs) == (16, "small", 16)
