"""The command ``deepsphere-pyg``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Sequence

# Status of a process that Ctrl-C ended, as shells have it.
INTERRUPTED = 130


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Show defaults where there is one to show."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False or action.default == []:
            return action.help
        return super()._get_help_string(action)


def _format_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """A warning to the user on one line, without the place in the code."""
    return f"warning: {message}\n"


def build_parser() -> argparse.ArgumentParser:
    """Parser of all commands."""
    # Imported here: loading PyTorch takes seconds, in which Ctrl-C is no traceback.
    from deepsphere_pyg.commands.digits import command as digits_command
    from deepsphere_pyg.commands.equivariance import command as equivariance_command
    from deepsphere_pyg.commands.qm7 import command as qm7_command
    from deepsphere_pyg.commands.segment import command as segment_command

    parser = argparse.ArgumentParser(
        prog="deepsphere-pyg",
        description="Neural networks on the sphere: segment maps, tell energies of "
        "molecules and which digit it is, and measure how equivariant graph Laplacians "
        "and layers are.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module, text in (
        (
            "segment",
            segment_command,
            "train a network to segment spherical maps, score it and draw the result",
        ),
        (
            "equivariance",
            equivariance_command,
            "measure the equivariance error of Laplacians against neighbours, or of "
            "layers",
        ),
        (
            "qm7",
            qm7_command,
            "train a network on energies of molecules, on one of the published folds",
        ),
        (
            "digits",
            digits_command,
            "train a network on digits projected onto the sphere, as they are or "
            "turned, and test it on both",
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

    Errors in what the user gave, and in what the machine has, are printed without a
    traceback; status 2. An interrupt gives status 130.
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
    """End without taking the interpreter down.

    Threads of SciPy's neighbour search that were interrupted still run, and would
    crash it; a second Ctrl-C would interrupt what takes it down. All files are whole
    by now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command; errors of which the user is to know become status 2."""
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
        # PyTorch's errors of a full memory are of several classes.
        if not isinstance(error, MemoryError) and "memory" not in str(error):
            raise
        first = str(error).partition("\n")[0]
        print(f"{name}: error: not enough memory: {first}", file=sys.stderr)
        return 2
