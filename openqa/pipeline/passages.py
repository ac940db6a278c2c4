"""Documents on their way into an index: the language told where it is unknown, then cut into passages."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from openqa.corpus.jsonl import require_unicode
from openqa.corpus.passages import Splitting, split, whole
from openqa.errors import DataError
from openqa.pipeline.questions import is_known
from openqa.text.identify import identify
from openqa.types import Document, Passage

_log = logging.getLogger(__name__)


def document_passages(documents: Iterable[Document], splitting: Splitting, lang: str) -> Iterator[list[Passage]]:
    """Yields all passages of one document at a time; a document with neither text nor title is named in the log.

    Args:
        documents: consumed once, one held at a time.
        splitting: how to cut.
        lang: the language of documents that do not name their own; "und" identifies each from its text.

    Raises:
        TypeError: something other than a Document is among them.
        DataError: a text is no valid Unicode, or there are documents, but none with text or title.
    """
    if isinstance(documents, Document | str):
        raise TypeError(f"documents must be an iterable of Document, got {type(documents).__name__}; give a list")
    n_kept, n_left_out = 0, 0
    for document in documents:
        if not isinstance(document, Document):
            raise TypeError(f"documents must be of openqa.Document, got {type(document).__name__}: {document!r:.100}")
        if not isinstance(document.text, str):
            raise TypeError(f'document "{document.id}": text must be str, got {type(document.text).__name__}')
        known = _with_language(document, lang)
        passages = whole(known) if splitting.by == "document" else split(known, window_words=splitting.window_words)
        if passages:
            n_kept += 1
            yield passages
        else:
            n_left_out += 1
            _log.warning('document "%s" has neither text nor title; left out', document.id)
    if n_left_out and not n_kept:
        raise DataError(
            f"none of the {n_left_out:,} documents has text or title, so there is nothing to index; "
            f"give documents with text"
        )


def _with_language(document: Document, lang: str) -> Document:
    if is_known(document.lang):
        return document
    if is_known(lang):
        return replace(document, lang=lang)
    require_unicode(f'document "{document.id}"', text=document.text, title=document.title)
    return replace(document, lang=identify(document.text or document.title))
