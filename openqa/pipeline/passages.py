"""Documents on their way into an index: the language told where it is unknown, then cut into passages."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from openqa.corpus.passages import Splitting, split, whole
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
    """
    if isinstance(documents, Document | str):
        raise TypeError(f"documents must be an iterable of Document, got {type(documents).__name__}; give a list")
    for document in documents:
        if not isinstance(document, Document):
            raise TypeError(f"documents must be of openqa.Document, got {type(document).__name__}: {document!r:.100}")
        known = _with_language(document, lang)
        passages = whole(known) if splitting.by == "document" else split(known, window_words=splitting.window_words)
        if passages:
            yield passages
        else:
            _log.warning('document "%s" has neither text nor title; left out', document.id)


def _with_language(document: Document, lang: str) -> Document:
    if is_known(document.lang):
        return document
    return replace(document, lang=lang if is_known(lang) else identify(document.text or document.title))
