"""Texts and further cards in the headers of files that are written."""

from __future__ import annotations

from typing import Any

from deepsphere_pyg.convert.healpix.cards import LINES, is_further
from samplings.arguments import counted

# A text fills a card of 80 characters, with its keyword and quotes.
_LONGEST = 68


def header_texts(name: str, given: Any, n: int) -> list[str]:
    """Return a text for each of n channels; a single one stands for all."""
    texts = [given] * n if isinstance(given, str) else given
    try:
        texts = list(texts)
    except TypeError:
        raise TypeError(
            f"{name} must be a list of texts, got {given!r}; pass one for each channel"
        ) from None
    if len(texts) != n:
        raise ValueError(
            f"{name} must have one entry for each of {counted(n, 'channel')}, got "
            f"{len(texts)}; pass a list of as many texts"
        )
    return [header_text(name, text) for text in texts]


def header_text(name: str, text: Any) -> str:
    """Return a text that may stand in a header."""
    if not isinstance(text, str):
        raise TypeError(
            f"{name} must be text, got {text!r} of type {type(text).__name__}; convert "
            "it with str()"
        )
    printable = text.isascii() and text.isprintable() and text == text.strip()
    if not printable or len(text) > _LONGEST:
        raise ValueError(
            f"{name} must be ASCII without outer spaces, of at most {_LONGEST} "
            f"characters, got {text!r}; rewrite it, such as uK for microkelvin"
        )
    return text


def channel_names(given: Any, n: int) -> list[str]:
    """Return names that columns may have, by default those of healpy."""
    if given is None:
        return [f"COLUMN_{i + 1}" for i in range(n)]
    names = header_texts("names", given, n)
    found = {"", "pixel"}
    for name in names:
        # astropy and others look columns up in either case.
        if name.lower() in found:
            raise ValueError(
                f"names must be distinct in either case, not empty and not PIXEL, got "
                f"{name!r} among {names}; rename channels"
            )
        found.add(name.lower())
    return names


def add_card(header: Any, keyword: Any, value: Any) -> None:
    """Add a card of the user to a header; several for lines of comments."""
    key = keyword.strip().upper() if isinstance(keyword, str) else ""
    if not is_further(key):
        raise ValueError(
            f"header must hold further cards only, got {keyword!r}, which the map and "
            "its table have themselves; leave it out"
        )
    try:
        if key in LINES:
            for line in str(value).splitlines():
                header[key] = line
        else:
            header[key if len(key) <= 8 else f"HIERARCH {key}"] = value
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the card {key} must be a finite number, a boolean or a text in ASCII, "
            f"got {value!r}; leave it out or rewrite it"
        ) from error
