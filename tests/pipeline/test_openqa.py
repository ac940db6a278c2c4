"""OpenQA: from a question to answers."""

from dataclasses import replace
from pathlib import Path

import pytest

import openqa
from openqa import Document, Index, OpenQA, Question
from openqa.read import ReaderConfig
from tests.pipeline.fakes import MEANINGS, SettledReader, WordEncoder, WordReader, documents


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """The four documents, with both parts."""
    return openqa.build(tmp_path / "index", documents(), encoder=WordEncoder(same=MEANINGS))


def test_ask_gives_the_answer_with_its_support(index: Index) -> None:
    """In another language than the question's."""
    answers = OpenQA(index, WordReader({"Paris": 4.0, "Rome": 1.0})).ask("Was ist die Hauptstadt Frankreichs?", k=1)
    assert [answer.text for answer in answers] == ["Paris"]
    span = answers[0].support[0]
    passage = index.passage(span.passage_id)
    assert passage.id == "paris#0"
    assert passage.text[span.start : span.end] == span.text == "Paris"
    assert 0.9 < answers[0].probability < 1.0


def test_equal_answers_of_several_passages_are_one(tmp_path: Path) -> None:
    """With the support of each."""
    texts = [Document("a", "Ibsen wrote Peer Gynt.", lang="en"), Document("b", "Peer Gynt is by Ibsen.", lang="en")]
    with openqa.build(tmp_path / "index", texts, ("bm25",)) as index:
        answers = OpenQA(index, WordReader({"Ibsen": 2.0})).ask("Who wrote Peer Gynt?")
    assert len(answers) == 1
    assert [span.passage_id for span in answers[0].support] == ["a#0", "b#0"]


def test_answers_come_in_the_order_of_the_questions(index: Index) -> None:
    """A question alone gets the same answers as in a batch; no questions get none."""
    qa = OpenQA(index, WordReader({"Paris": 4.0, "Rome": 3.0, "Monat": 2.0}), depth=1)
    questions = [Question("1", "capital of Italy", "en"), Question("2", "Wie lange umkreist der Mond die Erde?", "de")]
    batch = qa.answer(questions, k=1)
    assert [answers[0].text for answers in batch] == ["Rome", "Monat"]
    assert batch == [qa.answer([question], k=1)[0] for question in questions]
    assert qa.answer([]) == []


def test_many_questions_are_answered_in_batches(index: Index) -> None:
    """More than one batch holds."""
    questions = [Question(str(number), "capital of Italy", "en") for number in range(70)]
    assert len({answers[0].text for answers in OpenQA(index, WordReader({"Rome": 3.0})).answer(questions)}) == 1


@pytest.mark.parametrize("sentence_weight", [0.0, 2.0])
def test_a_certain_answer_ends_the_reading(index: Index, sentence_weight: float) -> None:
    """Of two questions one is answered in the first passages; the other gets what reading all of them gives."""
    questions = [Question("1", "capital of France", "en"), Question("2", "東京は日本の首都です。 Rome Mond", "ja")]
    scores = {"Paris": 6.0, "Monat": 1.0, "日本": 1.5}
    settings = ReaderConfig("words", "1", 99, 9, 9, 9, 1.0, -9.0, sentence_weight=sentence_weight)
    every = SettledReader(scores, settings)
    expected = OpenQA(index, every).answer(questions)
    assert every.read_counts == [[4, 4]]
    for certainty, counts in ((0.9, [[3, 3], [1]]), (0.999, [[3, 3], [1, 1]])):
        reader = SettledReader(scores, replace(settings, certainty=certainty))
        found = OpenQA(index, reader).answer(questions)
        assert reader.read_counts == counts
        assert found == ([found[0], expected[1]] if certainty < 0.95 else expected)
        assert found[0][0].text == "Paris"
        assert found[0][0].probability > 0.9


def test_nothing_found_is_no_answer(index: Index) -> None:
    """Neither without a passage nor without a span."""
    assert OpenQA(index, WordReader({"Oslo": 9.0})).ask("capital of Norway") == []
    assert OpenQA(index, WordReader({"Rome": 9.0}), retriever="bm25").ask("xyzzy") == []


def test_k_bounds_the_answers(index: Index) -> None:
    """Best first."""
    qa = OpenQA(index, WordReader({"Paris": 4.0, "Rome": 3.0, "capital": 2.0}))
    assert [answer.text for answer in qa.ask("capital of France", k=2)] == ["Paris", "Rome"]


def test_an_index_of_one_part_is_asked_by_it(tmp_path: Path) -> None:
    """No retriever need be named."""
    with openqa.build(tmp_path / "index", documents(), ("bm25",)) as index:
        qa = OpenQA(index, WordReader({"Rome": 3.0}))
        assert qa.retriever == "bm25"
        assert qa.ask("capital of Italy")[0].text == "Rome"


def test_wrong_calls_are_refused(index: Index) -> None:
    """In words that say what is taken."""
    qa = OpenQA(index, WordReader({}))
    with pytest.raises(ValueError, match=r'^question "1" is blank; ask something$'):
        qa.ask("  ")
    with pytest.raises(ValueError, match=r"^k is 0; it must be at least 1$"):
        qa.ask("x", k=0)
    with pytest.raises(ValueError, match=r"^depth is 0; it must be at least 1$"):
        OpenQA(index, depth=0)
    with pytest.raises(TypeError, match=r"^ask takes one question as a string, got list; use answer for several$"):
        qa.ask(["x"])  # type: ignore[arg-type]
