"""The command ``deepsphere-pyg``."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from deepsphere_pyg.commands.options.parsing import CommandParser

# Status that shells give a process that Ctrl-C ended. The same as in options.training,
# which loads PyTorch.
INTERRUPTED = 130
PACKAGE = "deepsphere-pyg"
#: Commands and their descriptions; each has the modules ``options`` and ``command``.
COMMANDS = {
    "segment": "train a network to segment spherical maps, and write scores and "
    "pictures",
    "regress": "train a network to predict numbers from fields in files: maps from "
    "maps, or a number of each map",
    "classify": "train a network to predict the class of each map of files",
    "forecast": "train a network to step fields in time, from series in files, and "
    "forecast with it",
    "generate": "generate series of flows on the rotating Earth, to train and test on",
    "predict": "write what a trained network predicts for files, with their times and "
    "grid",
    "equivariance": "measure the equivariance error of graph Laplacians, or of layers",
    "cosmology": "classify patches of maps of the sky by networks and simpler methods, "
    "beside the least error there can be",
    "shapes": "train networks to classify shapes by their maps on the sphere, and to "
    "retrieve shapes of the same class",
    "stations": "interpolate between weather stations and predict their next reports, "
    "by networks and simpler methods",
    "qm7": "train a network to predict energies of molecules, on a published fold",
    "digits": "train a network to classify digits on the sphere, as they are or "
    "rotated, and test it on both",
}


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
    """Parser whose errors are one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Print the error and leave with status 2."""
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def _top_parser() -> argparse.ArgumentParser:
    """Return the parser of the options before a command, which loads little."""
    parser = _Parser(
        prog=PACKAGE,
        description="Neural networks on the sphere: segment maps, classify shapes and "
        "digits, predict energies of molecules, and measure the equivariance of graph "
        "Laplacians and layers.",
        epilog=f"{PACKAGE} COMMAND --help lists the options of a command.",
    )
    parser.add_argument(
        "--version", action="version", version=f"{PACKAGE} {version(PACKAGE)}"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def parser_of(name: str, brief: bool = False) -> tuple[CommandParser, ModuleType]:
    """Return the parser of a command, and the module of its options.

    The module has their dataclass ``OPTIONS``, and perhaps ``STANDS_FOR``: options,
    such as ``--demo`` or ``--recipe paper``, and those that they stand for. It loads
    neither PyTorch nor Lightning, which take seconds, and nor does a brief parser,
    which lists their options without reading them.
    """
    from deepsphere_pyg.commands.options.parsing import command_parser

    module = options_module(name)
    stands = [
        f"{name} stands for {others}; options after it override it."
        for name, others in getattr(module, "STANDS_FOR", {}).items()
    ]
    epilog = " ".join(stands)
    parser = command_parser(name, COMMANDS[name], module.OPTIONS, epilog, brief)
    return parser, module


def options_module(name: str) -> ModuleType:
    """Return the module of a command's options."""
    return import_module(f"deepsphere_pyg.commands.{name}.options")


def options_from(name: str, arguments: Sequence[str]) -> Any:
    """Return the options of a command from its arguments.

    Raises
    ------
    SystemExit
        If an option is unknown or cannot be read.
    ValueError
        If an option has no sense.
    """
    from deepsphere_pyg.commands.options.parsing import needs_libraries, parsed

    module = options_module(name)
    try:
        given = _expanded(arguments, getattr(module, "STANDS_FOR", {}))
    except ValueError as error:
        parser_of(name, brief=True)[0].error(str(error))
    brief = not needs_libraries(name, module.OPTIONS, given)
    return parsed(parser_of(name, brief)[0], given, module.OPTIONS)


def _expanded(arguments: Sequence[str], stands_for: Mapping[str, str]) -> list[str]:
    """Put the options in place for which some of the arguments stand.

    Raises
    ------
    ValueError
        If such an option has an unknown value.
    """
    values: dict[str, list[str]] = {}
    for name in stands_for:
        option, _, value = name.partition(" ")
        values.setdefault(option, []).append(value)
    found: list[str] = []
    rest = list(arguments)
    while rest:
        option, equals, value = rest[0].partition("=")
        if option not in values:
            found.append(rest.pop(0))
            continue
        del rest[0]
        if values[option] != [""] and not equals:
            value = rest.pop(0) if rest else ""
        if value not in values[option]:
            known = ", ".join(values[option])
            expected = f"must be one of {known}" if known else "takes no value"
            raise ValueError(f"{option} {expected}, got {value!r}")
        found += stands_for[f"{option} {value}".strip()].split()
    return found


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


@contextmanager
def _without_collections() -> Iterator[None]:
    """Collect no garbage, of which imports leave little, and search all of it often."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


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
    from deepsphere_pyg.commands.options.parsing import required

    given = sys.argv[1:] if arguments is None else list(arguments)
    name = " ".join(["deepsphere-pyg", *(a for a in given[:1] if a in COMMANDS)])
    options = None
    try:
        if not (given and given[0] in COMMANDS):
            _top_parser().parse_args(given)
        warnings.formatwarning = _format_warning
        options = options_from(given[0], given[1:])
        for needed in options.needed:
            required(options, needed)
        # It loads PyTorch and more, which mistakes in the options need not wait for.
        with _without_collections():
            command = import_module(f"deepsphere_pyg.commands.{given[0]}.command")
        if arguments is None:
            # What the process has loaded stays, and need not be searched again.
            gc.freeze()
        return int(command.run(options))
    except BrokenPipeError:
        # The reader of the output, such as head, has ended; so does this, silently.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (ValueError, OSError, ImportError) as error:
        from deepsphere_pyg.commands.options.wording import in_options

        text = in_options(str(error), () if options is None else vars(options))
        print(f"{name}: error: {text}", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as error:
        # PyTorch reports a full memory by several classes of errors.
        if not isinstance(error, MemoryError) and "memory" not in str(error):
            raise
        first = str(error).partition("\n")[0]
        print(f"{name}: error: not enough memory: {first}", file=sys.stderr)
        return 2
