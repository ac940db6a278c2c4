"""Tables as text that can be searched and read: groups of rows, each with what its columns are called.

Tables of web pages, Markdown and MediaWiki stand among other text, a row a line; `heads` says what is above their rows.

Sources of the forms: rows as Markdown and as template sentences, as in table-to-text for question answering (Min et al.
2024, arXiv:2402.12869).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from openqa.errors import ConfigError

FORMS = ("markdown", "sentences")
GROUP_CHARACTERS = 600  # about 100 words: rows are put together until they are that long
_COLUMN = re.compile(r"\{([^{}]+)\}")
_TABLE = re.compile(r"(?:^\|.*\|[ \t]*(?:\n|\Z)){2,}", re.MULTILINE)
_CELL_BOUND = re.compile(r"(?<!\\)\|")
_LONGEST_CAPTION = 100  # characters; a longer line above a table is a sentence of the text


class RowGroup(NamedTuple):
    """Rows that stand next to each other, numbered from 1, as text."""

    first: int
    last: int
    text: str


def row_groups(header: Sequence[str], rows: Iterable[Sequence[str]], form: str) -> Iterator[RowGroup]:
    """Yields groups of rows as text.

    Args:
        header: names of the columns.
        rows: cells of each row, as many as the header has.
        form: "markdown" (a header above every group), "sentences" (`name: cell; name: cell.`, empty cells left out), or
            a template with columns in braces, such as "{city} has {inhabitants} inhabitants.".

    Raises:
        ConfigError: the template names a column that is not there, or none.
    """
    check_form(form, header)
    above = [markdown_row(header), markdown_row(["---"] * len(header))] if form == "markdown" else []
    first, lines, length = 1, list[str](), 0
    last = 0
    for last, row in enumerate(rows, start=1):
        line = _line(header, row, form)
        if lines and length + len(line) > GROUP_CHARACTERS:
            yield RowGroup(first, last - 1, "\n".join([*above, *lines]))
            first, lines, length = last, [], 0
        lines.append(line)
        length += len(line)
    if lines:
        yield RowGroup(first, last, "\n".join([*above, *lines]))


def markdown_row(cells: Sequence[str]) -> str:
    """Returns cells as one row of a Markdown table, on one line."""
    return "| " + " | ".join(" ".join(cell.replace("|", r"\|").split()) for cell in cells) + " |"


def heads(text: str, starts: Sequence[int]) -> list[str]:
    """Returns what stands above the rows that each passage begins with: "caption: column, column".

    Args:
        text: of a document; a line that begins and ends with "|" is a row, two or more in a row are a table, the first
            names the columns, and a short line above it is the caption.
        starts: where its passages begin, rising.

    Returns:
        One for each start; "" where it is in no table or at the first row of one.
    """
    found = [""] * len(starts)
    for table in _TABLE.finditer(text) if "|" in text else ():
        inside = range(bisect_right(starts, table.start()), bisect_right(starts, table.end() - 1))
        if inside:
            found[inside.start : inside.stop] = [_head(text, table)] * len(inside)
    return found


def _head(text: str, table: re.Match[str]) -> str:
    end = max(0, table.start() - 1)
    above = text[text.rfind("\n", 0, end) + 1 : end].strip()
    cells = (cell.strip() for cell in _CELL_BOUND.split(table[0].partition("\n")[0].strip())[1:-1])
    parts = (above.rstrip(":").lstrip("# ") if len(above) <= _LONGEST_CAPTION else "", ", ".join(filter(None, cells)))
    return ": ".join(filter(None, parts))


def check_form(form: str, header: Sequence[str]) -> None:
    """Makes sure that a table with these columns can be written in a form.

    Args:
        form: as for `row_groups`.
        header: names of the columns.

    Raises:
        ConfigError: it is no known form, or names a column that is not there.
    """
    if form in FORMS:
        return
    named = _COLUMN.findall(form)
    if not named:
        raise ConfigError(
            f'tables is "{form}"; markdown, sentences, or a template with {{columns}} in braces is needed'
        )
    missing = [name for name in named if name not in header]
    if missing:
        raise ConfigError(f'tables names the column "{missing[0]}"; there are: {", ".join(header)}')


def _line(header: Sequence[str], row: Sequence[str], form: str) -> str:
    if form == "markdown":
        return markdown_row(row)
    cells = {name: " ".join(cell.split()) for name, cell in zip(header, row, strict=True)}
    if form == "sentences":
        return "; ".join(f"{name}: {cell}" if name else cell for name, cell in cells.items() if cell) + "."
    return _COLUMN.sub(lambda found: cells[found[1]], form)
