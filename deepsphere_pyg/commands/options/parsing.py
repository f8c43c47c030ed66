"""Command lines, configuration files and variables from dataclasses of options."""

from __future__ import annotations

import argparse
import os
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import (
    Any,
    Literal,
    NoReturn,
    SupportsIndex,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from docstring_parser import parse as parse_docstring
from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import register_type

# Sizes of layers are annotated so; on the command line they are integers.
register_type(SupportsIndex, int, int)

#: Short flags, beside those that the names of options give.
SHORT = {"learning_rate": "--lr", "start": "--from"}
# Keys of a field's metadata: a function that adds the option to a parser or its group,
# with the help; one that adds its lines of the help alone, without the libraries that
# the first one loads; and the name of a value in the help.
ADDED_BY, LISTED_BY, METAVAR = "added_by", "listed_by", "metavar"
# Choices that are shown in place of the name of a value.
SHOWN = 6


class Options:
    """Base of the groups of options of a command.

    A command has one frozen dataclass of options, which inherits from its groups. Each
    group is a dataclass whose docstring gives the title of the group and the help of
    its options. ``__post_init__`` of a group ends with ``super().__post_init__()``.
    """

    @property
    def needed(self) -> Mapping[str, str]:
        """Options that must be given beside the others, and what they are."""
        return {}

    def __post_init__(self) -> None:
        # Options of trainings, which the library has too, come after this class.
        following = getattr(super(), "__post_init__", None)
        if following is not None:
            following()


class HelpFormatter(argparse.HelpFormatter):
    """Show defaults, if there are any, as the shell passes them."""

    def add_argument(self, action: argparse.Action) -> None:
        """Add the help of an option, but of those of Lightning's trainer.

        They are some forty, which Lightning documents; one line tells of them.
        """
        if not any(one.startswith("--trainer.") for one in action.option_strings):
            super().add_argument(action)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        default, text = action.default, action.help or ""
        if isinstance(default, list | tuple):
            default = " ".join(map(str, default))
        shown = default not in ("", argparse.SUPPRESS) and not (
            default is None or default is False
        )
        described = action.option_strings and "default:" not in text
        return f"{text} (default: {default})" if shown and described else text


class CommandParser(ArgumentParser):
    """Parser whose errors are one line, without the usage, which fills a screen."""

    #: Options that it does not read, since others than :func:`command_parser` add them.
    unread: tuple[str, ...] = ()

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print the error and leave with status 2."""
        self.exit(2, f"{self.prog}: error: {self._in_words(message)}\n")

    def _in_words(self, message: str) -> str:
        """Return the message of jsonargparse in one line, with the names of flags."""
        known: dict[str, argparse.Action | None] = dict.fromkeys(self.unread)
        known |= {option: a for a in self._actions for option in a.option_strings}
        if message.startswith("unrecognized arguments: "):
            wrong = message.removeprefix("unrecognized arguments: ").split()[0]
            near = get_close_matches(wrong.partition("=")[0], known, 1)
            if not wrong.startswith("-") or not near:
                return f"unrecognized argument {wrong}; see {self.prog} --help"
            return (
                f"unrecognized option {wrong.partition('=')[0]}; did you mean "
                f"{near[0]}?\n  {self._line_of(known[near[0]])}"
            )
        lines = [line.strip() for line in message.splitlines() if line.strip()]
        text = " ".join(lines)
        for name in (action.dest for action in self._actions):
            text = text.replace(f'Parser key "{name}":', f"--{flag(name)}:")
        if text.startswith("Option '") and text.endswith("is not accepted"):
            wrong = text.split("'")[1]
            near = get_close_matches(wrong, [a.dest for a in self._actions], 1)
            text = f"the configuration has an unknown option {wrong!r}"
            if near:
                return f"{text}; did you mean {near[0]!r}?"
        return f"{text}; see {self.prog} --help"

    def _line_of(self, action: argparse.Action | None) -> str:
        """Return the help of an option in one line, "" if the help does not tell it."""
        if action is None:
            return ""
        formatter = HelpFormatter(self.prog, width=10**6)
        formatter.add_argument(action)
        return " ".join(formatter.format_help().split())


def flag(name: str) -> str:
    """Return the flag of an option, without its first dashes."""
    return name.replace("_", "-")


def command_parser(
    name: str, description: str, options: type, epilog: str = "", brief: bool = False
) -> CommandParser:
    """Make the parser of a command.

    It also reads ``--config FILE``, and variables of the environment, such as
    ``DEEPSPHERE_PYG_SEGMENT_EPOCHS``.

    Parameters
    ----------
    name
        Name of the command.
    description
        What it does.
    options
        Dataclass of its options, which inherits from groups of options.
    epilog
        Text after the options.
    brief
        Whether the parser only lists options of other libraries, which take seconds to
        load, in its help and in errors; see :func:`needs_libraries`.
    """
    variables = _variables(name)
    parser = CommandParser(
        prog=f"deepsphere-pyg {name}",
        usage=f"deepsphere-pyg {name} [--OPTION VALUE ...]",
        description=description[0].upper() + description[1:] + ".",
        epilog=f"{epilog} Options can also be set in a file (--config) and in the "
        f"environment, as {variables}_OPTION.".strip(),
        formatter_class=HelpFormatter,
        default_env=True,
        env_prefix=variables,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config", action="config", metavar="FILE", help="YAML file of options"
    )
    hints = get_type_hints(options)
    for group, known in groups_of(options):
        text = parse_docstring(group.__doc__ or "")
        helps = {p.arg_name: p.description or "" for p in text.params}
        title = (text.short_description or "").rstrip(".")
        # Names such as NetCDF stay as they are.
        plain = title[1:2].islower() and title.split(" ")[0][1:].islower()
        place = parser.add_argument_group(
            title[:1].lower() + title[1:] if plain else title
        )
        for field in known:
            if ADDED_BY in field.metadata:
                add = field.metadata[LISTED_BY if brief else ADDED_BY]
                add(parser, place, helps[field.name])
            else:
                _add(place, field, hints[field.name], helps[field.name])
    return parser


def _variables(name: str) -> str:
    """Return the beginning of a command's variables of the environment."""
    return f"DEEPSPHERE_PYG_{name.upper()}"


def needs_libraries(name: str, options: type, arguments: Sequence[str]) -> bool:
    """Whether arguments or variables may give options of other libraries.

    Parameters
    ----------
    name
        Name of the command.
    options
        Dataclass of its options.
    arguments
        Arguments of the command. Files may give any option, and ``--print_config``
        writes all of them.
    """
    names = [one.name for one in fields(options) if ADDED_BY in one.metadata]
    flags = (*(f"--{flag(one)}" for one in names), "--config", "--print_config")
    variables = [f"{_variables(name)}_{one.upper()}" for one in (*names, "config")]
    return any(one.startswith(flags) for one in arguments) or any(
        one.startswith(tuple(variables)) for one in os.environ
    )


def groups_of(options: type) -> list[tuple[type, list[Field[Any]]]]:
    """Return the groups of a dataclass of options, and the options of each.

    An option belongs to the group that has it first; commands change its default.
    """
    owners = {
        name: group
        for group in options.__mro__
        for name in vars(group).get("__annotations__", {})
    }
    found = []
    for group in options.__mro__:
        own = [field for field in fields(options) if owners[field.name] is group]
        if own:
            found.append((group, own))
    return found


def _add(place: Any, field: Field[Any], hint: Any, text: str) -> None:
    """Add the option of a field."""
    default = field.default
    described = " ".join(text.replace("``", "").rstrip(".").split()).replace("%", "%%")
    names = [f"--{flag(field.name)}"]
    names += [SHORT[field.name]] if field.name in SHORT else []
    kind, several = _kind(hint)
    if kind is bool:
        place.add_argument(*names, action="store_true", help=described, default=default)
        return
    given: dict[str, Any] = {"help": described}
    given["default"] = list(default) if isinstance(default, tuple) else default
    if several:
        given["nargs"] = "+"
    if get_origin(kind) is Literal:
        given["choices"] = get_args(kind)
        if len(given["choices"]) > SHOWN:
            given["metavar"] = "NAME"
            given["help"] += f": {', '.join(given['choices'])}"
    else:
        given["type"] = _READERS[kind]
        given["metavar"] = field.metadata.get(METAVAR, _METAVARS[kind])
    place.add_argument(*names, **given)


def _kind(hint: Any) -> tuple[Any, bool]:
    """Return the type of an option's values, and whether it takes several."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is tuple:
        return get_args(hint)[0], True
    return hint, False


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and value % 1):
        raise ValueError(f"expected an integer, got {value!r}")
    return int(value)


def _number(value: Any) -> float:
    return float(value)


def _text(value: Any) -> str:
    return str(value)


# Names that errors tell of values that cannot be read.
_integer.__name__, _number.__name__, _text.__name__ = "integer", "number", "text"
_READERS: dict[Any, Callable[[Any], Any]] = {
    int: _integer,
    float: _number,
    str: _text,
    Path: _text,
}
_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


def parsed(parser: CommandParser, arguments: Sequence[str], options: type) -> Any:
    """Parse the arguments of a command into its dataclass of options.

    Raises
    ------
    TypeError, ValueError
        If an option has no sense.
    """
    config = parser.parse_args(list(arguments))
    defaults = parser.get_defaults(skip_validation=True)
    hints = get_type_hints(options)
    values = {}
    for field in fields(options):
        if field.name not in config:
            # Of a brief parser, which reads no such option.
            continue
        value = config[field.name]
        kind, several = _kind(hints[field.name])
        if isinstance(value, Namespace):
            default = defaults.get(field.name)
            value = _chosen(value.as_dict(), default and default.as_dict())
        if value is not None and several:
            value = tuple(map(kind, value)) if kind is Path else tuple(value)
        elif value is not None and kind is Path:
            value = Path(value)
        values[field.name] = value
    try:
        return options(**values)
    except (TypeError, ValueError) as error:
        name, space, rest = str(error).partition(" ")
        if name not in values:
            raise
        given = SHORT.get(name, f"--{flag(name)}")
        raise type(error)(f"{given}{space}{rest}") from error


def required(options: Any, name: str, text: str = "") -> Any:
    """Return the value of an option that must be given, and is what the text says.

    The text of one of ``needed`` is there.

    Raises
    ------
    ValueError
        If it is not.
    """
    value = getattr(options, name)
    if value is None:
        text = text or options.needed[name]
        raise ValueError(f"--{flag(name)} is required: {text}")
    return value


def _chosen(values: dict[str, Any], defaults: dict[str, Any] | None) -> dict[str, Any]:
    """Return the nested values that differ from their defaults."""
    if defaults is None:
        return values
    return {k: v for k, v in values.items() if k not in defaults or v != defaults[k]}
