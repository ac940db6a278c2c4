"""The demo's index and questions, and when an answer counts as right."""

from pathlib import Path

import pytest

import openqa
from openqa.errors import IndexFolderError
from openqa.pipeline.demo import (
    DemoQuestion,
    Outcome,
    demo_documents,
    demo_index,
    demo_questions,
    one_of_each_language,
    outcome,
)
from openqa.types import Answer, Passage, Question, Span
from tests.pipeline.fakes import WordEncoder, documents


def result(answer: str, passage_id: str, *expected: str, lang: str = "de") -> Outcome:
    """What came of a question whose accepted passage is "p1"."""
    asked = DemoQuestion(Question("q", "?", "en", expected), ("p1",))
    span = Span(passage_id, 0, len(answer), answer, 1.0)
    return Outcome(asked, Answer(answer, 1.0, 0.9, (span,)), Passage(passage_id, passage_id, answer, lang=lang))


def test_an_answer_is_right_by_its_words_and_its_passage() -> None:
    """F1 of at least 0.5 by the rules of the passage's language, in an accepted passage."""
    assert result("der Rhein.", "p1", "Rhein").is_correct
    assert not result("Rhein", "p2", "Rhein").is_correct
    assert not result("Donau", "p1", "Rhein").is_correct
    assert result("Donau", "p1", "Rhein", "Donau").is_correct
    assert result("am langen Rhein", "p1", "Rhein").is_correct  # F1 2 * 1 / (3 + 1)
    assert not result("am sehr langen Rhein", "p1", "Rhein").is_correct  # F1 2 * 1 / (4 + 1)
    assert result("東京。", "p1", "东京", "東京", lang="zh").is_correct


def test_no_answer_is_not_right() -> None:
    """Nor an error."""
    asked = DemoQuestion(Question("q", "?", "en", ("Rhein",)), ("p1",))
    assert not Outcome(asked, None, None).is_correct


def test_the_demo_has_sixty_questions_across_languages() -> None:
    """Every accepted passage is there, in another language than the question."""
    langs = {document.id: document.lang for document in demo_documents()}
    questions = demo_questions()
    assert len(questions) == 60
    assert all(asked.question.lang != langs[name] for asked in questions for name in asked.passage_ids)
    tour = one_of_each_language(questions)
    assert (
        len(tour) == len({asked.question.lang for asked in tour}) == len({asked.question.lang for asked in questions})
    )


def test_the_demo_index_is_built_once(tmp_path: Path) -> None:
    """A second call opens it; passages keep their ids."""
    encoder = WordEncoder()
    with demo_index(tmp_path / "index", encoder=encoder) as built:
        generation = built.info().generation
        assert len(built) == len(demo_documents())
        asked = demo_questions()[0]
        assert built.passage(asked.passage_ids[0]).id == asked.passage_ids[0]
        assert outcome(built, asked, []) == Outcome(asked, None, None)
    with demo_index(tmp_path / "index", encoder=encoder) as opened:
        assert opened.info().generation == generation


def test_another_index_is_not_the_demo(tmp_path: Path) -> None:
    """It would answer nothing of what is asked."""
    openqa.build(tmp_path / "index", documents(), ("bm25",)).close()
    with pytest.raises(IndexFolderError, match=r"is not the demo's; give a new folder$"):
        demo_index(tmp_path / "index")
