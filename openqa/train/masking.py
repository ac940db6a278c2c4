"""Masked and translation language modelling: pieces are hidden, and told from what stands around or in a translation.

A batch holds single texts, or a text with its translation as `[CLS] text [SEP] translation [SEP]`, where a hidden piece
can be told from the other language. Of the pieces 15 % are to be told: 80 % of those become [MASK], 10 % another piece,
10 % stay.
Sources: Devlin et al. 2019 (arXiv:1810.04805), section 3.1; Conneau & Lample 2019 (arXiv:1901.07291), section 3.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from openqa.encode.batching import batch_rows
from openqa.encode.tokenizer import CLS, MASK, PAD, SEP
from openqa.read.windows import N_SPECIAL, pad_batch
from openqa.train.packing import PairSet
from openqa.types import Array

SHARE_TOLD, SHARE_MASKED, SHARE_OTHER = 0.15, 0.8, 0.1
SHARE_OF_PAIRS = 0.75  # of the sequences; the others are single texts
N_SPECIAL_PIECES = 5  # the first of the vocabulary
NOT_TOLD = -1
_POOL = 1024  # sequences that are drawn at once, so that those of like length come together


@dataclass(frozen=True, slots=True)
class MaskedBatch:
    """B sequences, padded at the end, and what stood where a piece is to be told."""

    ids: Array  # (B, L) int64
    is_token: Array  # (B, L) int64
    told: Array  # (B, L) int64: the piece that stood there, NOT_TOLD elsewhere


def masked_batches(pairs: PairSet, *, n_pieces: int, window: int, tokens: int, seed: int) -> Iterator[MaskedBatch]:
    """Yields batches without end.

    Args:
        pairs: translations.
        n_pieces: of the vocabulary, V.
        window: longest sequence, in tokens; both sides are cut to fit.
        tokens: B · L at most.
        seed: decides everything.
    """
    rng = np.random.default_rng(seed)
    room = (window - N_SPECIAL) // 2
    while True:
        rows = rng.integers(len(pairs.group), size=_POOL)
        left, right = (_cut(side.take(rows).ids, side.take(rows).offsets, room) for side in (pairs.left, pairs.right))
        is_pair = rng.random(_POOL) < SHARE_OF_PAIRS
        firsts = [a if both else b for a, b, both in zip(left, right, is_pair, strict=True)]
        seconds = [b if both else [] for b, both in zip(right, is_pair, strict=True)]
        lengths = [len(a) + len(b) + N_SPECIAL for a, b in zip(firsts, seconds, strict=True)]
        groups = batch_rows(lengths, tokens)
        for i in rng.permutation(len(groups)):
            ids, is_token = pad_batch(
                [firsts[row] for row in groups[i]], [seconds[row] for row in groups[i]], CLS, SEP, PAD
            )
            hidden, told = mask(ids, n_pieces, rng)
            yield MaskedBatch(hidden, is_token, told)


def mask(ids: Array, n_pieces: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Hides pieces of sequences; special pieces and padding stay.

    Args:
        ids: (B, L) int64.
        n_pieces: of the vocabulary, V.
        rng: source of chance.

    Returns:
        The sequences with pieces hidden, and what stood there, NOT_TOLD elsewhere: two (B, L) int64.
    """
    is_told = (rng.random(ids.shape) < SHARE_TOLD) & (ids >= N_SPECIAL_PIECES)
    fate = rng.random(ids.shape)
    other = rng.integers(N_SPECIAL_PIECES, n_pieces, ids.shape)
    changed = np.where(fate < SHARE_MASKED, MASK, np.where(fate < SHARE_MASKED + SHARE_OTHER, other, ids))
    return np.where(is_told, changed, ids), np.where(is_told, ids, NOT_TOLD)


def _cut(ids: Array, offsets: Array, room: int) -> list[list[int]]:
    bounds = pairwise(offsets.tolist())
    return [ids[start : min(end, start + room)].tolist() for start, end in bounds]
