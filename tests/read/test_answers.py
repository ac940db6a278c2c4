import itertools
import math

import pytest

from openqa.read import AnswerSettings, Evidence, answers
from openqa.types import Passage, Span

EN = Passage("en", "en", "The Rome of Rome, Paris.", lang="en")
DE = Passage("de", "de", "Die Stadt Rom oder rome.", lang="de")
AR = Passage("ar", "ar", "باريس؟", lang="ar")
PASSAGES = [EN, DE, AR]


def span(passage: Passage, text: str, score: float, nth: int = 0) -> Span:
    start = [at for at in range(len(passage.text)) if passage.text.startswith(text, at)][nth]
    return Span(passage.id, start, start + len(text), text, score)


def test_no_spans_no_answers() -> None:
    """Nothing found is no answer."""
    assert answers([], PASSAGES, 3) == []


def test_one_span_against_no_answer() -> None:
    """Probability = e^2 / (1 + e^2)."""
    (answer,) = answers([span(EN, "Paris", 2.0)], PASSAGES, 3)
    assert (answer.text, answer.score) == ("Paris", 2.0)
    assert answer.probability == pytest.approx(math.exp(2) / (1 + math.exp(2)))


def test_equal_answers_are_grouped_over_passages() -> None:
    """`The Rome` and `rome` are one answer with log(e^1 + e^2); its text is that of its best span."""
    spans = [span(EN, "The Rome", 1.0), span(DE, "rome", 2.0), span(EN, "Paris", 0.5)]
    best, second = answers(spans, PASSAGES, 3)
    assert best.text == "rome"
    assert best.support == (spans[1], spans[0])
    assert best.score == pytest.approx(math.log(math.exp(1) + math.exp(2)))
    total = 1 + math.exp(1) + math.exp(2) + math.exp(0.5)
    assert best.probability == pytest.approx((math.exp(1) + math.exp(2)) / total)
    assert second.probability == pytest.approx(math.exp(0.5) / total)


def test_one_passage_counts_once() -> None:
    """The same answer twice in a passage has the evidence of its best place."""
    spans = [span(EN, "Rome", 1.0), span(EN, "Rome", 3.0, nth=1)]
    (answer,) = answers(spans, PASSAGES, 3)
    assert answer.score == pytest.approx(3.0)
    assert answer.support == (spans[1], spans[0])


def test_temperature_divides_the_scores() -> None:
    """T = 2: probability = e^(4/2) / (1 + e^(4/2))."""
    (answer,) = answers([span(EN, "Paris", 4.0)], PASSAGES, 1, settings=AnswerSettings(temperature=2.0))
    assert answer.score == pytest.approx(4.0)
    assert answer.probability == pytest.approx(math.exp(2) / (1 + math.exp(2)))


@pytest.mark.parametrize(("lang", "first"), [("en", "rome"), ("en-GB", "rome"), ("de", "Paris"), ("und", "Paris")])
def test_spans_in_the_own_language_count_less(lang: str, first: str) -> None:
    """By the penalty, whatever the region; an unknown language has no own passages."""
    spans, settings = [span(EN, "Paris", 3.0), span(DE, "rome", 2.0)], AnswerSettings(own_language_penalty=1.5)
    best, second = answers(spans, PASSAGES, 2, settings=settings, evidence=Evidence(lang))
    assert best.text == first
    expected = {"en": [2.0, 1.5], "de": [3.0, 0.5], "und": [3.0, 2.0]}[lang[:2] if lang != "und" else lang]
    assert [best.score, second.score] == pytest.approx(expected)


def test_thin_evidence_is_no_answer() -> None:
    """An answer whose score is below the threshold is not given."""
    spans = [span(EN, "Paris", 0.9), span(DE, "Rom", 1.0)]
    assert [answer.text for answer in answers(spans, PASSAGES, 3, settings=AnswerSettings(threshold=1.0))] == ["Rom"]
    assert answers(spans, PASSAGES, 3, settings=AnswerSettings(threshold=1.1)) == []


def test_retrieval_counts_from_the_best_passage() -> None:
    """Bonus = weight * (score - best): "Rom" 1.0 + 0, "Paris" 1.5 + 0.5 * (3 - 5)."""
    spans = [span(EN, "Paris", 1.5), span(DE, "Rom", 1.0)]
    evidence = Evidence(retrieval={"en": 3.0, "de": 5.0})
    found = answers(spans, PASSAGES, 2, settings=AnswerSettings(retrieval_weight=0.5), evidence=evidence)
    assert [answer.text for answer in found] == ["Rom", "Paris"]
    assert [answer.score for answer in found] == pytest.approx([1.0, 0.5])


def test_similarities_count_from_the_best_sentence_of_the_passage() -> None:
    """Bonus = weight * (similarity - best in the passage): "Paris" 1.5 + 0, "Rome" 2.0 + 4 * (0.3 - 0.8), "Rom" + 0."""
    spans = [span(EN, "Paris", 1.5), span(DE, "Rom", 1.0), span(EN, "Rome", 2.0)]
    settings, near = AnswerSettings(sentence_weight=4.0), [0.8, 0.1, 0.3]
    found = answers(spans, PASSAGES, 3, settings=settings, evidence=Evidence(similarities=near))
    assert {answer.text: answer.score for answer in found} == pytest.approx({"Paris": 1.5, "Rom": 1.0, "Rome": 0.0})
    with pytest.raises(ValueError, match=r"^3 spans, but 1 similarities; one for each is needed$"):
        answers(spans, PASSAGES, 2, settings=settings, evidence=Evidence(similarities=[0.3]))
    with pytest.raises(ValueError, match=r"^3 spans, but 0 similarities; one for each is needed$"):
        answers(spans, PASSAGES, 2, settings=settings, evidence=Evidence(similarities=[]))


def test_order_of_spans_does_not_matter() -> None:
    """Ties are decided by passage id and place, not by arrival; k takes a prefix."""
    spans = [span(EN, "Paris", 1.0), span(DE, "Rom", 1.0), span(AR, "باريس", 1.0)]
    expected = answers(spans, PASSAGES, 9)
    assert [answer.text for answer in expected] == ["باريس", "Rom", "Paris"]
    for order in itertools.permutations(spans):
        assert answers(order, PASSAGES, 9) == expected
        assert answers(order, PASSAGES, 2) == expected[:2]


def test_probabilities_sum_to_less_than_one() -> None:
    """What is missing to 1 is "no answer", however large the scores."""
    for scale in (1e-3, 1.0, 500.0, -500.0):
        spans = [span(EN, "Paris", 2 * scale), span(DE, "Rom", scale)]
        assert 0.0 <= sum(answer.probability for answer in answers(spans, PASSAGES, 5)) <= 1.0


def test_an_answer_of_articles_only_is_kept() -> None:
    """What normalises to nothing is grouped by its own text."""
    found = answers([span(EN, "The", 1.0), span(DE, "Die", 1.0)], PASSAGES, 5)
    assert sorted(answer.text for answer in found) == ["Die", "The"]


def test_wrong_calls_are_refused() -> None:
    """K 0, unknown passages, missing retrieval scores, NaN and settings out of range raise."""
    with pytest.raises(ValueError, match=r"^k is 0; it must be at least 1$"):
        answers([], PASSAGES, 0)
    with pytest.raises(ValueError, match=r'^a span stands in passage "de", which was not given$'):
        answers([span(DE, "Rom", 1.0)], [EN], 1)
    with pytest.raises(ValueError, match=r'^passage "de" has no retrieval score$'):
        answers([span(DE, "Rom", 1.0)], PASSAGES, 1, evidence=Evidence(retrieval={"en": 1.0}))
    with pytest.raises(ValueError, match=r'^the span "Rom" has score nan; it must be finite$'):
        answers([span(DE, "Rom", math.nan)], PASSAGES, 1)
    with pytest.raises(ValueError, match=r"^temperature is 0.0; it must be above 0$"):
        AnswerSettings(temperature=0.0)
    with pytest.raises(ValueError, match=r"^threshold is NaN; give a number$"):
        AnswerSettings(threshold=math.nan)
    with pytest.raises(ValueError, match=r"^retrieval_weight is inf; give a finite number$"):
        AnswerSettings(retrieval_weight=math.inf)
    with pytest.raises(ValueError, match=r"^own_language_penalty is -1\.0; give a number of at least 0$"):
        AnswerSettings(own_language_penalty=-1.0)
