"""Web pages as documents: the main text of a page, without menus, footers and comments.

The text is what trafilatura takes for the page's own (Barbaresi 2021, aclanthology.org/2021.acl-demo.15), tables and
lists kept; title, language and address are those that the page names.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openqa.errors import NoText, require
from openqa.files import open_bytes, plain_stem
from openqa.types import Document

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
_LANG = re.compile(rb"""<html[^>]*?\slang\s*=\s*["']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)""", re.IGNORECASE)
_HEAD_BYTES = 1 << 14


def html_documents(path: Path, id: str, lang: str) -> Iterator[Document]:
    """Yields one page as a document.

    Args:
        path: the file; may end in .gz.
        id: of the document.
        lang: its language where the page names none.

    Raises:
        DataError: the file cannot be read.
        NoText: it has no text of its own.
        MissingExtra: trafilatura is not installed.
    """
    require("documents", "trafilatura")
    import trafilatura

    with open_bytes(path) as file:
        content = file.read()
    found: Any = trafilatura.bare_extraction(
        content, include_comments=False, include_tables=True, favor_recall=True, with_metadata=True
    )
    text = (found.text or "").strip() if found else ""
    if not text:
        raise NoText(f"{path}: has no text of its own, only markup; give a page with text")
    named = _LANG.search(content[:_HEAD_BYTES])
    yield Document(
        id=id,
        text=text,
        title=(found.title or "").strip() or plain_stem(path.name),
        lang=named[1].decode("ascii") if named else lang,
        url=found.url or "",
    )
