"""The nouns of the field as frozen records, and the protocols that join the layers.

Offsets are Unicode code points, half open: `passage.text[start:end] == span.text`.
`lang` is BCP 47 ("und" when unknown). A higher score is better everywhere.
Shape letters: B questions, N passages, T tokens, D dimension, K hits kept, L reader length, V vocabulary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it comes from a corpus, before it is cut into passages."""

    id: str
    text: str
    title: str = ""
    lang: str = "und"
    url: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of retrieval: `document.text[start : start + len(text)] == text`."""

    id: str
    document_id: str
    text: str
    title: str = ""
    lang: str = "und"
    start: int = 0
    url: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks; `answers` holds the gold answers when they are known."""

    id: str
    text: str
    lang: str = "und"
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved passage."""

    passage_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Span:
    """An answer where it stands: `passage.text[start:end] == text`."""

    passage_id: str
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the spans that support it, best first; `probability` is within [0, 1]."""

    text: str
    score: float
    probability: float
    support: tuple[Span, ...]


Ranking: TypeAlias = list[Hit]
Run: TypeAlias = dict[str, Ranking]
Qrels: TypeAlias = dict[str, dict[str, int]]


class Retriever(Protocol):
    """Anything that ranks passages for questions."""

    def search(self, questions: Sequence[Question], k: int) -> list[Ranking]:
        """One ranking per question: at most k distinct hits, scores never rising, ties by passage id."""
        ...


class Encoder(Protocol):
    """Anything that turns texts into vectors of one width."""

    @property
    def identity(self) -> str:
        """Name and revision; vectors of two encoders may be compared only if it is equal."""
        ...

    @property
    def dim(self) -> int:
        """Width D of a vector."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions: (B, D) float32."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Unit rows for passages: (N, D) float32."""
        ...


class Reader(Protocol):
    """Anything that finds answer spans in passages."""

    def read(self, question: Question, passages: Sequence[Passage], k: int) -> list[Span]:
        """At most k spans over all passages, best first; scores are comparable between passages."""
        ...


class PartSource(NamedTuple):
    """Rows of a part that stands in a folder, of a segment or of a chunk."""

    folder: Path
    n_rows: int
    kept: Array | None = None  # (m,) int64, rising: the rows to take; None takes all


class Part(Protocol):
    """How one retriever stores its share of an index; the index folder knows nothing else of it.

    Every file is written through `durable.py`, and mapped again through its `map_array` and `map_bytes`. A part can be
    pickled, for worker processes.
    """

    @property
    def name(self) -> str:
        """The folder's name inside a segment, such as "bm25": small letters, digits, "-" and "_"."""
        ...

    def config(self) -> dict[str, Any]:
        """What must be equal for the part to be searched or extended, as JSON values; no times, no paths."""
        ...

    def write_chunk(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Writes the part of some passages: the same files as for a segment, only small; durable on return.

        Args:
            folder: exists and is empty.
            passages: at least one, in the order of rows.
        """
        ...

    def combine(self, folder: Path, sources: Sequence[PartSource]) -> None:
        """Writes one part from rows of others, in their order; durable on return.

        The bytes depend on the passages, not on how the sources were cut. It needs neither encoder nor text, and memory
        for the arrays of one segment.

        Args:
            folder: exists and is empty.
            sources: of the same config as this part.
        """
        ...


class SegmentView(Protocol):
    """What a retriever sees of one segment: how many rows, their ids, and its own folder."""

    def __len__(self) -> int:
        """Number of passages N."""
        ...

    def part_path(self, part: str) -> Path:
        """The folder of one part."""
        ...

    @property
    def deleted_rows(self) -> Array:
        """Rows that are never found and count nowhere: (d,) int64, rising; N and all row numbers include them."""
        ...

    def passage_ids(self, rows: Array) -> list[str]:
        """Passage ids of the given rows."""
        ...
