"""The text of templates, links and tables that mwparserfromhell has parsed: an infobox as lines, a table as rows."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import mwparserfromhell
from mwparserfromhell.nodes import Argument, Comment, Node, Tag, Template, Wikilink
from mwparserfromhell.wikicode import Wikicode

from openqa.corpus.wikitags import BREAK, PIPE, VOID
from openqa.corpus.wikitemplates import is_infobox, template_text

LinkText: TypeAlias = Callable[[str, str | None], str]
_ITEM_BOUND = re.compile(rf"[\n{BREAK}]+(?:- )?")
_SPACES = re.compile(rf"[\s{BREAK}]+")
_NO_FACT = re.compile(
    r".*\.(?:jpe?g|png|svg|gif|tiff?|webp|og[gv]|webm)|[\d.]+ ?(?:x ?\d+ ?)?px|#[0-9a-f]{3,8}", re.I | re.S
)


def parsed_text(wikitext: str, link: LinkText, *, is_top: bool) -> str:
    """Returns the text of wikitext without tags.

    Args:
        wikitext: balanced templates, links and tables, and text between them.
        link: returns what a link shows, from its target and its text, which is None where there is none.
        is_top: whether it stands above the first heading, where infoboxes are.

    Raises:
        ParserError: mwparserfromhell cannot read it.
        RecursionError: it is nested too deeply.
    """
    return _Drawing(link, is_top).code(mwparserfromhell.parse(wikitext, skip_style_tags=True))


class _Drawing:
    def __init__(self, link: LinkText, is_top: bool) -> None:
        self._link = link
        self._is_top = is_top

    def code(self, code: Wikicode | None, *, is_value: bool = False) -> str:
        """Returns the text of nodes in a row; `is_value` in an argument of a template."""
        return "".join(self._node(node, is_value) for node in code.nodes) if code is not None else ""

    def _node(self, node: Node, is_value: bool) -> str:
        if isinstance(node, Template):
            return self._template(node, is_value)
        if isinstance(node, Wikilink):
            return self._link(str(node.title), None if node.text is None else self.code(node.text))
        if isinstance(node, Tag):
            return self._table(node) if str(node.tag) == "table" else self.code(node.contents)
        if isinstance(node, Argument):
            return self.code(node.default)
        return "" if isinstance(node, Comment) else str(node)

    def _template(self, node: Template, is_value: bool) -> str:
        named = [parameter for parameter in node.params if parameter.showkey]
        name = str(node.name)
        if is_infobox(name, len(named), is_top=self._is_top and not is_value):
            return "\n".join(["", *self._facts(node), ""])
        shown = [self.code(parameter.value).strip() for parameter in node.params if not parameter.showkey]
        return template_text(name, shown, is_value=is_value)

    def _facts(self, node: Template) -> Iterator[str]:
        """Yields `key: value` for each argument with a name, but for pictures, sizes and colours."""
        for parameter in node.params:
            key = str(parameter.name).strip().replace("_", " ")
            if parameter.showkey and key:
                items = _ITEM_BOUND.split(self.code(parameter.value, is_value=True).replace(VOID, ""))
                value = ", ".join(item for item in map(str.strip, items) if item.strip(" ,;-"))
                if value and not _NO_FACT.fullmatch(value):
                    yield f"{key}: {value}"

    def _table(self, table: Tag) -> str:
        rows = list(self._rows(table))
        first = rows[0][0] if rows and rows[0] else None
        lines = [""]
        if first is not None and str(first.tag) == "td" and str(first.contents).startswith("+"):
            lines.append(self._cell(first)[1:].strip())
            rows[0] = rows[0][1:]
        for row in rows:
            cells = [self._cell(cell) for cell in row]
            if any(cells):
                lines.append(f"{PIPE} {f' {PIPE} '.join(cells)} {PIPE}" if len(cells) > 1 else cells[0])
        return "\n".join([*lines, ""])

    def _rows(self, table: Tag) -> Iterator[list[Tag]]:
        """Yields the cells of each row; those before the first mark of a row are a row of their own."""
        loose: list[Tag] = []
        for tag in _tags(table.contents):
            if str(tag.tag) != "tr":
                loose.append(tag)
            else:
                if loose:
                    yield loose
                loose = []
                yield _tags(tag.contents)
        if loose:
            yield loose

    def _cell(self, cell: Tag) -> str:
        return _SPACES.sub(" ", self.code(cell.contents).replace(VOID, "")).strip()


def _tags(code: Wikicode | None) -> list[Tag]:
    names = ("tr", "td", "th")
    return [node for node in code.nodes if isinstance(node, Tag) and str(node.tag) in names] if code is not None else []
