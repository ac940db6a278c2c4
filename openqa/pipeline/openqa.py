"""OpenQA: a question in, cited answers out (retrieve, read, group)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from openqa.encode import load_encoder
from openqa.pipeline.index import Index
from openqa.pipeline.questions import check_questions, with_languages
from openqa.read import AnswerSettings, BatchReader, Evidence, answers, load_reader, sentence_similarities
from openqa.types import Answer, Passage, Question, Ranking, Reader, Span

DEPTH = 10
FIRST_READ = 3  # passages that are read before an answer may be certain
SPANS_GROUPED = 20  # best spans of a question that become answers
_BATCH_QUESTIONS = 32
_FITTED_RETRIEVER = "hybrid"


@dataclass(frozen=True, slots=True)
class _Read:
    """Spans of one question, and how near it is to their sentences, where that is asked for."""

    spans: Sequence[Span]
    similarities: Sequence[float] | None

    def joined(self, more: "_Read", k: int) -> "_Read":
        """The k best spans of both."""
        spans = [*self.spans, *more.spans]
        kept = sorted(range(len(spans)), key=lambda place: -spans[place].score)[:k]
        best = [spans[place] for place in kept]
        if self.similarities is None or more.similarities is None:
            return _Read(best, None)
        similarities = [*self.similarities, *more.similarities]
        return _Read(best, [similarities[place] for place in kept])


class OpenQA:
    """Answers questions over an index.

    Where a reader's settings name a certainty, hybrid retrieval's first passages are read first, the others only for
    questions that nothing there answers with that probability; an answer found early may have less support.
    """

    def __init__(
        self, index: Index, reader: Reader | None = None, *, retriever: str | None = None, depth: int = DEPTH
    ) -> None:
        """Joins an index and a reader.

        Args:
            index: where passages come from.
            reader: finds spans in them; the bundled one when None, loaded at the first question.
            retriever: as for `Index.search`; the index's `default_retriever` when None.
            depth: most passages read for a question; at least 1.

        Raises:
            ValueError: depth is below 1.
        """
        if depth < 1:
            raise ValueError(f"depth is {depth}; it must be at least 1")
        self.index = index
        self.retriever = retriever or index.default_retriever
        self.depth = depth
        self._given_reader = reader

    @cached_property
    def reader(self) -> Reader:
        """The reader."""
        return self._given_reader or load_reader()

    def ask(self, text: str, k: int = 3, lang: str | None = None) -> list[Answer]:
        """Answers one question given as a string.

        Args:
            text: the question, in any language.
            k: most answers wanted; at least 1.
            lang: BCP 47, the language of the question; identified when None.

        Returns:
            At most k answers, best first; [] when nothing answers.

        Raises:
            ValueError: the question is blank or too long, or k is below 1.
        """
        if not isinstance(text, str):
            raise TypeError(f"ask takes one question as a string, got {type(text).__name__}; use answer for several")
        return self.answer([Question("1", text, lang or "und")], k)[0]

    def answer(self, questions: Sequence[Question], k: int = 3) -> list[list[Answer]]:
        """Answers questions; each alone and in any batch gets the same answers, their scores within 1e-4.

        Args:
            questions: B of them; an unknown language is identified.
            k: most answers wanted for each; at least 1.

        Returns:
            B lists of at most k answers, best first; [] for a question that nothing answers.

        Raises:
            ValueError: a question is blank or too long, or k is below 1.
            ModelError: the reader cannot be loaded or run.
            IndexFolderError: as `Index.search`.
        """
        check_questions(questions, k)
        found: list[list[Answer]] = []
        for start in range(0, len(questions), _BATCH_QUESTIONS):
            found.extend(self._answer_batch(questions[start : start + _BATCH_QUESTIONS], k))
        return found

    def _answer_batch(self, questions: Sequence[Question], k: int) -> list[list[Answer]]:
        questions = with_languages(questions)
        rankings, passages = self.index.search_passages(questions, self.depth, self.retriever)
        settings = self._settings()
        may_end = settings.certainty < 1 and self.retriever == _FITTED_RETRIEVER
        first = FIRST_READ if may_end else self.depth

        def answered(row: int) -> list[Answer]:
            evidence = Evidence(questions[row].lang, self._scores(rankings[row]), read[row].similarities)
            return answers(read[row].spans, passages[row], k, settings=settings, evidence=evidence)

        n_spans = max(SPANS_GROUPED, k)
        read = self._read(questions, [shown[:first] for shown in passages], n_spans)
        found = [answered(row) for row in range(len(questions))]
        rest = [
            row
            for row, (best, shown) in enumerate(zip(found, passages, strict=True))
            if len(shown) > first and not (best and best[0].probability >= settings.certainty)
        ]
        if rest:
            later = self._read([questions[row] for row in rest], [passages[row][first:] for row in rest], n_spans)
            for row, more in zip(rest, later, strict=True):
                read[row] = read[row].joined(more, n_spans)
                found[row] = answered(row)
        return found

    def _read(self, questions: Sequence[Question], passages: Sequence[Sequence[Passage]], k: int) -> list["_Read"]:
        if isinstance(self.reader, BatchReader):
            spans = self.reader.read_many(questions, passages, k)
        else:
            spans = [self.reader.read(question, shown, k) for question, shown in zip(questions, passages, strict=True)]
        if not self._settings().sentence_weight:
            return [_Read(own, None) for own in spans]
        near = sentence_similarities(questions, passages, spans, load_encoder())
        return [_Read(own, similarities) for own, similarities in zip(spans, near, strict=True)]

    def _settings(self) -> AnswerSettings:
        return self.reader.config.answer_settings() if isinstance(self.reader, BatchReader) else AnswerSettings()

    def _scores(self, ranking: Ranking) -> dict[str, float] | None:
        """Scores of the passages; those of another scale than the one a reader's weight was fitted on are left out."""
        return {hit.passage_id: hit.score for hit in ranking} if self.retriever == _FITTED_RETRIEVER else None
