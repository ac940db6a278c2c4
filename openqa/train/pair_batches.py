"""Batches of packed pairs for the contextual encoder: each of one kind, with texts of like length, padded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openqa.encode.batching import pad_rows
from openqa.encode.tokenizer import CLS, PAD, SEP
from openqa.train.packing import PackedTexts, PairSet
from openqa.types import Array

TEACHER_CLS, TEACHER_SEP = 101, 102  # of BERT's English vocabulary
TRANSLATIONS = ("sentences", "crossed", "words")  # kinds whose two sides mean the same
ENGLISH_SHARE = 0.2  # of the batches of translations: the English side is encoded
SHARES = {  # of batches
    "sentences": 0.34,
    "paragraphs": 0.12,
    "words": 0.08,
    "questions": 0.2,
    "switched": 0.22,
    "aligned": 0.04,
}
MOST_PAIRS = 512  # in a batch


@dataclass(frozen=True, slots=True)
class Texts:
    """B texts with their special pieces, padded at the end."""

    ids: Array  # (B, L) int64
    is_token: Array  # (B, L) int64, 0 where padded


@dataclass(frozen=True, slots=True)
class PairBatch:
    """B pairs: both sides, or one where the sides mean the same."""

    name: str
    sides: tuple[Texts, ...]
    english: tuple[Texts | None, ...]  # for each side, the texts whose English is known, in order
    is_known: tuple[Array, ...]  # for each side, (B,) bool: which texts those are
    group: Array  # (B,) int64

    def __len__(self) -> int:
        """Number of pairs B."""
        return len(self.group)


def pair_batches(
    sets: Sequence[PairSet], *, window: int, tokens: int, seed: int, shares: Mapping[str, float] = SHARES
) -> Iterator[PairBatch]:
    """Yields batches without end.

    Args:
        sets: the training pairs by kind; a kind without a share is left out.
        window: longest text in tokens, special ones counted; the rest is cut off.
        tokens: of a batch at most, padding and both sides counted.
        seed: decides everything.
        shares: of batches, by kind.
    """
    rng = np.random.default_rng(seed)
    kinds = [pairs for pairs in sets if shares.get(pairs.name)]
    weights = np.asarray([shares[pairs.name] for pairs in kinds])
    streams = [_rows_of_like_length(pairs, window, tokens, rng) for pairs in kinds]
    while True:
        chosen = int(rng.choice(len(kinds), p=weights / weights.sum()))
        yield _batch(kinds[chosen], next(streams[chosen]), window, rng)


def _rows_of_like_length(pairs: PairSet, window: int, tokens: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yields the pairs of batches without end: all of them in every round, each time put together anew."""
    left, right = (np.minimum(np.diff(side.offsets) + 2, window) for side in (pairs.left, pairs.right))
    longest = np.maximum(left, right) if pairs.name in TRANSLATIONS else left + right
    while True:
        order = np.argsort(longest * rng.uniform(0.85, 1.15, len(longest)), kind="stable")
        groups, first = [], 0
        while first < len(order):
            size, peak = 0, 1
            while first + size < len(order) and size < MOST_PAIRS:
                peak = max(peak, int(longest[order[first + size]]))
                if size > 1 and (size + 1) * peak > tokens:
                    break
                size += 1
            groups.append(order[first : first + size])
            first += size
        for i in rng.permutation(len(groups)):
            yield groups[i]


def _batch(pairs: PairSet, rows: Array, window: int, rng: np.random.Generator) -> PairBatch:
    sides = [(pairs.left, pairs.left_english), (pairs.right, pairs.right_english)]
    if pairs.name in TRANSLATIONS:
        english_side = pairs.name != "crossed" and rng.random() < ENGLISH_SHARE
        sides = sides[:1] if english_side else sides[1:]
    known = [np.diff(english.take(rows).offsets) > 0 for _, english in sides]
    return PairBatch(
        pairs.name,
        tuple(padded(side.take(rows), window, CLS, SEP) for side, _ in sides),
        tuple(
            padded(english.take(rows[is_known]), window, TEACHER_CLS, TEACHER_SEP) if is_known.any() else None
            for (_, english), is_known in zip(sides, known, strict=True)
        ),
        tuple(known),
        pairs.group[rows].astype(np.int64),
    )


def padded(texts: PackedTexts, window: int, first: int, last: int) -> Texts:
    """Returns the texts with a special piece before and after, cut to the window.

    Args:
        texts: B texts.
        window: tokens at most, with the special ones.
        first: the piece before.
        last: the piece after.
    """
    bounds = zip(texts.offsets[:-1], texts.offsets[1:], strict=True)
    rows = [np.concatenate([[first], texts.ids[start:end][: window - 2], [last]]) for start, end in bounds]
    return Texts(*pad_rows(rows, PAD))
