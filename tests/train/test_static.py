import numpy as np
import torch

from openqa.train.packing import PackedTexts
from openqa.train.static import StaticSettings, embed, train_static
from tests.train.tiny import packed, pair_set


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
