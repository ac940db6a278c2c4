"""The text that a reader of a MediaWiki page sees, from its wikitext.

Comments, references, formulas, galleries, files and categories go; links become their shown text, headings and items of
lists lines, tables rows of `| cell | cell |`, an infobox lines of `key: value`. Of other templates those that only
dress up their argument show it, all others show nothing, since their text stands on pages of their own.

What nests nothing is resolved by regular expressions, innermost first, which is nearly all of a page. What still nests,
such as a table in a table or an infobox in another, is parsed by mwparserfromhell. Its time is quadratic or worse in
brackets that are never closed (`<div>` a hundred thousand times is not read in 25 seconds), so it is given only what
`balanced` found closed, below a size and a depth; beyond them, and where it fails, the piece is taken apart by regular
expressions alone (`PlainText.is_fallback`).
Every step is linear in the text, or is done a fixed number of times.

Left out: templates are not expanded and Lua modules not run; a cell that spans rows is written in the first only.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from openqa.corpus.wiki.names import CATEGORY_PREFIXES, FILE_PREFIXES
from openqa.corpus.wiki.tables import facts_text, flat_table_text
from openqa.corpus.wiki.tags import BREAK, HEADING, SHIELD, VOID, unshielded, without_tags
from openqa.corpus.wiki.templates import arguments, is_infobox, template_text
from openqa.errors import require

_MOST_PARSED = 120_000  # characters of a page: mwparserfromhell reads 60,000 characters of a table in a second
_DEEPEST = 30  # chosen by hand, below the parser's own limit of 100
_ROUNDS = 6
_LINK = re.compile(r"\[\[([^\[\]{}|\n]*+)(?:\|([^\[\]{}]*+))?\]\]")
_TEMPLATE = re.compile(r"\{\{([^{}|\[\]]*+)((?:\|[^{}]*+)?)\}\}")
_ARGUMENT = re.compile(r"\{\{\{[^{}|]*+(?:\|([^{}]*+))?\}\}\}")
_VARIANTS = re.compile(r"-\{([^{}]*+)\}-")
_VARIANT_RULE = re.compile(r"\s*+(?:[^;:|]*?=>)?\s*+([a-z]{2,3}(?:-[a-z]+)*)\s*+:(.*)", re.DOTALL)
_VARIANT_BOUND = re.compile(r";(?=[^;:]{0,80}:)")
_HIDDEN_VARIANT = frozenset("HTN-")
_FIRST_VARIANTS = ("zh-hans", "zh-cn", "zh", "sr-ec", "kk-cyrl", "uz-latn")
_TOKEN = re.compile(r"\{\{|\}\}|\[\[|\]\]|(?:(?<=\n)|\A)[ \t]*+\{\||\n[ \t]*+\|\}(?!\}(?!\}))")
_CLOSING = {"{{": "}}", "[[": "]]", "{|": "|}"}
_LONE = re.compile(r"(?<!\[)\[(?!\[)|(?<!\])\](?!\])|<")
_MEDIA = re.compile(r"\.(?:jpe?g|png|svg|gif|tiff?|webp|og[gvax]|webm|mp[34]|wav|flac|mid|pdf|djvu|xcf|stl)\s*+$", re.I)
_LANGUAGE_PREFIX = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\xa0\u2000-\u200a\u202f\u3000]+")
_IN_LINK = {ord(mark): SHIELD[ord(mark)] for mark in "|="}


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text of a page; `is_fallback` when a piece of it was too large, too deep or too broken for the parser."""

    text: str
    is_fallback: bool


def plain_text(wikitext: str, hidden_prefixes: frozenset[str] = frozenset()) -> PlainText:
    """Returns the text that a page shows, for any wikitext however broken.

    Args:
        wikitext: the source of a page.
        hidden_prefixes: what links to files and categories begin with on this wiki, in lower case and without the
            colon, such as "dosya"; the usual ones of many languages are known already.

    Raises:
        MissingExtra: mwparserfromhell is not installed.
    """
    require("wikipedia", "mwparserfromhell")
    page = _Page(hidden_prefixes | FILE_PREFIXES | CATEGORY_PREFIXES)
    text, pieces = balanced(page.resolve(without_tags(wikitext)))
    shown = []
    end = 0
    for start, stop, depth in pieces:
        shown += [text[end:start], page.show(text[start:stop], depth, is_top=start < _top(text))]
        end = stop
    return PlainText(tidy("".join([*shown, text[end:]])), page.is_fallback)


def balanced(text: str) -> tuple[str, list[tuple[int, int, int]]]:
    """Returns the text with brackets that have no partner made void, and the outermost closed pieces of it.

    Brackets are those of templates, links and tables. A closing one takes the nearest opening one of its kind; what was
    opened between them has no partner.

    Returns:
        The text, its length unchanged, and (start, end, depth) of each piece in order, depth from 1.
    """
    found: list[tuple[int, int]] = []
    lost: list[tuple[int, int]] = []
    stack: list[tuple[str, int, int]] = []
    n_open = dict.fromkeys(_CLOSING.values(), 0)
    for match in _TOKEN.finditer(text):
        start, end = match.end() - 2, match.end()
        mark = text[start:end]
        closing = _CLOSING.get(mark)
        if closing:
            stack.append((closing, start, end))
            n_open[closing] += 1
        elif not n_open[mark]:
            lost.append((start, end))
        else:
            while (top := stack.pop())[0] != mark:
                n_open[top[0]] -= 1
                lost.append(top[1:])
            n_open[mark] -= 1
            found.append((top[1], end))
    return _voided(text, lost + [top[1:] for top in stack]), list(_outermost(found))


def tidy(text: str) -> str:
    """Returns text with entities decoded, white space set right, and headings above nothing left out."""
    text = text.replace(VOID, "").replace("\xad", "")
    text = re.sub(r"([(（])(?: ?[,;:،؛、；])+ ?", r"\1", text)
    text = re.sub(r" ?(?:\([ \xa0]?\)|（ ?）)", "", text)
    text = re.sub(r"[\[\]{}]{2,}", "", text)
    text = _ENTITY.sub(lambda match: _CONTROL.sub("", html.unescape(match[0])), text)
    text = _SPACES.sub(" ", unshielded(text.replace(BREAK, "\n")).replace("\xad", ""))
    text = re.sub(r" ([,.])(?=[ \n]|\Z)", r"\1", text)
    lines: list[str] = []
    below = 0  # the level of the heading below; 0 at the end of the page, 9 above text
    for line in map(str.strip, reversed(text.split("\n"))):
        shown = line if line != "-" else ""
        if line.startswith(HEADING):
            level, shown = int(line[1]), line[2:].strip()
            if below <= level:
                continue
            below = level
        elif shown:
            below = 9
        if shown or (lines and lines[-1]):
            lines.append(shown)
    return "\n".join(reversed(lines)).strip()


class _Page:
    """The conversion of one page: what its links hide, and whether it had to be crude."""

    def __init__(self, hidden: frozenset[str]) -> None:
        self.is_fallback = False
        self._hidden = hidden
        self._n_parsed = 0
        self._text = ""
        self._top = 0

    def resolve(self, text: str) -> str:
        """Returns the text with all links and templates resolved that nest nothing, again and again."""
        for _ in range(_ROUNDS):
            before = text
            if "{{{" in text:
                text = _ARGUMENT.sub(lambda match: match[1] or "", text)
            if "[[" in text:
                text = _LINK.sub(lambda match: self.link(match[1], match[2]), text)
            if "-{" in text:
                text = _VARIANTS.sub(lambda match: variant(match[1]), text)
            if "{{" in text:
                self._text, self._top = text, _top(text)
                text = _TEMPLATE.sub(self._flat_template, text)
            if text == before:
                break
        return text

    def show(self, piece: str, depth: int, *, is_top: bool) -> str:
        """Returns the text of a closed piece: a template, a link or a table with all that is in them."""
        if depth == 1:
            return self._flat(piece, is_top)
        self._n_parsed += len(piece)
        text = self._parsed(piece, is_top) if depth <= _DEEPEST and self._n_parsed <= _MOST_PARSED else piece
        if not _TOKEN.search(text):
            return text
        self.is_fallback = True
        return _crude(piece)

    def _parsed(self, piece: str, is_top: bool) -> str:
        """Returns the text of a piece as mwparserfromhell sees it; the piece itself where it fails."""
        from mwparserfromhell.parser import ParserError

        from openqa.corpus.wiki.nodes import parsed_text

        try:
            shielded = _LONE.sub(lambda match: match[0].translate(SHIELD), piece)
            return parsed_text(shielded, self.link, is_top=is_top)
        except (ParserError, RecursionError, ValueError):
            return piece

    def _flat(self, piece: str, is_top: bool) -> str:
        """Returns the text of a piece that nests nothing."""
        if piece.startswith("{|"):
            return flat_table_text(piece)
        name, bar, rest = piece[2:-2].partition("|")
        if piece.startswith("[["):
            return self.link(name, rest if bar else None)
        named, shown = arguments(bar + rest)
        if is_infobox(name, len(named), is_top=is_top):
            return facts_text((key, value) for key, _, value in (argument.partition("=") for argument in named))
        return template_text(name, shown)

    def link(self, target: str, shown: str | None) -> str:
        """Returns what a link shows; nothing for files, categories and the same page in other languages."""
        name = target.strip()
        if name.startswith(":"):
            name = name[1:]
        elif ":" in name:
            prefix = name.partition(":")[0].strip().replace("_", " ")
            is_language = shown is None and _LANGUAGE_PREFIX.fullmatch(prefix)
            if prefix.lower() in self._hidden or is_language or _MEDIA.search(name):
                return VOID
        text = name.lstrip("#") if shown is None else shown
        return text.translate(_IN_LINK) if "|" in text or "=" in text else text

    def _flat_template(self, match: re.Match[str]) -> str:
        """Returns what a template shows; itself, to be parsed, when it is an infobox."""
        before = self._text[max(0, match.start() - 300) : match.start()]
        line = before[before.rfind("\n") + 1 :].lstrip()
        is_value = line.startswith("|") and "=" in line
        is_alone = not line or line.endswith("}}")
        named, shown = arguments(match[2])
        if is_alone and is_infobox(match[1], len(named), is_top=match.start() < self._top):
            return match[0]
        return template_text(match[1], shown, is_value=is_value)


def variant(body: str) -> str:
    """Returns what `-{body}-` shows where a wiki has its text in several scripts: simplified Chinese, Cyrillic Serbian.

    Args:
        body: the text between the braces, such as "zh-hans:信息;zh-hant:資訊" or "H|zh-cn:...".
    """
    flags, bar, rest = body.partition("|")
    rules = rest if bar else body
    if bar and _HIDDEN_VARIANT & {flag.strip().upper() for flag in flags.split(";")}:
        return VOID
    matches = [_VARIANT_RULE.fullmatch(rule) for rule in _VARIANT_BOUND.split(rules.rstrip("; \n"))]
    choices = {match[1]: match[2].strip() for match in reversed(matches) if match}
    if not choices or None in matches:
        return rules.strip()
    first = next(match[1] for match in matches if match)
    return choices[next((code for code in _FIRST_VARIANTS if code in choices), first)]


def _top(text: str) -> int:
    """Returns where the first heading stands, or the end."""
    start = text.find(HEADING)
    return start if start >= 0 else len(text)


def _voided(text: str, lost: list[tuple[int, int]]) -> str:
    if not lost:
        return text
    marks = list(text)
    for start, end in lost:
        marks[start:end] = [VOID] * (end - start)
    return "".join(marks)


def _outermost(found: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yields (start, end, depth) of the pieces that lie in no other."""
    around: list[int] = []
    outer, depth = (0, 0), 0
    for start, end in sorted(found):
        while around and around[-1] <= start:
            around.pop()
        if not around:
            if depth:
                yield (*outer, depth)
            outer, depth = (start, end), 0
        around.append(end)
        depth = max(depth, len(around))
    if depth:
        yield (*outer, depth)


def _crude(piece: str) -> str:
    """Returns a piece without its markup, by regular expressions alone: a template shows nothing, a table its cells."""
    if piece.startswith("{{"):
        return VOID
    for _ in range(_ROUNDS):
        piece = _TEMPLATE.sub(VOID, _LINK.sub(r"\2", piece))
    return flat_table_text(piece) if piece.startswith("{|") else piece
