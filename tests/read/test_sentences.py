import numpy as np
import pytest

from openqa.read import sentence_similarities
from openqa.types import Passage, Question, Span
from tests.pipeline.fakes import WordEncoder

ENCODER = WordEncoder()
EN = Passage("en", "en", "Rome is old. Paris is the capital. It rains.", lang="en")
TH = Passage("th", "th", "no stop at all", lang="th")


def span(passage: Passage, text: str) -> Span:
    start = passage.text.index(text)
    return Span(passage.id, start, start + len(text), text, 1.0)


def cosine(question: str, sentence: str) -> float:
    return float(ENCODER.encode_queries([question])[0] @ ENCODER.encode_passages([sentence])[0])


def test_each_span_has_the_similarity_of_its_sentence() -> None:
    """The first, one in the middle, the last, and a text without an end."""
    question = Question("q", "the capital is old at all")
    spans = [span(EN, "Paris"), span(EN, "Rome"), span(EN, "capital"), span(EN, "rains"), span(TH, "stop")]
    sentences = ["Paris is the capital.", "Rome is old.", "Paris is the capital.", "It rains.", "no stop at all"]
    (found,) = sentence_similarities([question], [[EN, TH]], [spans], ENCODER)
    assert found == pytest.approx([cosine(question.text, sentence) for sentence in sentences], abs=1e-6)
    assert len(set(np.round(found, 6))) > 2


def test_questions_do_not_mix() -> None:
    """Alone and together the same; a question without spans has none."""
    questions = [Question("1", "capital"), Question("2", "old Rome"), Question("3", "?")]
    passages, spans = [[EN], [EN, TH], []], [[span(EN, "Paris")], [span(TH, "stop"), span(EN, "Rome")], []]
    together = sentence_similarities(questions, passages, spans, ENCODER)
    assert [len(each) for each in together] == [1, 2, 0]
    for row, question in enumerate(questions):
        assert sentence_similarities([question], [passages[row]], [spans[row]], ENCODER) == [together[row]]
    assert sentence_similarities([], [], [], ENCODER) == []
