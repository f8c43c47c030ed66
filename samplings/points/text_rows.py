"""Lines of a text file as rows of fields."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

COMMENT = ("#", "%", "//")

#: Number of a line, and its text.
Line = tuple[int, str]


def is_comment(text: str) -> bool:
    """Whether a line of text is a comment."""
    return text.lstrip(' \t"').startswith(COMMENT)


def fields_of(text: str, split: str | None) -> list[str]:
    """Return the fields of a line, without their quotes."""
    if split is not None:
        row = next(csv.reader([text], delimiter=split, skipinitialspace=True), [])
        return [field.strip() for field in row]
    # A unit in brackets belongs to the name before it.
    words = re.findall(r'"[^"]*"(?:\s*[\[(][^\])]*[\])])?|\S+', text)
    joined: list[str] = []
    for word in words:
        unfinished = joined and re.search(r"[\[(][^\])]*$", joined[-1])
        if joined and (unfinished or re.fullmatch(r"[\[(].*", word)):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return [word.strip('"') for word in joined]


def records(
    path: Path, rows: list[Line], names: list[str], split: str | None
) -> Iterator[tuple[int, list[str]]]:
    """Yield line and fields of each row, without a comment after the last field."""
    pending = ""
    start = 0
    for number, text in rows:
        whole = f"{pending}\n{text}" if pending else text
        start = start if pending else number
        # A quoted field may continue on the next line.
        pending = whole if _is_open(whole, split) else ""
        if pending:
            continue
        fields = fields_of(whole.replace("\n", " "), split)
        if not any(fields):
            continue
        for end in (len(names) - 1, len(names)):
            if end < len(fields) - (end < len(names)) and "#" in fields[end]:
                before = fields[end].split("#")[0].strip()
                fields = [*fields[:end], *([before] if end < len(names) else [])]
        while len(fields) > len(names) and not fields[-1]:
            fields.pop()
        yield start, fields
    if pending:
        raise ValueError(
            f"{path}, line {start}: a quoted field begins there and does not end; "
            "close it"
        )


def _is_open(text: str, split: str | None) -> bool:
    """Whether a quoted field begins in a text and does not end in it."""
    if split is None or '"' not in text:
        return False
    border = re.escape(split)
    closed = rf'(^|{border})\s*"(?:[^"]|"")*"\s*(?={border}|$)'
    return re.search(rf'(^|{border})\s*"', re.sub(closed, r"\1", text)) is not None
