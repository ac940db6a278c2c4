"""Wikitext without its tags, comments, quote marks and line marks: what is left are templates, links and tables.

Characters that a page shows as they are (in `<nowiki>` and `<pre>`) are shielded: each stands as a control character,
which XML does not allow in a page, until all markup is resolved.
"""

import re
from collections.abc import Iterator

from openqa.corpus.wiki.names import BLOCK_TAGS, CELL_TAGS, HIDDEN_TAGS, INLINE_TAGS, LITERAL_TAGS

_MARKS = "[]{}|=<'"
SHIELD = {ord(mark): number for number, mark in enumerate(_MARKS, start=1)}
PIPE = chr(SHIELD[ord("|")])
VOID = "\x0e"  # nothing; keeps what stands around it apart
BREAK = "\x0f"  # a line end that ends no row of a table
HEADING = "\x10"  # begins a heading, before the digit of its level
_UNUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?")
_OPENING = re.compile(rf"<!--|<({'|'.join((*HIDDEN_TAGS, *LITERAL_TAGS))})(?=[\s/>])([^<>]*+)>", re.IGNORECASE)
_KNOWN_TAGS = "|".join(sorted({*BLOCK_TAGS, *CELL_TAGS, *INLINE_TAGS, *HIDDEN_TAGS, *LITERAL_TAGS}))
_TAG = re.compile(rf"</?({_KNOWN_TAGS})(?=[\s/>])[^<>]*+>", re.IGNORECASE)
_RAISED = re.compile(r"<(su[pb])>([-+−\d]{1,9})</su[pb]>", re.IGNORECASE)
_DIGITS = {
    "sup": str.maketrans("+-−0123456789", "⁺⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "sub": str.maketrans("+-−0123456789", "₊₋₋₀₁₂₃₄₅₆₇₈₉"),
}
_REPLACED = {**dict.fromkeys(BLOCK_TAGS, BREAK), **dict.fromkeys(CELL_TAGS, f" {PIPE} ")}
_EXTERNAL = re.compile(
    r"\[(?:(?:(?:https?|ftps?|sftp|irc|gopher|news|git|svn):)?//|mailto:)[^\s\[\]]*+[ \t]*+([^\[\]\n]*+)\]", re.I
)
_SWITCH = re.compile(r"__([^\W_]{2,40}(?:_[^\W_]{2,40})*)__")
_QUOTES = re.compile(r"''+")
_LIST_MARKS = "*#:;"


def without_tags(wikitext: str) -> str:
    """Returns wikitext whose only markup are templates, links and tables; its headings begin with HEADING.

    References, formulas and other tags whose content is no text go with their content, other tags leave it.

    Args:
        wikitext: the source of a page.
    """
    text = _LINE_END.sub("\n", _UNUSED.sub("", wikitext))
    if "<" in text:
        text = "".join(_visible(text))
        text = _RAISED.sub(lambda match: match[2].translate(_DIGITS[match[1].lower()]), text)
        text = _TAG.sub(lambda match: _REPLACED.get(match[1].lower(), ""), text)
    if "__" in text:
        text = _SWITCH.sub(lambda match: match[0] if match[1] != match[1].upper() else VOID, text)
    text = "\n".join(map(_line, text.split("\n")))
    return _EXTERNAL.sub(r"\1", text) if "//" in text or "mailto:" in text else text


def unshielded(text: str) -> str:
    """Returns text with its shielded characters as they are shown."""
    for mark, number in zip(_MARKS, SHIELD.values(), strict=True):
        text = text.replace(chr(number), mark)
    return text


def _visible(text: str) -> Iterator[str]:
    """Yields the text without comments and hidden tags, literal text shielded; a tag that never closes is dropped."""
    end = 0
    unclosed: set[str] = set()
    while match := _OPENING.search(text, end):
        yield text[end : match.start()]
        end = match.end()
        name = (match[1] or "").lower()
        if name and (match[2].endswith("/") or name in unclosed):
            continue
        closing = re.compile(rf"</{name}\s*+>" if name else "-->", re.IGNORECASE).search(text, end)
        if closing:
            if name in LITERAL_TAGS:
                yield text[end : closing.start()].translate(SHIELD)
            end = closing.end()
            is_line = text[max(0, match.start() - 1) : match.start()] == "\n" == text[end : end + 1]
            if is_line and not name:
                end += 1
        elif name:
            unclosed.add(name)
        else:
            end = len(text)
    yield text[end:]


def _line(line: str) -> str:
    if "''" in line:
        line = _unquoted(line)
    first = line[:1]
    if first == "=":
        return _heading(line)
    if first and first in _LIST_MARKS:
        rest = line.lstrip(_LIST_MARKS)
        is_item = "*" in line[: len(line) - len(rest)] or "#" in line[: len(line) - len(rest)]
        return f"- {rest.lstrip()}" if is_item else rest.lstrip()
    return line.lstrip("-") if line.startswith("----") else line


def _heading(line: str) -> str:
    title = line.rstrip()
    level = min(len(title) - len(title.lstrip("=")), len(title) - len(title.rstrip("=")), (len(title) - 1) // 2, 6)
    return f"{HEADING}{level}{title[level:-level].strip()}" if level > 0 else line


def _unquoted(line: str) -> str:
    """Returns a line without the marks of bold and italic.

    Where both are odd in number, one bold mark is an apostrophe and an italic mark, as in `''Nutuk'''ta`: the first
    between two letters. MediaWiki takes the first after a word, which may be the mark that opens a bold word.
    """
    lengths = [len(match[0]) for match in _QUOTES.finditer(line)]
    n_bold = sum(length > 2 for length in lengths)
    n_italic = sum(length == 2 or length > 4 for length in lengths)
    if n_bold % 2 and n_italic % 2:
        line = re.sub(r"(?<=\w)'''(?=\w)", "'", line, count=1)
    return _QUOTES.sub(lambda match: "'" * {2: 0, 3: 0, 4: 1}.get(len(match[0]), len(match[0]) - 5), line)
