import itertools
from collections import Counter

import numpy as np
import pytest

from openqa.encode.tokenizer import CLS, SEP
from openqa.train.pair_batches import MOST_PAIRS, PairBatch, Texts, padded, pair_batches
from tests.train.tiny import packed, pair_set

NAMES = ("sentences", "questions", "words")


def some(n: int, *, window: int = 16, tokens: int = 60, shares: dict[str, float] | None = None) -> list[PairBatch]:
    """The first batches of three small sets."""
    sets = [pair_set(20, 200, name) for name in NAMES]
    shares = shares or dict.fromkeys(NAMES, 1.0)
    return list(itertools.islice(pair_batches(sets, window=window, tokens=tokens, seed=0, shares=shares), n))


def rows(texts: Texts) -> list[list[int]]:
    """The ids of each text without padding."""
    return [ids[mask == 1].tolist() for ids, mask in zip(texts.ids, texts.is_token, strict=True)]


def test_padded_texts_by_hand() -> None:
    """A special piece before and after, the middle cut to the window, zeros behind."""
    found = padded(packed([[5, 6, 7], [8], []]), 4, 2, 3)
    assert found.ids.tolist() == [[2, 5, 6, 3], [2, 8, 3, 0], [2, 3, 0, 0]]
    assert found.is_token.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]]


def test_kinds_come_by_their_shares() -> None:
    """A kind without a share does not come."""
    counts = Counter(batch.name for batch in some(400, shares={"sentences": 3.0, "questions": 1.0}))
    assert set(counts) == {"sentences", "questions"}
    assert 2 < counts["sentences"] / counts["questions"] < 4.5


def test_batches_keep_to_the_tokens_and_belong_together() -> None:
    """Of questions both sides stand in a batch, of sentences one; a row is a pair of the set with its group."""
    pairs = pair_set(20, 200, "questions")
    sides = [[ids.tolist() for ids in np.split(side.ids, side.offsets[1:-1])] for side in (pairs.left, pairs.right)]
    known = {(tuple(left), tuple(right)): int(group) for left, right, group in zip(*sides, pairs.group, strict=True)}
    for batch in some(60):
        assert sum(side.ids.shape[1] for side in batch.sides) * len(batch) <= 60
        assert len(batch.sides) == (2 if batch.name == "questions" else 1)
        if batch.name == "questions":
            found = [[tuple(row[1:-1]) for row in rows(side)] for side in batch.sides]
            assert [known[pair] for pair in zip(*found, strict=True)] == batch.group.tolist()
            assert all(row[0] == CLS and row[-1] == SEP for side in batch.sides for row in rows(side))


def test_a_round_has_every_pair_once() -> None:
    """And is followed by another one, put together anew."""
    seen: Counter[int] = Counter()
    for batch in itertools.islice(pair_batches([pair_set(20, 200, "words")], window=9, tokens=40, seed=1), 400):
        seen.update(batch.group.tolist())
    assert set(seen) == set(range(19))
    assert max(seen[group] for group in range(18)) - min(seen[group] for group in range(18)) <= 1
    assert seen[18] >= 2 * (seen[0] - 1)  # two pairs of one group


def test_unknown_english_is_left_out() -> None:
    """The teacher's texts are those of the marked rows, in order; of none, there is no text."""
    for batch in some(60):
        for side, english, is_known in zip(batch.sides, batch.english, batch.is_known, strict=True):
            assert len(is_known) == len(side.ids)
            assert (english is None) == (not is_known.any())
            if english is not None:
                assert len(english.ids) == is_known.sum()
                assert (english.ids[:, 0] == 101).all()
    blank = pair_set(20, 200, "questions", has_english=False)
    batch = next(pair_batches([blank], window=16, tokens=60, seed=0))
    assert batch.english == (None, None)


def test_long_texts_are_cut_and_short_ones_kept_in_bounds() -> None:
    """No text is longer than the window, no batch larger than the most."""
    assert all(side.ids.shape[1] <= 4 for batch in some(60, window=4) for side in batch.sides)
    many = next(pair_batches([pair_set(2000, 4000)], window=16, tokens=10**6, seed=0))
    assert len(many) == MOST_PAIRS


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_gives_the_same_batches(seed: int) -> None:
    """And another one others."""
    first, again, other = (
        [
            rows(batch.sides[0])
            for batch in itertools.islice(pair_batches([pair_set(20, 200)], window=16, tokens=60, seed=number), 9)
        ]
        for number in (seed, seed, seed + 1)
    )
    assert first == again != other
