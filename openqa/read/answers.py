"""From spans to answers: equal answers grouped with their support, a probability, and nothing when nothing answers.

evidence(span)   = reader score + weight * (retrieval score of its passage - the best retrieval score)
score(answer)    = T * log sum over its passages of exp(best evidence in the passage / T)
probability      = exp(score / T) / (1 + sum over all answers of exp(score / T))

The 1 is "no answer", whose score is 0, since a span's score is counted from its window's own "no answer".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openqa.read.config import AnswerSettings
from openqa.text.normalize import normalize_answer
from openqa.types import Answer, Passage, Span


def answers(
    spans: Sequence[Span],
    passages: Sequence[Passage],
    k: int,
    *,
    settings: AnswerSettings | None = None,
    retrieval_scores: Mapping[str, float] | None = None,
) -> list[Answer]:
    """Groups the spans of one question into its answers.

    Spans are one answer when their texts are equal after `normalize_answer` in their passages' languages. The answer's
    text is that of its best span. Several places in one passage count once, several passages add up.

    Args:
        spans: spans of one question, in any order, with finite scores as a Reader gives them.
        passages: the passages they stand in.
        k: how many answers; at least 1.
        settings: temperature, threshold and weight; the defaults when None.
        retrieval_scores: score of each passage by id; without it only the reader's score counts.

    Returns:
        At most k answers, best first, each with its support, best first; [] when no score reaches the threshold.

    Raises:
        ValueError: k is below 1, a score is not finite, or a span's passage is missing from `passages` or from
            `retrieval_scores`.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    chosen = settings or AnswerSettings()
    langs = {passage.id: passage.lang for passage in passages}
    bonus = retrieval_bonus(retrieval_scores or {}, chosen.retrieval_weight)
    groups: dict[str, _Group] = {}
    for span in spans:
        if span.passage_id not in langs:
            raise ValueError(f'a span stands in passage "{span.passage_id}", which was not given')
        if retrieval_scores is not None and span.passage_id not in bonus:
            raise ValueError(f'passage "{span.passage_id}" has no retrieval score')
        evidence = span.score + bonus.get(span.passage_id, 0.0)
        if not math.isfinite(evidence):
            raise ValueError(f'the span "{span.text}" has score {evidence}; it must be finite')
        key = normalize_answer(span.text, langs[span.passage_id]) or span.text.casefold()
        groups.setdefault(key, _Group()).members.append((evidence, span))
    return _ranked(list(groups.values()), k, chosen)


def retrieval_bonus(retrieval_scores: Mapping[str, float], weight: float) -> dict[str, float]:
    """Returns what each passage's retrieval score adds to its spans: 0 for the best passage, less for the others.

    bonus[p] = weight * (score[p] - max over passages of score)

    Counted from the best passage, so that the scale's origin, which differs between retrievers, does not matter.
    """
    best = max(retrieval_scores.values(), default=0.0)
    return {passage_id: weight * (score - best) for passage_id, score in retrieval_scores.items()}


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
