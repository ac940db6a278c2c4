"""Documents on their way into an index."""

import logging

import pytest

from openqa.corpus.passages import Splitting
from openqa.errors import DataError
from openqa.pipeline.passages import document_passages
from openqa.types import Document

WINDOWS = Splitting(window_words=10)


def test_passages_follow_the_rule_and_report_empty_documents(caplog: pytest.LogCaptureFixture) -> None:
    """A document with neither text nor title is named in the log, not silently dropped."""
    long = Document("a", "One two three four five six seven eight nine ten. " * 2)
    documents = [long, Document("b", " "), Document("c", "Drei.")]
    with caplog.at_level(logging.WARNING):
        found = [[passage.id for passage in passages] for passages in document_passages(documents, WINDOWS, "und")]
    assert found == [["a#0", "a#1"], ["c#0"]]
    assert [record.getMessage() for record in caplog.records] == ['document "b" has neither text nor title; left out']
    (passages,) = document_passages([long], Splitting(by="document"), "und")
    assert [passage.id for passage in passages] == ["a"]
    assert list(document_passages([], WINDOWS, "und")) == []


def test_passages_are_streamed() -> None:
    """A corpus larger than memory is never held."""
    endless = (Document(str(n), "Text.") for n in iter(int, 1))
    assert next(document_passages(endless, WINDOWS, "en"))[0].text == "Text."


def test_texts_that_cannot_be_written_are_refused_before_their_language_is_told() -> None:
    """Half a character, which a JSON escape can smuggle in; and what is no text at all."""
    with pytest.raises(DataError) as refused:
        list(document_passages([Document("a", "x \ud800 y")], WINDOWS, "und"))
    assert str(refused.value) == (
        r'document "a": "text" holds half a surrogate pair (\ud800) at character 2; '
        "write the record again as valid Unicode"
    )
    with pytest.raises(DataError, match=r'"title" holds half a surrogate pair'):
        list(document_passages([Document("a", "", title="\ud800")], WINDOWS, "und"))
    with pytest.raises(TypeError) as wrong:
        list(document_passages([Document("a", None)], WINDOWS, "und"))  # type: ignore[arg-type]
    assert str(wrong.value) == 'document "a": text must be str, got NoneType'
