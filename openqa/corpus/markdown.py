"""Plain text and Markdown files as documents, one a file.

The title is what the front matter says, else the first heading of a Markdown file, else the file's name. Front matter
(YAML between `---` or TOML between `+++`) is taken as plain `key: value` lines and lists; deeper structure stays as it
is written. Line ends become LF, and offsets count in that text. Markdown is kept as written, not rendered.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from openqa.errors import NoText
from openqa.files import plain_stem, plain_suffix, read_text
from openqa.types import Document

TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown")
_MARKDOWN = (".md", ".markdown")
_FENCES = {"---": ":", "+++": "="}
_FENCE_LINE = re.compile(r" {0,3}(```+|~~~+)")
_ATX = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")


def text_documents(path: Path, id: str, lang: str) -> Iterator[Document]:
    """Yields one file as a document.

    Args:
        path: the file; may end in .gz.
        id: of the document.
        lang: its language where the front matter names none.

    Raises:
        DataError: the file cannot be read or is not UTF-8; with path:line.
        NoText: it is empty.
    """
    text = read_text(path)
    front: dict[str, str] = {}
    is_markdown = plain_suffix(path.name) in _MARKDOWN
    if is_markdown:
        front, text = split_front_matter(text)
    if not text.strip():
        raise NoText(f"{path}: is empty; give a file with text")
    heading = first_heading(text) if is_markdown else ""
    title = front.pop("title", "") or heading or plain_stem(path.name)
    own_lang = front.pop("lang", "") or front.pop("language", "")
    yield Document(id=id, text=text, title=title, lang=own_lang or lang, url=front.pop("url", ""), metadata=front)


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Returns the fields of the front matter and the text after it; no fields when it is absent or never closed."""
    lines = text.split("\n")
    fence = lines[0].rstrip()
    if fence not in _FENCES:
        return {}, text
    end = next((n for n, line in enumerate(lines[1:], start=1) if line.rstrip() == fence), None)
    if end is None:
        return {}, text
    return _fields(lines[1:end], _FENCES[fence]), "\n".join(lines[end + 1 :])


def first_heading(text: str) -> str:
    """Returns the first heading of a Markdown text (`# ...`, or underlined), those in code blocks left out; or ""."""
    fence = ""
    previous = ""
    for line in text.split("\n"):
        mark = _FENCE_LINE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            heading = _ATX.match(line)
            if heading and heading[1]:
                return heading[1].strip()
            if _SETEXT.match(line) and previous:
                return previous
        previous = "" if fence else line.strip()
    return ""


def _fields(lines: list[str], separator: str) -> dict[str, str]:
    """Returns `key: value` lines as fields; lines of a list or a continuation are joined to the value with ", "."""
    fields: dict[str, str] = {}
    key = ""
    for line in lines:
        name, found, value = line.partition(separator)
        if found and name.strip() and not line[0].isspace() and not line.startswith(("-", "#")):
            key = name.strip().lower()
            fields[key] = _unquoted(value)
        elif key and line.strip() and not line.lstrip().startswith("#"):
            item = _unquoted(line.strip().removeprefix("-"))
            fields[key] = f"{fields[key]}, {item}" if fields[key] else item
    return {name: value for name, value in fields.items() if value}


def _unquoted(value: str) -> str:
    text = value.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
