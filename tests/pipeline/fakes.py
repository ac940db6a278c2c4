"""An encoder and a reader whose results are known, so that tests of the pipeline need no model files."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from openqa.read import ReaderConfig
from openqa.types import Array, Document, Passage, Question, Span


@dataclass
class WordEncoder:
    """A bag of words as a unit vector; `same` maps words to the one they mean, which joins languages."""

    identity: str = "words@1"
    dim: int = 64
    same: Mapping[str, str] = field(default_factory=dict)

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """As passages."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """One count for each word, at a place that its checksum gives."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().replace("?", "").replace(".", "").split():
                vectors[row, zlib.crc32(self.same.get(word, word).encode()) % self.dim] += 1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Array = vectors / np.maximum(norms, 1e-9)
        return unit


@dataclass(frozen=True)
class WordReader:
    """Finds the words that it knows, wherever they stand, with the score that each has."""

    scores: Mapping[str, float]

    def read(self, question: Question, passages: Sequence[Passage], k: int) -> list[Span]:
        """The first place of each known word in each passage, best first."""
        found = [
            Span(passage.id, passage.text.index(word), passage.text.index(word) + len(word), word, score)
            for passage in passages
            for word, score in self.scores.items()
            if word in passage.text
        ]
        return sorted(found, key=lambda span: -span.score)[:k]


@dataclass(frozen=True)
class SettledReader(WordReader):
    """The same with settings, many questions at once; it remembers how many passages each call gave each question."""

    config: ReaderConfig
    read_counts: list[list[int]] = field(default_factory=list)

    def read_many(
        self, questions: Sequence[Question], passages_per_question: Sequence[Sequence[Passage]], k: int
    ) -> list[list[Span]]:
        """As `read` for each."""
        self.read_counts.append([len(passages) for passages in passages_per_question])
        return [
            self.read(question, passages, k)
            for question, passages in zip(questions, passages_per_question, strict=True)
        ]


MEANINGS = {"hauptstadt": "capital", "frankreichs": "france", "ist": "is", "die": "the", "was": "what"}


def documents() -> list[Document]:
    """Four short documents in three languages, two of them without a language."""
    return [
        Document("paris", "The capital of France is Paris.", title="Paris", lang="en", url="https://example.org/paris"),
        Document("rome", "Rome is the capital of Italy.", title="Rome"),
        Document("mond", "Der Mond umkreist die Erde in einem Monat.", title="Mond", lang="de"),
        Document("tokyo", "東京は日本の首都です。", metadata={"page": "7"}),
    ]
