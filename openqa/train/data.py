"""Reading examples as packed token ids, and the sequences that a reader is trained on.

A sequence is `[CLS] question [SEP] window of the passage [SEP]`; the target is the answer's first and last token, or
position 0 when the window does not hold the answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.encode.tokenizer import CLS, SEP, SharedTokenizer
from openqa.train.corpora import ReadingExample
from openqa.train.packing import PackedTexts
from openqa.types import Array

# rows from an example's passage to one that is like it: of the same article in sets that keep the order of their
# source, and beyond the copies of one passage where every question has its own
NEAR = (6, 30)


@dataclass(frozen=True, slots=True)
class ReadingSet:
    """N examples of one kind: questions, distinct contexts, and the answer's tokens in its context."""

    questions: PackedTexts
    contexts: PackedTexts
    context: Array  # (N,) row of `contexts`
    first: Array  # (N,) the answer's first token in the context
    last: Array  # (N,) its last token
    weight: float

    def __len__(self) -> int:
        """Number of examples N."""
        return len(self.context)

    @classmethod
    def encode(cls, tokenizer: SharedTokenizer, examples: Sequence[ReadingExample], weight: float) -> "ReadingSet":
        """Returns the examples as token ids.

        Args:
            tokenizer: the shared tokenizer.
            examples: N examples.
            weight: share of sequences drawn from this set.
        """
        questions = PackedTexts.encode(tokenizer, [example.question for example in examples], 64)
        texts = list(dict.fromkeys(example.context for example in examples))
        place = {text: row for row, text in enumerate(texts)}
        pieces = tokenizer.pieces(texts)
        first, last = np.empty(len(examples), np.int32), np.empty(len(examples), np.int32)
        for i, example in enumerate(examples):
            context = pieces[place[example.context]]
            first[i] = np.searchsorted(context.ends, example.start, side="right")
            last[i] = max(first[i], np.searchsorted(context.starts, example.end, side="left") - 1)
        contexts = PackedTexts.join([context.ids for context in pieces])
        rows = np.asarray([place[example.context] for example in examples], dtype=np.int32)
        return cls(questions, contexts, rows, first, last, weight)

    def save(self, path: Path) -> None:
        """Writes the set as one compressed .npz.

        Args:
            path: the file.
        """
        np.savez_compressed(
            path,
            question_ids=self.questions.ids,
            question_offsets=self.questions.offsets.astype(np.int32),
            context_ids=self.contexts.ids,
            context_offsets=self.contexts.offsets.astype(np.int32),
            context=self.context,
            first=self.first,
            last=self.last,
            weight=np.float32(self.weight),
        )

    @classmethod
    def load(cls, path: Path) -> "ReadingSet":
        """Returns the set of a file that `save` wrote.

        Args:
            path: the file.
        """
        with np.load(path) as packed:
            questions = PackedTexts(packed["question_ids"], packed["question_offsets"].astype(np.int64))
            contexts = PackedTexts(packed["context_ids"], packed["context_offsets"].astype(np.int64))
            columns = (packed["context"], packed["first"], packed["last"])
            return cls(questions, contexts, *columns, float(packed["weight"]))


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """B sequences, padded at the end."""

    ids: Array  # (B, L) int64
    is_token: Array  # (B, L) int64, 0 where padded
    start: Array  # (B,) int64
    end: Array  # (B,) int64


@dataclass(frozen=True, slots=True)
class Cut:
    """One sequence before padding."""

    ids: Array  # (L,) int64
    start: int
    end: int


def draw(examples: ReadingSet, row: int, window: int, negative: float, rng: np.random.Generator) -> Cut:
    """Returns a window of one example; of its own passage, one that holds the answer wherever it fits.

    Args:
        examples: the set.
        row: which example.
        window: length L of the sequence at most.
        negative: probability of another passage in place of the example's own; half of them stand near it in the
            set, where they are of the same subject, half anywhere.
        rng: source of chance.

    Raises:
        ValueError: the question leaves no room for a passage in the window.
    """
    question = _row(examples.questions, row)
    own_row = int(examples.context[row])
    context_row = _other(examples, row, rng) if rng.random() < negative else own_row
    answered = context_row == own_row
    context = _row(examples.contexts, context_row)
    room = window - len(question) - 3
    if room < 1:
        raise ValueError(f"window is {window}; a question of {len(question)} tokens and 3 special ones need more")
    size = min(room, len(context))
    first, last = (int(examples.first[row]), int(examples.last[row])) if answered else (0, 0)
    latest = len(context) - size
    bounds = sorted((max(0, min(last + 1, len(context)) - size), min(first, latest))) if answered else (0, latest)
    begin = int(rng.integers(bounds[0], bounds[1] + 1))
    shift = len(question) + 2 - begin
    inside = answered and begin <= first and last < begin + size
    ids = np.concatenate([[CLS], question, [SEP], context[begin : begin + size], [SEP]]).astype(np.int64)
    return Cut(ids, first + shift if inside else 0, last + shift if inside else 0)


def _other(examples: ReadingSet, row: int, rng: np.random.Generator) -> int:
    """Row of a passage without the example's answer; the example's own where the one that was drawn has it."""
    own, n = int(examples.context[row]), len(examples.contexts)
    other = (own + int(rng.integers(*NEAR, endpoint=True))) % n if rng.random() < 0.5 else int(rng.integers(n))
    answer = _row(examples.contexts, own)[examples.first[row] : examples.last[row] + 1]
    return own if _holds(_row(examples.contexts, other), answer) else other


def _holds(context: Array, answer: Array) -> bool:
    """Whether the ids of an answer stand in a row in a passage."""
    starts = np.flatnonzero(context[: len(context) - len(answer) + 1] == answer[0])
    return any(np.array_equal(context[start : start + len(answer)], answer) for start in starts)


def batches(
    sets: Sequence[ReadingSet], *, window: int, tokens: int, negative: float, seed: int
) -> Iterator[ReadingBatch]:
    """Yields batches without end, sequences of like length together.

    Args:
        sets: the training sets; every sequence is drawn from one of them by weight.
        window: length L of a sequence at most.
        tokens: B · L at most; a sequence that is longer stands alone.
        negative: probability of a passage without the answer.
        seed: decides everything.
    """
    rng = np.random.default_rng(seed)
    shares = np.asarray([examples.weight for examples in sets]) / sum(examples.weight for examples in sets)
    while True:
        pool = []
        for kind in rng.choice(len(sets), p=shares, size=1024):
            row = int(rng.integers(len(sets[kind])))
            pool.append(draw(sets[kind], row, window, negative, rng))
        pool.sort(key=lambda sequence: len(sequence.ids))
        groups = list(_grouped(pool, tokens))
        for i in rng.permutation(len(groups)):
            yield _padded(groups[i])


def _grouped(pool: list[Cut], tokens: int) -> Iterator[list[Cut]]:
    group: list[Cut] = []
    for sequence in pool:
        if group and (len(group) + 1) * len(sequence.ids) > tokens:
            yield group
            group = []
        group.append(sequence)
    yield group


def _padded(group: list[Cut]) -> ReadingBatch:
    shape = (len(group), max(len(sequence.ids) for sequence in group))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for i, sequence in enumerate(group):
        ids[i, : len(sequence.ids)] = sequence.ids
        mask[i, : len(sequence.ids)] = 1
    start = np.asarray([sequence.start for sequence in group])
    end = np.asarray([sequence.end for sequence in group])
    return ReadingBatch(ids, mask, start, end)


def _row(texts: PackedTexts, row: int) -> Array:
    ids: Array = texts.ids[texts.offsets[row] : texts.offsets[row + 1]]
    return ids
