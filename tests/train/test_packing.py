from pathlib import Path

import numpy as np
import pytest

from openqa.train.packing import SIDES, PackedTexts, PairSet
from tests.encode.tiny import sentences, tiny_tokenizer
from tests.train.tiny import packed, pair_set


def unpacked(texts: PackedTexts) -> list[list[int]]:
    return [texts.ids[a:b].tolist() for a, b in zip(texts.offsets[:-1], texts.offsets[1:], strict=True)]


@pytest.mark.parametrize("rows", [[], [2], [0, 1, 2, 3], [3, 3, 1, 0], [1], [1, 1]])
def test_take_gives_the_texts_asked_for(rows: list[int]) -> None:
    """Any order, repeated, and the empty text."""
    texts = [[5, 6], [], [7], [8, 9, 10]]
    taken = packed(texts).take(np.asarray(rows, dtype=np.int64))
    assert unpacked(taken) == [texts[row] for row in rows]
    assert len(taken) == len(rows)


def test_encode_equals_the_tokenizer() -> None:
    """Equal texts are encoded once and stand wherever they stood; each is cut after the limit."""
    texts = [*sentences()[:3], "", sentences()[1], "the river"]
    expected = [ids[:5].tolist() for ids in tiny_tokenizer().ids(texts)]
    found = PackedTexts.encode(tiny_tokenizer(), texts, 5)
    assert unpacked(found) == expected
    assert found.ids.dtype == np.int32
    assert len(PackedTexts.encode(tiny_tokenizer(), [], 5)) == 0


def test_saved_and_loaded_pairs_equal_the_original(tmp_path: Path) -> None:
    """The name is that of the file."""
    pairs = pair_set(5, 100, "questions")
    pairs.save(tmp_path / "sentences.npz")
    loaded = PairSet.load(tmp_path / "sentences.npz")
    assert (loaded.name, loaded.weight, loaded.group.tolist()) == ("sentences", 0.5, pairs.group.tolist())
    assert len(loaded) == 5
    for side in SIDES:
        assert unpacked(getattr(loaded, side)) == unpacked(getattr(pairs, side))
