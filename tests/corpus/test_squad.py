import json
import os
from pathlib import Path
from typing import Any

import pytest

from openqa.corpus import read_squad, squad_documents, squad_questions
from openqa.errors import DataError
from openqa.types import Question

DATA = Path(os.environ.get("OPENQA_DATA") or "../shared/data")


def squad(path: Path, *articles: Any) -> Path:
    path.write_text(json.dumps({"version": "1.1", "data": list(articles)}), encoding="utf-8")
    return path


def article(title: str, *paragraphs: tuple[str, list[tuple[str, str, list[tuple[str, int]]]]]) -> dict[str, Any]:
    return {
        "title": title,
        "paragraphs": [
            {
                "context": context,
                "qas": [
                    {"id": id, "question": text, "answers": [{"text": a, "answer_start": s} for a, s in answers]}
                    for id, text, answers in questions
                ],
            }
            for context, questions in paragraphs
        ],
    }


def test_paragraphs_become_documents_and_questions_point_at_them(tmp_path: Path) -> None:
    """The id joins the title and a digest of the text; answers are kept once, with the spans that stand."""
    path = squad(
        tmp_path / "s.json",
        article("Super_Bowl_50", ("Denver won.", [("q1", "Who won?", [("Denver", 0), ("Denver", 0), ("won", 7)])])),
    )
    (document,) = squad_documents(path, "en")
    assert (document.title, document.text, document.lang) == ("Super Bowl 50", "Denver won.", "en")
    assert document.id.startswith("Super_Bowl_50-")
    assert len(document.id) == len("Super_Bowl_50-") + 12
    question = Question("q1", "Who won?", "en", ("Denver", "won"))
    assert squad_questions(path, "en") == [(question, document.id)]
    (asked,) = read_squad(path, "en", question_lang="de").questions
    assert asked.spans == ((0, 6), (7, 10))
    assert asked.question.lang == "de"


def test_an_answer_that_does_not_stand_at_its_offset_has_no_span(tmp_path: Path) -> None:
    """SQuAD-TR's dev set has 1,129 such answers: the answer counts, its place is not believed."""
    answers = [("won", 0), ("Denver", -11), ("gewann", 3)]
    (asked,) = read_squad(squad(tmp_path / "s.json", article("T", ("Denver won.", [("q", "?", answers)])))).questions
    assert asked.question.answers == ("won", "Denver", "gewann")
    assert asked.spans == ()


def test_a_stray_byte_order_mark_keeps_the_offsets_right(tmp_path: Path) -> None:
    """XQuAD's contexts partly start with U+FEFF, which the answers' offsets count."""
    data = read_squad(squad(tmp_path / "s.json", article("T", ("\ufeffKedi uyur.", [("q", "?", [("uyur", 6)])]))))
    (start, end), text = data.questions[0].spans[0], data.documents[0].text
    assert text[start:end] == "uyur"


def test_ids_do_not_depend_on_the_order(tmp_path: Path) -> None:
    """The same articles in another order give the same ids; other text, another id."""
    one, two = article("T", ("Eins.", [])), article("", ("Zwei.", []))
    first = {document.id for document in squad_documents(squad(tmp_path / "a.json", one, two))}
    second = {document.id for document in squad_documents(squad(tmp_path / "b.json", two, one))}
    assert first == second
    assert len(first) == 2


def test_equal_paragraphs_are_one_document(tmp_path: Path) -> None:
    """TyDi QA's repackings repeat a paragraph for each question, and number the questions anew."""
    path = squad(
        tmp_path / "s.json",
        article("", ("Zambia.", [("0", "Ngapi?", [])])),
        article("", ("Zambia.", [("0", "Wapi?", []), ("0", "Ngapi?", [])])),
        article("", ("Mwezi.", [("0", "Ngapi?", []), ("0", "Ngapi?", [])])),
    )
    data = read_squad(path)
    assert [document.text for document in data.documents] == ["Zambia.", "Mwezi."]
    assert [asked.question.id for asked in data.questions] == ["0", "0-2", "0-3"]
    assert [asked.question.text for asked in data.questions] == ["Ngapi?", "Wapi?", "Ngapi?"]


def test_paragraphs_without_questions_are_documents(tmp_path: Path) -> None:
    """A paragraph needs no "qas", and an unanswerable question no answers."""
    path = squad(tmp_path / "s.json", {"title": "T", "paragraphs": [{"context": "x"}]})
    assert read_squad(path).questions == ()
    path = squad(tmp_path / "s.json", article("T", ("x", [("q", "?", [])])))
    assert squad_questions(path)[0][0].answers == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": []}', "s.json: holds no paragraph; a SQuAD file with at least one is needed"),
        ("[]", "s.json: an object is needed, as in SQuAD's form, found a list"),
        ('{"date": []}', "s.json: no \"data\" that is a list, as in SQuAD's form (found: 'date')"),
        ('{"data": [1]}', "s.json: data[0]: an object is needed, as in SQuAD's form, found a number"),
        (
            '{"data": [{"title": 1, "paragraphs": []}]}',
            's.json: data[0]: "title" is a number; a string is needed',
        ),
        (
            '{"data": [{"paragraphs": [{"context": 1}]}]}',
            's.json: data[0].paragraphs[0]: no "context" that is a string, as in SQuAD\'s form (found: a number)',
        ),
        (
            '{"data": [{"paragraphs": [{"context": "x", "qas": [{"id": "q"}]}]}]}',
            "s.json: data[0].paragraphs[0].qas[0]: no \"question\" that is a string, as in SQuAD's form (found: 'id')",
        ),
        (
            '{"data": [{"paragraphs": [{"context": "x", "qas": [{"question": "q"}]}]}]}',
            's.json: data[0].paragraphs[0].qas[0]: "id" is null; an id is a string or a whole number',
        ),
        ('{"data": [\n', "s.json:2: not valid JSON (Expecting value at column 1)"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """The message names the place inside the file."""
    path = tmp_path / "s.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_squad(path)
    assert str(caught.value).replace(str(path), "s.json") == message


@pytest.mark.data
@pytest.mark.parametrize("lang", ["ar", "en", "hi", "th", "zh"])
def test_xquad_is_read_whole(lang: str) -> None:
    """240 paragraphs and 1,190 questions in every language, every answer at its place."""
    path = DATA / "qa" / "xquad" / f"xquad.{lang}.json"
    if not path.exists():
        pytest.skip(f"{path} is missing; set OPENQA_DATA to the shared data folder")
    data = read_squad(path, lang)
    assert (len(data.documents), len(data.questions)) == (240, 1190)
    texts = {document.id: document.text for document in data.documents}
    for asked in data.questions:
        (span,) = asked.spans
        assert (texts[asked.document_id][slice(*span)],) == asked.question.answers
