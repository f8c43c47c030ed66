"""The command ``deepsphere-pyg``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Sequence

# Status that shells give a process that Ctrl-C ended. The same as in training_options,
# which loads PyTorch.
INTERRUPTED = 130


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


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    # Imported here, because loading PyTorch takes seconds, in which Ctrl-C should not
    # print a traceback.
    from deepsphere_pyg.commands.digits import command as digits_command
    from deepsphere_pyg.commands.equivariance import command as equivariance_command
    from deepsphere_pyg.commands.qm7 import command as qm7_command
    from deepsphere_pyg.commands.segment import command as segment_command

    parser = argparse.ArgumentParser(
        prog="deepsphere-pyg",
        description="Neural networks on the sphere: segment maps, predict energies of "
        "molecules, classify digits, and measure the equivariance of graph Laplacians "
        "and layers.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module, text in (
        (
            "segment",
            segment_command,
            "train a network to segment spherical maps, and write scores and pictures",
        ),
        (
            "equivariance",
            equivariance_command,
            "measure the equivariance error of graph Laplacians, or of layers",
        ),
        (
            "qm7",
            qm7_command,
            "train a network to predict energies of molecules, on a published fold",
        ),
        (
            "digits",
            digits_command,
            "train a network to classify digits on the sphere, as they are or rotated, "
            "and test it on both",
        ),
    ):
        command = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            formatter_class=_HelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


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
    name = "deepsphere-pyg"
    try:
        args = build_parser().parse_args(arguments)
        name += f" {args.command}"
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
