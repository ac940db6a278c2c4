"""How near a question is to the sentence in which a span stands, by an encoder: what the reader may not see itself.

A small reader finds the right kind of answer and often in the wrong sentence, the more so across languages; the encoder
that found the passage knows better which sentence the question is about.
"""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from openqa.text.sentences import sentence_ends
from openqa.types import Encoder, Passage, Question, Span


def sentence_similarities(
    questions: Sequence[Question],
    passages_per_question: Sequence[Sequence[Passage]],
    spans_per_question: Sequence[Sequence[Span]],
    encoder: Encoder,
) -> list[list[float]]:
    """Returns the cosine of each question with the sentence that each of its spans begins in.

    Only sentences with a span are encoded, and each once.

    Args:
        questions: B questions.
        passages_per_question: B lists of passages, in which the spans stand.
        spans_per_question: B lists of spans.
        encoder: encodes questions and sentences.

    Returns:
        B lists, one number a span, in the order of the spans.
    """
    texts: dict[str, int] = {}
    rows = []
    for passages, spans in zip(passages_per_question, spans_per_question, strict=True):
        used = {span.passage_id for span in spans}
        known = {passage.id: passage for passage in passages if passage.id in used}
        ends = {name: sentence_ends(passage.text, passage.lang) for name, passage in known.items()}
        sentences = [_sentence(known[span.passage_id].text, ends[span.passage_id], span.start) for span in spans]
        rows.append([texts.setdefault(text, len(texts)) for text in sentences])
    if not texts:
        return [[] for _ in questions]
    vectors = encoder.encode_passages(list(texts))
    asked = encoder.encode_queries([question.text for question in questions])
    return [(vectors[np.array(places, np.int64)] @ query).tolist() for places, query in zip(rows, asked, strict=True)]


def _sentence(text: str, ends: Sequence[int], offset: int) -> str:
    place = bisect_right(ends, offset)
    return text[ends[place - 1] if place else 0 : ends[place] if place < len(ends) else len(text)].strip()
