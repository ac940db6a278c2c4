"""The text of what nests templates, links and tables, as mwparserfromhell has parsed it."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import mwparserfromhell
from mwparserfromhell.nodes import Argument, Comment, Node, Tag, Template, Wikilink
from mwparserfromhell.wikicode import Wikicode

from openqa.corpus.wiki.tables import facts_text, table_text
from openqa.corpus.wiki.templates import is_infobox, template_text

LinkText: TypeAlias = Callable[[str, str | None], str]


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
        if is_infobox(str(node.name), len(named), is_top=self._is_top and not is_value):
            return facts_text((str(fact.name), self.code(fact.value, is_value=True)) for fact in named)
        shown = [self.code(parameter.value).strip() for parameter in node.params if not parameter.showkey]
        return template_text(str(node.name), shown, is_value=is_value)

    def _table(self, table: Tag) -> str:
        rows = [[self.code(cell.contents) for cell in row] for row in _rows(table)]
        has_caption = bool(rows) and bool(rows[0]) and rows[0][0].startswith("+")
        caption = rows[0].pop(0)[1:] if has_caption else ""
        return table_text(caption, rows)


def _rows(table: Tag) -> Iterator[list[Tag]]:
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


def _tags(code: Wikicode | None) -> list[Tag]:
    names = ("tr", "td", "th")
    return [node for node in code.nodes if isinstance(node, Tag) and str(node.tag) in names] if code is not None else []
