"""The command ``deepsphere-pyg``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

# Status that shells give a process that Ctrl-C ended. The same as in training_options,
# which loads PyTorch.
INTERRUPTED = 130


PACKAGE = "deepsphere-pyg"
#: Commands and their descriptions; each has a module ``command``.
COMMANDS = {
    "segment": "train a network to segment spherical maps, and write scores and "
    "pictures",
    "equivariance": "measure the equivariance error of graph Laplacians, or of layers",
    "qm7": "train a network to predict energies of molecules, on a published fold",
    "digits": "train a network to classify digits on the sphere, as they are or "
    "rotated, and test it on both",
}


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Show the defaults of options that have one, as the shell passes them."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False or action.default == []:
            return action.help
        if isinstance(action.default, list):
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        return super()._get_help_string(action)


def _format_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Format a warning on one line, without its place in the code."""
    return f"warning: {message}\n"


class _Parser(argparse.ArgumentParser):
    """Parser whose errors are one line, without the usage, which fills a screen."""

    def error(self, message: str) -> NoReturn:
        """Print the error and leave with status 2."""
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Parameters
    ----------
    only
        Command whose options are needed; by default those of all are added. Each loads
        PyTorch, which takes seconds.
    """
    parser = _Parser(
        prog="deepsphere-pyg",
        description="Neural networks on the sphere: segment maps, predict energies of "
        "molecules, classify digits, and measure the equivariance of graph Laplacians "
        "and layers.",
        epilog="deepsphere-pyg COMMAND --help lists the options of a command.",
    )
    parser.add_argument(
        "--version", action="version", version=f"deepsphere-pyg {version(PACKAGE)}"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            formatter_class=_HelpFormatter,
        )
        if only in (None, name):
            module = import_module(f"deepsphere_pyg.commands.{name}.command")
            module.add_arguments(command)
            command.set_defaults(run=module.run, parser=command)
    return parser


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse arguments; for a mistyped option, name the one that is meant.

    Raises
    ------
    ValueError
        If an option is unknown.
    """
    asked = next((a for a in arguments if not a.startswith("-")), "")
    args, unknown = build_parser(asked).parse_known_args(arguments)
    command: argparse.ArgumentParser = vars(args).pop("parser")
    if not unknown:
        return args
    wrong = unknown[0].partition("=")[0]
    known = {option: a for a in command._actions for option in a.option_strings}
    near = get_close_matches(wrong, known, 1)
    if not wrong.startswith("-") or not near:
        command.error(f"unrecognized argument {unknown[0]}")
    # As a line of the help.
    formatter = argparse.HelpFormatter(command.prog, width=10**6)
    formatter.add_argument(known[near[0]])
    raise ValueError(
        f"unrecognized option {wrong}; did you mean {near[0]}?\n  "
        + " ".join(formatter.format_help().split())
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Errors in the options, the files or the resources of the machine are printed without
    a traceback, with status 2. An interrupt gives status 130.
    """
    plain = warnings.formatwarning
    try:
        status = _run(arguments)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        status = INTERRUPTED
    finally:
        warnings.formatwarning = plain
    if status == INTERRUPTED and arguments is None:
        _end_process(status)
    return status


def _end_process(status: int) -> None:
    """End the process without shutting the interpreter down.

    Interrupted threads of SciPy's neighbour search still run and would crash the
    shutdown, and a second Ctrl-C would interrupt it. All files are complete by now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command; errors that the user can resolve give status 2."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    name = " ".join(["deepsphere-pyg", *(a for a in given[:1] if a in COMMANDS)])
    try:
        args = _parsed(given)
        warnings.formatwarning = _format_warning
        return int(args.run(args))
    except (ValueError, OSError, ImportError) as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as error:
        # PyTorch reports a full memory by several classes of errors.
        if not isinstance(error, MemoryError) and "memory" not in str(error):
            raise
        first = str(error).partition("\n")[0]
        print(f"{name}: error: not enough memory: {first}", file=sys.stderr)
        return 2
