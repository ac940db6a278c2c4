import gzip
import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.corpus import Fields, jsonl_documents
from openqa.errors import DataError
from openqa.types import Document


def write(path: Path, *records: Any) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(jsonl_documents(path, **options))
    return str(caught.value).replace(str(path), path.name)


def test_a_full_record_becomes_a_document(tmp_path: Path) -> None:
    """Known fields go to their places and all others into metadata as text."""
    record = {
        "id": "a",
        "title": "Tunguska",
        "text": "Взрыв в 1908 году.",
        "url": "https://example.org/a",
        "lang": "ru",
        "page": 3,
        "checked": True,
        "weight": 0.5,
        "author": "Kulik",
        "none": None,
        "parts": {"a": [1, "б"]},
    }
    metadata = {"page": "3", "checked": "true", "weight": "0.5", "author": "Kulik", "parts": '{"a":[1,"б"]}'}
    expected = Document("a", "Взрыв в 1908 году.", "Tunguska", "ru", "https://example.org/a", metadata)
    assert list(jsonl_documents(write(tmp_path / "c.jsonl", record))) == [expected]


@pytest.mark.parametrize("name", ["id", "_id", "docid"])
def test_every_spelling_of_the_id_is_read(tmp_path: Path, name: str) -> None:
    """Plain JSON Lines, BEIR and MIRACL differ only in the id field; whole numbers are ids too."""
    path = write(tmp_path / "c.jsonl", {name: "12#0", "title": "", "text": "x"}, {name: 7, "text": "y"})
    assert list(jsonl_documents(path, lang="sw")) == [Document("12#0", "x", lang="sw"), Document("7", "y", lang="sw")]


def test_an_object_called_metadata_is_merged(tmp_path: Path) -> None:
    """BEIR keeps further fields in "metadata"; a field of the record itself wins over one in there."""
    path = write(tmp_path / "c.jsonl", {"_id": "a", "text": "x", "date": "2020", "metadata": {"date": "1999", "n": 1}})
    assert next(jsonl_documents(path)).metadata == {"date": "2020", "n": "1"}


def test_named_fields_replace_the_usual_ones(tmp_path: Path) -> None:
    """With other names the usual names are metadata like any other."""
    path = write(tmp_path / "c.jsonl", {"id": 1, "slug": "s", "body": "the body", "text": "short"})
    (document,) = jsonl_documents(path, fields=Fields("body", "slug"))
    assert (document.id, document.text, document.metadata) == ("s", "the body", {"id": "1", "text": "short"})


def test_a_record_with_a_blank_language_takes_the_default(tmp_path: Path) -> None:
    """An empty or missing "lang" is the caller's language; "und" unless one is given."""
    path = write(tmp_path / "c.jsonl", {"id": "a", "text": "x", "lang": " "}, {"id": "b", "text": "x", "lang": "th"})
    assert [document.lang for document in jsonl_documents(path, lang="tr")] == ["tr", "th"]
    assert next(jsonl_documents(write(tmp_path / "d.jsonl", {"id": "a", "text": "x"}))).lang == "und"


def test_gz_bom_crlf_blank_lines_and_line_separators_are_read(tmp_path: Path) -> None:
    """A line ends at LF or CRLF only: U+2028 and U+0085 may stand inside a string."""
    text = "eins\u2028zwei\u0085drei"
    raw = "\ufeff" + json.dumps({"id": "a", "text": text}, ensure_ascii=False) + '\r\n\r\n{"id": "b", "text": "y"}'
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(gzip.compress(raw.encode()))
    assert [(document.id, document.text) for document in jsonl_documents(path)] == [("a", text), ("b", "y")]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.builds(
        Document,
        id=TEXT.filter(str.strip),
        text=TEXT,
        title=TEXT,
        lang=st.sampled_from(["ar", "und", "zh-Hant"]),
        url=TEXT,
        metadata=st.dictionaries(TEXT.map("m {}".format), TEXT, max_size=3),
    )
)
@settings(deadline=None)
def test_any_document_survives_the_round_trip(document: Document) -> None:
    """Law: written as a JSON object a line and read again, nothing of any Unicode text changes."""
    fields = {name: getattr(document, name) for name in ("id", "text", "title", "lang", "url")}
    with TemporaryDirectory() as folder:
        path = write(Path(folder) / "c.jsonl", {**fields, **document.metadata})
        assert list(jsonl_documents(path)) == [document]


def test_documents_are_streamed(tmp_path: Path) -> None:
    """The first document comes before a later broken line is read."""
    documents = jsonl_documents(write(tmp_path / "c.jsonl", {"id": "a", "text": "x"}, "{"))
    assert next(documents).id == "a"
    with pytest.raises(DataError):
        next(documents)


def test_a_title_without_text_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """BEIR's corpora hold documents with an empty text; they are not dropped."""
    caplog.set_level(logging.WARNING)
    assert next(jsonl_documents(write(tmp_path / "c.jsonl", {"id": "a", "title": "T", "text": ""}))).title == "T"
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            {"id": "a", "body": "Some words here."},
            'passage has no "text" (found: "id", "body"); rename the field or pass --text-field body',
        ),
        (
            {"id": "a", "url": "http://x y", "answer_nl": "Some words here.", "short": "a b"},
            'passage has no "text" (found: "id", "url", "answer_nl", "short"); '
            "rename the field or pass --text-field answer_nl",
        ),
        (
            {"id": "a", "n": 1, "code": "xyz"},
            'passage has no "text" (found: "id", "n", "code"); add it or name its field with --text-field',
        ),
        ({"id": "a", "text": None}, '"text" is null; a string is needed'),
        ({"id": "a", "text": 5}, '"text" is a number; a string is needed'),
        ({"id": "a", "text": ["x"]}, '"text" is a list; a string is needed'),
        (
            {"text": "x", "slug": "a"},
            'passage has no "id" (found: "text", "slug"); add one to every record or pass --id-field slug',
        ),
        (
            {"text": "x"},
            'passage has no "id" (found: "text"); add one to every record or name its field with --id-field',
        ),
        ({}, 'passage has no "id" (found: nothing); add one to every record or name its field with --id-field'),
        ({"id": " ", "text": "x"}, '"id" is empty; every record needs an id of its own'),
        ({"id": 1.5, "text": "x"}, '"id" is a number; an id is a string or a whole number'),
        ({"id": True, "text": "x"}, '"id" is true; an id is a string or a whole number'),
        (
            '{"id": "a", "text": "ab\\ud83d"}',
            '"text" holds half a surrogate pair (\\ud83d) at character 2; write the record again as valid Unicode',
        ),
        ('{"id": "a", "text": ', "not valid JSON (Expecting value at column 21); one object a line is needed"),
        ('["a"]', "a JSON object is needed, found a list"),
        ("[" * 100_000, "not valid JSON (nested too deeply); one object a line is needed"),
        ('{"id": ' + "1" * 5000 + "}", "not valid JSON (a number is too long); one object a line is needed"),
    ],
)
def test_a_wrong_record_is_refused_with_its_line(tmp_path: Path, record: Any, message: str) -> None:
    """The message names file and line, what was found and what to do."""
    path = write(tmp_path / "corpus.jsonl", {"id": "first", "text": "x"}, "", record)
    assert refusal(path) == f"corpus.jsonl:3: {message}"


def test_a_named_field_that_is_missing_is_refused(tmp_path: Path) -> None:
    """A misspelt option names the field that it asked for, and guesses the right one."""
    path = write(tmp_path / "c.jsonl", {"id": "a", "text": "some words"})
    assert refusal(path, fields=Fields(text="txt")) == (
        'c.jsonl:1: passage has no "txt" (found: "id", "text"); rename the field or pass --text-field text'
    )
    assert refusal(path, fields=Fields(id="uid")) == (
        'c.jsonl:1: passage has no "uid" (found: "id", "text"); '
        "add one to every record or name its field with --id-field"
    )
