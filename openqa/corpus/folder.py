"""Plain text and Markdown files as documents, one a file.

The id is the path below the folder with forward slashes, so that a rebuilt index has the same ids. The title is what
the front matter says, else the first heading of a Markdown file, else the file's name. Front matter (YAML between `---`
or TOML between `+++`) is taken as plain `key: value` lines and lists; deeper structure stays as it is written.
Line ends become LF, and offsets count in that text. Markdown is kept as written, not rendered.
"""

import logging
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from openqa.errors import DataError
from openqa.files import read_text
from openqa.types import Document

TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown")
_MARKDOWN = (".md", ".markdown")
_FENCES = {"---": ":", "+++": "="}
_FENCE_LINE = re.compile(r" {0,3}(```+|~~~+)")
_ATX = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_log = logging.getLogger(__name__)


def plain_suffix(name: str) -> str:
    """Returns the suffix of a file name in lower case, a final .gz left aside."""
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def text_files(folder: Path) -> Iterator[Path]:
    """Yields the text and Markdown files below a folder, its own before those of its folders, each in order of name.

    Hidden files and folders are passed over. Files of other kinds are counted in one warning of the log at the end.

    Raises:
        DataError: a folder below cannot be read.
    """
    others: Counter[str] = Counter()
    for where, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            suffix = plain_suffix(name)
            if suffix in TEXT_SUFFIXES:
                yield Path(where, name)
            else:
                others[suffix or "no suffix"] += 1
    if others:
        kinds = ", ".join(f"{suffix} {n}" for suffix, n in sorted(others.items()))
        _log.warning("%s: %d files of other kinds left out (%s)", folder, others.total(), kinds)


def folder_documents(folder: Path, *, lang: str = "und") -> Iterator[Document]:
    """Yields a document for each text or Markdown file below a folder that is not empty.

    An empty file is named in a warning of the log.

    Args:
        folder: where to look, at any depth; symbolic links to folders are not followed.
        lang: the language of files whose front matter names none.

    Raises:
        DataError: a file cannot be read or is not UTF-8; with path:line.
    """
    for path in text_files(folder):
        yield from file_documents(path, path.relative_to(folder).as_posix(), lang=lang)


def file_documents(path: Path, id: str, *, lang: str = "und") -> Iterator[Document]:
    """Yields one file as a document, or nothing but a warning in the log when it is empty.

    Raises:
        DataError: the file cannot be read or is not UTF-8; with path:line.
    """
    shown = str(path).encode("utf-8", "replace").decode("utf-8")
    if shown != str(path):
        raise DataError(f"{shown}: the file's name is not UTF-8; rename the file")
    text = read_text(path)
    front: dict[str, str] = {}
    is_markdown = plain_suffix(path.name) in _MARKDOWN
    if is_markdown:
        front, text = split_front_matter(text)
    if not text.strip():
        _log.warning("%s: is empty; left out", path)
        return
    heading = first_heading(text) if is_markdown else ""
    title = front.pop("title", "") or heading or PurePosixPath(path.name.removesuffix(".gz")).stem
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


def _refuse_folder(error: OSError) -> None:
    raise DataError(f"{error.filename}: {error.strerror}; give a folder that can be read") from error
