"""Messages of the library in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Collection

from deepsphere_pyg.commands.options.parsing import flag

# Arguments that other commands stand for.
_COMMANDS = {
    "target_kind='numbers'": "deepsphere-pyg regress",
    "target_kind='classes'": "deepsphere-pyg classify",
}
# Arguments that a message advises to give, after the words that do.
_ADVICE = re.compile(
    r"(?:(?<=\bpass )|(?<=\bname )|(?<=\bwith )|(?<=\bby ))"
    r"(?P<name>[a-z]\w*)"
    r"(?P<given>=(?:\{'(?P<key>\w+)': \.\.\.\}|'(?P<text>[^']*)'|(?P<plain>[\w.]*)))?"
    r"(?![\w(\[{='])"
)


def in_options(message: str, names: Collection[str]) -> str:
    """Return a message with options for the arguments of functions that they set.

    Parameters
    ----------
    message
        Message of an error.
    names
        Names of the options of the command, as attributes.

    Examples
    --------
    >>> in_options("the maps have no targets; name them with targets=", ["targets"])
    'the maps have no targets; name them with --targets'
    >>> in_options("pass validation=0.2, for example", ["validation"])
    'pass --validation 0.2, for example'
    >>> in_options("choose them with select={'time': ...}", ["select"])
    'choose them with --select time=VALUE'
    """
    for argument, command in _COMMANDS.items():
        message = message.replace(f"pass {argument}", f"use {command}")
        message = message.replace(argument, command)

    def worded(found: re.Match[str]) -> str:
        name = found["name"]
        # A plain word may be one of the sentence, unless it is joined by underscores.
        if name not in names or not (found["given"] or "_" in name):
            return found[0]
        value = found["text"] or found["plain"] or ""
        value = f"{found['key']}=VALUE" if found["key"] else value
        return f"--{flag(name)} {value}".rstrip()

    return _ADVICE.sub(worded, message)
