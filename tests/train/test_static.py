from pathlib import Path

import numpy as np
import torch

from openqa.train.packing import PackedTexts
from openqa.train.static import PairSet, StaticSettings, embed, train_static
from tests.train.tiny import packed


def pair_set(n: int, n_pieces: int) -> PairSet:
    """Pairs without a common piece: three pieces on the left, two on the right; the last two share a group."""
    rng = np.random.default_rng(0)
    left = [rng.integers(5, n_pieces // 2, 3).tolist() for _ in range(n)]
    right = [rng.integers(n_pieces // 2, n_pieces, 2).tolist() for _ in range(n)]
    group = np.arange(n, dtype=np.int32)
    group[-1] = group[-2]
    return PairSet("sentences", packed(left), packed(right), group, 0.5)


def means(vectors: np.typing.NDArray[np.float32], texts: PackedTexts) -> np.typing.NDArray[np.float32]:
    rows = [vectors[texts.ids[a:b]].mean(axis=0) for a, b in zip(texts.offsets[:-1], texts.offsets[1:], strict=True)]
    units: np.typing.NDArray[np.float32] = np.stack([row / np.linalg.norm(row) for row in rows])
    return units


def test_a_tiny_set_is_learnt() -> None:
    """After a few steps every left text finds its right text first; the losses fall; a seed gives the same again."""
    pairs, settings = pair_set(24, 200), StaticSettings(dim=32, steps=60, batch=16)
    losses: list[float] = []
    vectors = train_static([pairs, pairs], 200, settings, lambda step, kind, loss: losses.append(loss))
    ranks = (means(vectors, pairs.left) @ means(vectors, pairs.right).T).argmax(axis=1)
    assert ranks.tolist() == list(range(24))
    assert vectors.shape == (200, 32)
    assert losses[-1] < losses[0] / 3
    assert np.array_equal(train_static([pairs, pairs], 200, settings, lambda *_: None), vectors)


def test_embeddings_are_unit_means() -> None:
    """As the encoder will compute them; a text without pieces is zero."""
    table = torch.nn.EmbeddingBag(10, 4, mode="mean")
    texts = packed([[1, 2, 3], [4], []])
    found = embed(table, texts).detach().numpy()
    expected = means(table.weight.detach().numpy(), texts.take(np.array([0, 1])))
    assert np.allclose(found[:2], expected, atol=1e-6)
    assert not found[2].any()


def test_saved_and_loaded_equals_the_original(tmp_path: Path) -> None:
    """The name is that of the file."""
    pairs = pair_set(5, 100)
    pairs.save(tmp_path / "sentences.npz")
    loaded = PairSet.load(tmp_path / "sentences.npz")
    assert (loaded.name, loaded.weight, loaded.group.tolist()) == ("sentences", 0.5, pairs.group.tolist())
    for one, other in ((loaded.left, pairs.left), (loaded.right, pairs.right)):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.offsets.tolist() == other.offsets.tolist()
