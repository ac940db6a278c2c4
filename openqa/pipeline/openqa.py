"""OpenQA: a question in, cited answers out (retrieve, read, group)."""

from collections.abc import Sequence
from functools import cached_property

from openqa.encode import load_encoder
from openqa.pipeline.index import Index
from openqa.pipeline.questions import check_questions, with_languages
from openqa.read import AnswerSettings, BatchReader, Evidence, answers, load_reader, sentence_similarities
from openqa.types import Answer, Passage, Question, Ranking, Reader, Span

DEPTH = 10
_SPANS_GROUPED = 20  # best spans of a question that become answers
_BATCH_QUESTIONS = 32
_FITTED_RETRIEVER = "hybrid"


class OpenQA:
    """Answers questions over an index."""

    def __init__(
        self, index: Index, reader: Reader | None = None, *, retriever: str | None = None, depth: int = DEPTH
    ) -> None:
        """Joins an index and a reader.

        Args:
            index: where passages come from.
            reader: finds spans in them; the bundled one when None, loaded at the first question.
            retriever: as for `Index.search`; the index's `default_retriever` when None.
            depth: passages read for a question; at least 1.

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
        """Answers questions; each alone and in any batch gets the same answers.

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
        spans = self._read(questions, passages, max(_SPANS_GROUPED, k))
        settings = self._settings()
        near = self._similarities(questions, passages, spans, settings)
        return [
            answers(
                best, shown, k, settings=settings, evidence=Evidence(question.lang, self._scores(ranking), similarities)
            )
            for question, best, shown, ranking, similarities in zip(
                questions, spans, passages, rankings, near, strict=True
            )
        ]

    def _read(self, questions: Sequence[Question], passages: Sequence[Sequence[Passage]], k: int) -> list[list[Span]]:
        if isinstance(self.reader, BatchReader):
            return self.reader.read_many(questions, passages, k)
        return [self.reader.read(question, shown, k) for question, shown in zip(questions, passages, strict=True)]

    def _similarities(
        self,
        questions: Sequence[Question],
        passages: Sequence[Sequence[Passage]],
        spans: Sequence[Sequence[Span]],
        settings: AnswerSettings | None,
    ) -> Sequence[list[float] | None]:
        """How near each question is to the sentences of its spans, where the reader's settings ask for it."""
        if settings is None or not settings.sentence_weight:
            return [None] * len(questions)
        return sentence_similarities(questions, passages, spans, load_encoder())

    def _settings(self) -> AnswerSettings | None:
        return self.reader.config.answer_settings() if isinstance(self.reader, BatchReader) else None

    def _scores(self, ranking: Ranking) -> dict[str, float] | None:
        """Scores of the passages; those of another scale than the one a reader's weight was fitted on are left out."""
        return {hit.passage_id: hit.score for hit in ranking} if self.retriever == _FITTED_RETRIEVER else None
