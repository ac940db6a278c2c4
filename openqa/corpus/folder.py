"""A person's own files in a folder, at any depth: text, Markdown, web pages, PDF, Word, tables.

The id of a file is its path below the folder with forward slashes, so that a rebuilt index has the same ids.
A file that cannot be read is left out and named with its reason: one broken file does not stop a folder of thousands.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from openqa.corpus.columns import TABLE_SUFFIXES, Watch, table_documents
from openqa.corpus.docx import DOCX_SUFFIXES, docx_documents
from openqa.corpus.fields import Fields
from openqa.corpus.html import HTML_SUFFIXES, html_documents
from openqa.corpus.markdown import TEXT_SUFFIXES, text_documents
from openqa.corpus.pdf import PDF_SUFFIXES, pdf_documents
from openqa.errors import DataError
from openqa.files import plain_suffix
from openqa.types import Document

OWN_SUFFIXES = (*TEXT_SUFFIXES, *HTML_SUFFIXES, *PDF_SUFFIXES, *DOCX_SUFFIXES, *TABLE_SUFFIXES)
OTHER_KIND = "is of a kind that is not read"
_UNPACKED = (*PDF_SUFFIXES, *DOCX_SUFFIXES)  # that are not read from .gz
LeaveOut = Callable[[str, str], None]  # name of a file or group of files, and why it is left out


def is_own_file(name: str) -> bool:
    """Returns True if a file of this name is read as one of a person's own."""
    suffix = plain_suffix(name)
    return suffix in OWN_SUFFIXES and not (suffix in _UNPACKED and name.lower().endswith(".gz"))


def own_files(folder: Path, leave_out: LeaveOut) -> Iterator[Path]:
    """Yields the files below a folder that are read, its own before those of its folders, each in order of name.

    Hidden files and folders are passed over, symbolic links to folders not followed.

    Args:
        folder: where to look.
        leave_out: is told of files of other kinds, all of one kind together, after the last file.

    Raises:
        DataError: a folder below cannot be read.
    """
    others: Counter[str] = Counter()
    for where, folders, names in os.walk(folder, onerror=_refuse_folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            if is_own_file(name):
                yield Path(where, name)
            else:
                others[plain_suffix(name) or "no suffix"] += 1
    for suffix, n in sorted(others.items()):
        leave_out(f"{n} × {suffix}", OTHER_KIND)


def own_documents(path: Path, id: str, lang: str, fields: Fields, watch: Watch | None = None) -> Iterator[Document]:
    """Yields the documents of one file: most have one, a PDF one a page, a table one a group of rows.

    Args:
        path: a file that `is_own_file` knows.
        id: of the file.
        lang: its language where it does not name its own.
        fields: of tables.
        watch: is given the open file of a table, to see how far it has been read.

    Raises:
        DataError: the file cannot be read, or has no text.
        MissingExtra: the package that reads its kind is not installed.
    """
    shown = str(path).encode("utf-8", "replace").decode("utf-8")
    if shown != str(path):
        raise DataError(f"{shown}: the file's name is not UTF-8; rename the file")
    suffix = plain_suffix(path.name)
    if suffix in TABLE_SUFFIXES:
        yield from table_documents(path, id, lang, fields, watch)
        return
    readers = {PDF_SUFFIXES: pdf_documents, DOCX_SUFFIXES: docx_documents, HTML_SUFFIXES: html_documents}
    read = next((reader for suffixes, reader in readers.items() if suffix in suffixes), text_documents)
    yield from read(path, id, lang)


def _refuse_folder(error: OSError) -> None:
    raise DataError(f"{error.filename}: {error.strerror}; give a folder that can be read") from error
