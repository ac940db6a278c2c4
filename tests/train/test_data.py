import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.encode.tokenizer import CLS, PAD, SEP
from openqa.train.corpora import ReadingExample
from openqa.train.data import ReadingBatch, ReadingSet, batches, draw
from tests.encode.tiny import tiny_tokenizer
from tests.train.tiny import packed, reading_set


def text_of(examples: ReadingSet, row: int) -> list[int]:
    """Ids of the context of an example."""
    row = int(examples.context[row])
    ids: list[int] = examples.contexts.ids[examples.contexts.offsets[row] : examples.contexts.offsets[row + 1]].tolist()
    return ids


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.data(), st.integers(10, 40), st.integers(0, 3))
def test_the_target_is_the_answer(n_tokens: int, data: st.DataObject, window: int, seed: int) -> None:
    """The ids from start to end are the answer's, or the target is (0, 0) where the window cannot hold it."""
    first = data.draw(st.integers(0, n_tokens - 1))
    last = data.draw(st.integers(first, n_tokens - 1))
    context = list(range(100, 100 + n_tokens))
    examples = ReadingSet(
        packed([[7, 8, 9]]), packed([context]), np.array([0]), np.array([first]), np.array([last]), 1.0
    )
    cut = draw(examples, 0, window, 0.0, np.random.default_rng(seed))
    assert len(cut.ids) == min(window, 3 + 3 + n_tokens)
    assert cut.ids[:5].tolist() == [CLS, 7, 8, 9, SEP]
    assert cut.ids[-1] == SEP
    if last - first + 1 <= window - 6:
        assert cut.ids[cut.start : cut.end + 1].tolist() == context[first : last + 1]
    else:
        assert (cut.start, cut.end) == (0, 0)
    begin = int(cut.ids[5]) - 100
    assert cut.ids[5:-1].tolist() == context[begin : begin + len(cut.ids) - 6]


def test_every_window_around_the_answer_is_drawn() -> None:
    """A window of 4 over 10 tokens with the answer at 5: it begins at 2, 3, 4 or 5."""
    examples = ReadingSet(packed([[7]]), packed([range(100, 110)]), np.array([0]), np.array([5]), np.array([5]), 1.0)
    rng = np.random.default_rng(0)
    assert {int(draw(examples, 0, 8, 0.0, rng).ids[3]) for _ in range(100)} == {102, 103, 104, 105}


def test_another_passage_has_no_answer() -> None:
    """A swapped passage gives (0, 0); when the chance falls on the example's own, the answer stays."""
    examples = reading_set(3, 500)
    rng = np.random.default_rng(0)
    swapped = 0
    for _ in range(60):
        cut = draw(examples, 1, 64, 1.0, rng)
        own = cut.ids[cut.ids.tolist().index(SEP) + 1 : -1].tolist() == text_of(examples, 1)
        assert own == ((cut.start, cut.end) != (0, 0))
        swapped += not own
    assert 25 < swapped < 55


def test_half_of_the_other_passages_are_near() -> None:
    """Of 200 contexts, those 6 to 30 rows on come for about half of the questions, the rest from anywhere."""
    n = 200
    contexts = packed([[1000 + row] for row in range(n)])
    examples = ReadingSet(packed([[7]]), contexts, np.array([190]), np.array([0]), np.array([0]), 1.0)
    rng = np.random.default_rng(0)
    steps = np.array([(int(draw(examples, 0, 8, 1.0, rng).ids[3]) - 1000 - 190) % n for _ in range(400)])
    near = (steps >= 6) & (steps <= 30)
    assert 0.45 < near.mean() < 0.7
    assert set(steps[near]) == set(range(6, 31))
    assert len(set(steps[~near])) > 60


def test_a_passage_with_the_answer_is_no_other() -> None:
    """Where every passage has the answer's ids in a row, the question keeps its own."""
    contexts = packed([[row, 50, 51, row] for row in range(100, 140)])
    examples = ReadingSet(packed([[7]]), contexts, np.array([3]), np.array([1]), np.array([2]), 1.0)
    rng = np.random.default_rng(0)
    assert {int(draw(examples, 0, 12, 1.0, rng).ids[3]) for _ in range(50)} == {103}


def test_a_window_without_room_is_refused() -> None:
    """The message names the question's length."""
    examples = ReadingSet(packed([[7, 8, 9]]), packed([[5]]), np.array([0]), np.array([0]), np.array([0]), 1.0)
    with pytest.raises(ValueError, match=r"^window is 6; a question of 3 tokens and 3 special ones need more$"):
        draw(examples, 0, 6, 0.0, np.random.default_rng(0))


def first_batches(sets: list[ReadingSet], n: int, *, seed: int) -> list[ReadingBatch]:
    return list(itertools.islice(batches(sets, window=24, tokens=200, negative=0.2, seed=seed), n))


def test_batches_follow_the_seed() -> None:
    """The same seed gives the same batches, another others."""
    sets = [reading_set(20, 500), reading_set(30, 500, seed=1)]
    one, two, other = (first_batches(sets, 30, seed=seed) for seed in (0, 0, 1))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.ids, b.ids)
        assert np.array_equal((a.start, a.end), (b.start, b.end))
    assert any(a.ids.shape != b.ids.shape or (a.ids != b.ids).any() for a, b in zip(one, other, strict=True))


def test_batches_are_padded_at_the_end() -> None:
    """Ids and mask agree with [CLS] question [SEP] passage [SEP], and targets stand in the passage."""
    for batch in first_batches([reading_set(20, 500)], 40, seed=0):
        n, length = batch.ids.shape
        assert n * length <= 200
        assert length <= 24
        for ids, mask, start, end in zip(batch.ids, batch.is_token, batch.start, batch.end, strict=True):
            size = int(mask.sum())
            assert mask.tolist() == [1] * size + [0] * (length - size)
            assert (ids[size:] == PAD).all()
            first, last = np.flatnonzero(ids[:size] == SEP)
            assert [int(ids[0]), int(last)] == [CLS, size - 1]
            assert (start, end) == (0, 0) or first < start <= end < last


def test_sets_are_drawn_by_weight() -> None:
    """A set of three times the weight gives about three times the sequences, whatever its size."""
    light, heavy = reading_set(50, 100), reading_set(5, 100, seed=1)
    shifted = packed([(examples_ids + 1000).tolist() for examples_ids in [heavy.questions.ids]])
    heavy = ReadingSet(shifted, heavy.contexts, np.array([0]), np.array([0]), np.array([0]), 3.0)
    found = first_batches([light, heavy], 60, seed=0)
    ids = np.concatenate([batch.ids[:, 1] for batch in found])
    assert 0.65 < (ids >= 1000).mean() < 0.85


def test_examples_become_tokens(tmp_path: Path) -> None:
    """The answer's tokens cover the answer, equal contexts are stored once; saved and loaded equals the original."""
    texts = ["the river (under the bridge) near 1984", "古老的河流在石桥下"]
    answers = [(0, "under"), (0, "the bridge"), (0, "1984"), (0, "the"), (1, "河流"), (1, "古老")]
    examples = [
        ReadingExample(str(i), f"the {i}", "en", texts[t], "en", texts[t].index(a), texts[t].index(a) + len(a))
        for i, (t, a) in enumerate(answers)
    ]
    found = ReadingSet.encode(tiny_tokenizer(), examples, 0.5)
    assert (len(found), len(found.contexts), found.weight) == (6, 2, 0.5)
    for example, row, first, last in zip(examples, found.context, found.first, found.last, strict=True):
        pieces = tiny_tokenizer().pieces([example.context])[0]
        assert pieces.ids.tolist() == text_of(found, int(np.flatnonzero(found.context == row)[0]))
        assert pieces.starts[first] <= example.start < pieces.ends[first]
        assert pieces.starts[last] < example.end <= pieces.ends[last]
    found.save(tmp_path / "set.npz")
    loaded = ReadingSet.load(tmp_path / "set.npz")
    for name in ("context", "first", "last"):
        assert np.array_equal(getattr(loaded, name), getattr(found, name))
    for side in ("questions", "contexts"):
        assert np.array_equal(getattr(loaded, side).ids, getattr(found, side).ids)
        assert np.array_equal(getattr(loaded, side).offsets, getattr(found, side).offsets)
    assert loaded.weight == 0.5
