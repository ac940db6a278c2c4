"""How results look: JSON lines for programs; for people the answer marked in its passage, right to left or not."""

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from openqa.types import Passage

MARK = "**"
_CONTEXT_CHARACTERS = 160
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"  # a text of either direction keeps to itself


def note(message: str) -> None:
    """Prints a message for people to standard error."""
    typer.echo(message, err=True)


def print_json(value: Any) -> None:
    """Prints one JSON value on one line to standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def marked(passage: "Passage", start: int, end: int) -> str:
    """Returns the surroundings of a span on one line, the span marked: in reverse video, or between ** in a file."""
    before = _squeezed(passage.text[max(0, start - _CONTEXT_CHARACTERS) : start])
    after = _squeezed(passage.text[end : end + _CONTEXT_CHARACTERS])
    if start > _CONTEXT_CHARACTERS:
        before = "…" + _without_first_word(before)
    if end + _CONTEXT_CHARACTERS < len(passage.text):
        after = _without_last_word(after) + "…"
    return _isolated(f"{before}{_mark(_squeezed(passage.text[start:end]))}{after}")


def excerpt(passage: "Passage") -> str:
    """Returns the beginning of a passage on one line."""
    text = _squeezed(passage.text.strip())
    limit = 2 * _CONTEXT_CHARACTERS
    return _isolated(text if len(text) <= limit else _without_last_word(text[:limit]) + "…")


def source(passage: "Passage") -> str:
    """Returns where a passage comes from, on one line: title, language, address, id."""
    parts = (passage.title, passage.lang, passage.url, f"passage {passage.id}")
    return " · ".join(one_line(part) for part in parts if part)


def one_line(text: str) -> str:
    """Returns a text for the middle of a line: on one line, in its own direction, without control characters."""
    return _isolated(_squeezed(text.strip()))


def size(size_bytes: int) -> str:
    """Returns a size as people read it, such as "3.1 MB"."""
    value = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def _mark(text: str) -> str:
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return typer.style(text, bold=True, reverse=True)
    return f"{MARK}{text}{MARK}"


def _squeezed(text: str) -> str:
    """White space as single spaces, also at the sides; without characters that a terminal would obey."""
    words = _CONTROLS.sub("", " ".join(text.split()))
    left = " " if text[:1].isspace() and words else ""
    right = " " if text[-1:].isspace() and words else ""
    return f"{left}{words}{right}"


def _without_first_word(text: str) -> str:
    head, space, tail = text.partition(" ")
    return tail if space and len(head) < _CONTEXT_CHARACTERS // 2 else text


def _without_last_word(text: str) -> str:
    head, space, tail = text.rpartition(" ")
    return head if space and len(tail) < _CONTEXT_CHARACTERS // 2 else text


def _isolated(text: str) -> str:
    return f"{_ISOLATE}{text}{_END_ISOLATE}" if _has_right_to_left(text) else text


def _has_right_to_left(text: str) -> bool:
    import unicodedata

    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
