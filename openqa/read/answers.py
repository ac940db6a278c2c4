"""From spans to answers: equal answers grouped with their support, a probability, and nothing when nothing answers.

evidence(span)   = reader score + weight * (retrieval score of its passage - the best retrieval score)
                   + weight * (similarity of question and sentence - the best of those in the passage)
                   - penalty, where the passage is in the question's own language
score(answer)    = T * log sum over its passages of exp(best evidence in the passage / T)
probability      = exp(score / T) / (1 + sum over all answers of exp(score / T))

The 1 is "no answer", whose score is 0, since a span's score is counted from its window's own "no answer".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openqa.read.config import AnswerSettings
from openqa.text.languages import base_language
from openqa.text.normalize import normalize_answer
from openqa.types import Answer, Passage, Span


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one question beside the reader's scores.

    Scores count from the best of them, similarities from the best of the passage: so the scale's origin, which differs
    between retrievers and encoders, does not matter, nor that sentences of the question's own language seem nearer.

    Attributes:
        lang: BCP 47, the question's language; "und" where it is not known.
        retrieval: score of each passage by id; None leaves it out.
        similarities: of the question and the sentence of each span, in the order of the spans; None leaves them out.
    """

    lang: str = "und"
    retrieval: Mapping[str, float] | None = None
    similarities: Sequence[float] | None = None

    def bonuses(self, spans: Sequence[Span], langs: Mapping[str, str], settings: AnswerSettings) -> list[float]:
        """Returns what is added to the score of each span.

        Args:
            spans: of the question.
            langs: the language of each passage by id.
            settings: the weights.

        Raises:
            ValueError: a span's passage has no language or no score, or the similarities are not one a span.
        """
        own = base_language(self.lang) if self.lang != "und" else None
        near = [0.0] * len(spans) if self.similarities is None else self.similarities
        if len(near) != len(spans):
            raise ValueError(f"{len(spans)} spans, but {len(near)} similarities; one for each is needed")
        best = max((self.retrieval or {}).values(), default=0.0)
        nearest: dict[str, float] = {}
        for span, similarity in zip(spans, near, strict=True):
            nearest[span.passage_id] = max(similarity, nearest.get(span.passage_id, similarity))
        found = []
        for span, similarity in zip(spans, near, strict=True):
            if span.passage_id not in langs:
                raise ValueError(f'a span stands in passage "{span.passage_id}", which was not given')
            if self.retrieval is not None and span.passage_id not in self.retrieval:
                raise ValueError(f'passage "{span.passage_id}" has no retrieval score')
            score = self.retrieval[span.passage_id] - best if self.retrieval else 0.0
            is_own = base_language(langs[span.passage_id]) == own
            found.append(
                settings.retrieval_weight * score
                + settings.sentence_weight * (similarity - nearest[span.passage_id])
                - settings.own_language_penalty * is_own
            )
        return found


def answers(
    spans: Sequence[Span],
    passages: Sequence[Passage],
    k: int,
    *,
    settings: AnswerSettings | None = None,
    evidence: Evidence | None = None,
) -> list[Answer]:
    """Groups the spans of one question into its answers.

    Spans are one answer when their texts are equal after `normalize_answer` in their passages' languages. The answer's
    text is that of its best span. Several places in one passage count once, several passages add up.

    Args:
        spans: spans of one question, in any order, with finite scores as a Reader gives them.
        passages: the passages they stand in.
        k: how many answers; at least 1.
        settings: temperature, threshold and weight; the defaults when None.
        evidence: what is known beside the reader's scores; nothing when None.

    Returns:
        At most k answers, best first, each with its support, best first; [] when no score reaches the threshold.

    Raises:
        ValueError: k is below 1, a score is not finite, a span's passage is missing from `passages` or from the
            retrieval scores, or there are more or fewer similarities than spans.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    chosen, known = settings or AnswerSettings(), evidence or Evidence()
    langs = {passage.id: passage.lang for passage in passages}
    groups: dict[str, _Group] = {}
    for span, bonus in zip(spans, known.bonuses(spans, langs, chosen), strict=True):
        score = span.score + bonus
        if not math.isfinite(score):
            raise ValueError(f'the span "{span.text}" has score {score}; it must be finite')
        key = normalize_answer(span.text, langs[span.passage_id]) or span.text.casefold()
        groups.setdefault(key, _Group()).members.append((score, span))
    return _ranked(list(groups.values()), k, chosen)


@dataclass(slots=True)
class _Group:
    """The spans of one answer with their evidence."""

    members: list[tuple[float, Span]] = field(default_factory=list)

    def score(self, temperature: float) -> float:
        best: dict[str, float] = {}
        for evidence, span in self.members:
            best[span.passage_id] = max(evidence, best.get(span.passage_id, -math.inf))
        return temperature * _log_sum_exp([evidence / temperature for evidence in best.values()])

    def support(self) -> tuple[Span, ...]:
        ordered = sorted(self.members, key=lambda pair: (-pair[0], pair[1].passage_id, pair[1].start, pair[1].end))
        return tuple(span for _, span in ordered)


def _ranked(groups: Sequence[_Group], k: int, settings: AnswerSettings) -> list[Answer]:
    scores = [group.score(settings.temperature) for group in groups]
    total = _log_sum_exp([0.0, *(score / settings.temperature for score in scores)])
    found = [
        Answer(support[0].text, score, math.exp(score / settings.temperature - total), support)
        for score, support in zip(scores, (group.support() for group in groups), strict=True)
        if score >= settings.threshold
    ]
    return sorted(found, key=lambda answer: (-answer.score, answer.support[0].passage_id, answer.support[0].start))[:k]


def _log_sum_exp(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))
