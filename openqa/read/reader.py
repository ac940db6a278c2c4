"""The bundled reader: an ONNX body over the shared tokenizer and embedding table.

The embedding rows are looked up outside the body, so that all bundled models share one memory-mapped table.
Position 0, [CLS], stands for "no answer in this window"; a span's score is how far it beats that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from openqa.encode.batching import batch_rows
from openqa.encode.session import Session
from openqa.encode.tokenizer import CLS, PAD, SEP, Pieces, plain_ids
from openqa.errors import ModelError
from openqa.read.config import ReaderConfig
from openqa.read.spans import Candidate, best_spans, drop_overlaps, span_scores
from openqa.read.windows import N_SPECIAL, Window, cut_windows, pad_batch, shorten
from openqa.types import Array, Passage, Question, Span

BATCH_TOKENS = 4096  # padding included; more does not read faster on two cores


class PieceTokenizer(Protocol):
    """What is used of the shared tokenizer."""

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """Each text's piece ids, without special pieces, and where they stand."""
        ...


class Table(Protocol):
    """Anything that gives an embedding row for each token id."""

    def rows(self, ids: Array) -> Array:
        """The rows of ids of any shape: (*shape, D) float32."""
        ...


@runtime_checkable
class BatchReader(Protocol):
    """A reader that takes many questions at once, and knows how its scores become answers."""

    config: ReaderConfig

    def read_many(
        self, questions: Sequence[Question], passages_per_question: Sequence[Sequence[Passage]], k: int
    ) -> list[list[Span]]:
        """At most k spans for each question in its own passages, best first."""
        ...


class _Tokens(NamedTuple):
    ids: list[int]
    offsets: list[tuple[int, int]]


class _Item(NamedTuple):
    """One window to read: which question, which of its passages, which tokens."""

    question: int
    passage: int
    window: Window


class MiniReader:
    """Finds answer spans in passages, in any language that the tokenizer knows.

    Args:
        session: an ONNX body with inputs `embeddings` (B, L, D) float32 and `is_token` (B, L) int64, and output
            `logits` (B, L, 2) float32: start and end of the answer.
        tokenizer: gives piece ids and code point offsets.
        table: the embedding rows of the tokenizer's pieces.
        config: window sizes and limits, and how scores become answers.
    """

    def __init__(self, session: Session, tokenizer: PieceTokenizer, table: Table, config: ReaderConfig) -> None:
        self.config = config
        self._session = session
        self._tokenizer = tokenizer
        self._table = table

    def read(self, question: Question, passages: Sequence[Passage], k: int) -> list[Span]:
        """Returns at most k spans over all passages, best first; see `read_many`."""
        return self.read_many([question], [passages], k)[0]

    def read_many(
        self, questions: Sequence[Question], passages_per_question: Sequence[Sequence[Passage]], k: int
    ) -> list[list[Span]]:
        """Finds the best spans for each question in its own passages.

        Scores are comparable between passages and questions: 0 is as likely as "no answer here". Spans of one passage
        do not overlap. A question gives the same spans alone and in any batch, its scores within 1e-4.

        Args:
            questions: B questions, none of them blank.
            passages_per_question: B lists of passages; an empty list gives no span, an empty passage neither.
            k: spans for each question; at least 1.

        Returns:
            B lists of at most k spans, best first; ties in the order of the passages, then by position.

        Raises:
            ValueError: k is below 1, the two lists differ in length, or a question is blank.
            ModelError: the body fails, or its logits have the wrong shape or are not finite.
        """
        check_asked(questions, passages_per_question, k)
        question_ids = self._question_ids(questions)
        tokens = self._tokenize({passage.text for passages in passages_per_question for passage in passages})
        items = self._items(question_ids, passages_per_question, tokens)
        found: list[dict[int, list[Candidate]]] = [{} for _ in questions]
        lengths = [len(question_ids[item.question]) + item.window.end - item.window.start for item in items]
        for rows in batch_rows([length + N_SPECIAL for length in lengths], BATCH_TOKENS):
            batch = [items[row] for row in rows]
            texts = [passages_per_question[item.question][item.passage].text for item in batch]
            logits = self._logits(batch, question_ids, [tokens[text] for text in texts])
            for item, text, row in zip(batch, texts, logits, strict=True):
                spans = self._window_spans(row, len(question_ids[item.question]), item.window, tokens[text], text, k)
                found[item.question].setdefault(item.passage, []).extend(spans)
        return [top_spans(best, passages, k) for best, passages in zip(found, passages_per_question, strict=True)]

    def _question_ids(self, questions: Sequence[Question]) -> list[list[int]]:
        pieces = self._tokenizer.pieces([question.text for question in questions])
        return [shorten(plain_ids(found.ids).tolist(), self.config.max_question_tokens) for found in pieces]

    def _tokenize(self, texts: set[str]) -> dict[str, _Tokens]:
        ordered = sorted(texts)
        return {
            text: _Tokens(
                plain_ids(found.ids).tolist(), list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
            )
            for text, found in zip(ordered, self._tokenizer.pieces(ordered), strict=True)
        }

    def _items(
        self,
        question_ids: Sequence[Sequence[int]],
        passages_per_question: Sequence[Sequence[Passage]],
        tokens: Mapping[str, _Tokens],
    ) -> list[_Item]:
        items: list[_Item] = []
        for row, passages in enumerate(passages_per_question):
            room = self.config.window_tokens - N_SPECIAL - len(question_ids[row])
            # A span that begins in the half of the overlap that a window owns must end inside that window.
            stride = max(1, min(self.config.stride_tokens, room - 2 * self.config.max_answer_tokens))
            for column in distinct_columns(passages):
                passage = passages[column]
                windows = cut_windows(len(tokens[passage.text].ids), room, stride)
                items.extend(_Item(row, column, window) for window in windows)
        return items

    def _logits(
        self, batch: Sequence[_Item], question_ids: Sequence[Sequence[int]], passages: Sequence[_Tokens]
    ) -> Iterator[Array]:
        """Yields (L, 2) logits for each item, padding left out."""
        asked = [question_ids[item.question] for item in batch]
        shown = [tokens.ids[item.window.start : item.window.end] for item, tokens in zip(batch, passages, strict=True)]
        ids, is_token = pad_batch(asked, shown, CLS, SEP, PAD)
        feed = {"embeddings": self._table.rows(ids), "is_token": is_token}
        try:
            logits = np.asarray(self._session.run(["logits"], feed)[0])
        except Exception as error:  # onnxruntime has no exception of its own to name
            raise ModelError(f'reader "{self.config.name}" failed on {len(batch)} windows: {error}') from error
        if logits.shape != (*ids.shape, 2):
            raise ModelError(
                f'reader "{self.config.name}" gave logits of shape {logits.shape}; {(*ids.shape, 2)} is needed'
            )
        for row, length in zip(logits, is_token.sum(axis=1), strict=True):
            if not np.isfinite(row[:length]).all():
                raise ModelError(
                    f'reader "{self.config.name}" gave logits that are not finite; its weights are damaged'
                )
            yield row[:length]

    def _window_spans(
        self, logits: Array, n_question: int, window: Window, tokens: _Tokens, text: str, k: int
    ) -> list[Candidate]:
        first = n_question + 2
        shown = logits[first : first + window.end - window.start]  # (T, 2)
        own = (window.own_start - window.start, window.own_end - window.start)
        null = float(logits[0].astype(np.float64).sum())
        scores = span_scores(shown[:, 0], shown[:, 1], null, own, self.config.max_answer_tokens)
        return best_spans(scores, tokens.offsets[window.start : window.end], text, k)


def check_asked(questions: Sequence[Question], passages_per_question: Sequence[Sequence[Passage]], k: int) -> None:
    """Makes sure that each question can be read for.

    Args:
        questions: B questions.
        passages_per_question: B lists of passages.
        k: spans for each question.

    Raises:
        ValueError: k is below 1, the two lists differ in length, or a question is blank.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    if len(questions) != len(passages_per_question):
        raise ValueError(f"{len(questions)} questions, but {len(passages_per_question)} lists of passages")
    blank = [question.id for question in questions if not question.text.strip()]
    if blank:
        raise ValueError(f'question "{blank[0]}" is blank; ask something')


def distinct_columns(passages: Sequence[Passage]) -> list[int]:
    """Returns the numbers of the passages to read: one that was given twice is read once.

    Args:
        passages: of one question.
    """
    first = {(passage.id, passage.text): column for column, passage in reversed([*enumerate(passages)])}
    return sorted(first.values())


def top_spans(found: Mapping[int, Sequence[Candidate]], passages: Sequence[Passage], k: int) -> list[Span]:
    """Returns the k best spans of one question; ties in the order of the passages, then by position.

    Args:
        found: candidates by the number of their passage.
        passages: of the question.
        k: how many.
    """
    ranked = [(column, span) for column in sorted(found) for span in drop_overlaps(found[column])]
    ranked.sort(key=lambda pair: (-pair[1].score, pair[0], pair[1].start, pair[1].end))
    return [
        Span(passages[column].id, best.start, best.end, passages[column].text[best.start : best.end], best.score)
        for column, best in ranked[:k]
    ]
