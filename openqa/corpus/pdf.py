"""PDF files as documents, one a page, so that an answer names the page that it stands on.

Words that a line's end cuts in two are joined. Text in pictures is not read: a scanned file is refused by name.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import regex

from openqa.errors import DataError, NoText, require
from openqa.types import Document

PDF_SUFFIXES = (".pdf",)
_CUT_WORD = regex.compile(r"(?<=\p{Ll})-\n(?=\p{Ll})")


def pdf_documents(path: Path, id: str, lang: str) -> Iterator[Document]:
    """Yields the pages of a file that have text; their ids are the file's with `#page=3`.

    Args:
        path: the file.
        id: of the file.
        lang: its language.

    Raises:
        DataError: the file cannot be read, or is encrypted.
        NoText: it has no text on any page.
        MissingExtra: pypdf is not installed.
    """
    require("documents", "pypdf")
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it says of a damaged file stands in the error
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DataError(f"{path}: is encrypted; give a copy without a password")
        title = (reader.metadata.title if reader.metadata else "") or path.stem
        pages = [page.extract_text() for page in reader.pages]
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; give a file that exists and can be read") from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise DataError(f"{path}: is no PDF that can be read ({error}); it is damaged or cut off") from error
    if not any(text.strip() for text in pages):
        raise NoText(f"{path}: has no text on its {len(pages)} pages; it may be scanned: give it to an OCR first")
    for number, text in enumerate(pages, start=1):
        if text.strip():
            joined = _CUT_WORD.sub("", text).strip()
            yield Document(f"{id}#page={number}", joined, title, lang, metadata={"page": str(number)})
