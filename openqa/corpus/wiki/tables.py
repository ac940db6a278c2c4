"""Tables as rows of `| cell | cell |`, and infoboxes as lines of `key: value`."""

import re
from collections.abc import Iterable, Iterator, Sequence

from openqa.corpus.wiki.tags import BREAK, PIPE, VOID

_SPACES = re.compile(rf"[\s{BREAK}]+")
_ITEM_BOUND = re.compile(rf"[\n{BREAK}]+(?:- )?")
_ROW_MARKS = ("|-", "|}", "{|")
_NO_FACT = re.compile(
    r".*\.(?:jpe?g|png|svg|gif|tiff?|webp|og[gv]|webm)|[\d.]+ ?(?:x ?\d+ ?)?px|#[0-9a-f]{3,8}",
    re.IGNORECASE | re.DOTALL,
)


def table_text(caption: str, rows: Iterable[Sequence[str]]) -> str:
    """Returns a table as lines, those of its caption and of empty rows left out where there is nothing to say.

    Args:
        caption: may be empty.
        rows: the text of each cell; a row of one cell is written without marks.
    """
    lines = ["", cell_text(caption)] if caption.strip() else [""]
    for row in rows:
        cells = [cell_text(cell) for cell in row]
        if any(cells):
            lines.append(f"{PIPE} {f' {PIPE} '.join(cells)} {PIPE}" if len(cells) > 1 else cells[0])
    return "\n".join([*lines, ""])


def cell_text(text: str) -> str:
    """Returns the text of a cell on one line."""
    return _SPACES.sub(" ", text.replace(VOID, "")).strip()


def flat_table_text(table: str) -> str:
    """Returns the lines of a table from its wikitext, which must hold no links, templates and other tables.

    Args:
        table: from `{|` to `|}`.
    """
    caption = ""
    rows: list[list[str]] = [[]]
    for line in table.split("\n")[1:]:
        mark = line.lstrip()[:2]
        if mark in _ROW_MARKS:
            rows.append([])
        elif mark == "|+":
            caption = _without_attributes(line.lstrip()[2:])
        elif mark[:1] in ("|", "!"):
            cells = line.lstrip()[1:].replace("!!", "||") if mark[0] == "!" else line.lstrip()[1:]
            rows[-1] += map(_without_attributes, cells.split("||"))
        elif rows[-1]:
            rows[-1][-1] += "\n" + line
    return table_text(caption, rows)


def facts_text(facts: Iterable[tuple[str, str]]) -> str:
    """Returns `key: value` lines, those of pictures, sizes, colours and empty values left out.

    Args:
        facts: key and text of each argument of an infobox; lines and items of a value are joined by commas.
    """
    return "\n".join(["", *_fact_lines(facts), ""])


def _fact_lines(facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    for key, text in facts:
        name = key.strip().replace("_", " ")
        items = map(str.strip, _ITEM_BOUND.split(text.replace(VOID, "")))
        value = ", ".join(item for item in items if item.strip(" ,;-"))
        if name and value and not _NO_FACT.fullmatch(value):
            yield f"{name}: {value}"


def _without_attributes(cell: str) -> str:
    return cell.partition("|")[2] if "|" in cell else cell
