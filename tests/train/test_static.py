import numpy as np

from openqa.train.packing import PackedTexts
from openqa.train.static import StaticSettings, train_static
from tests.train.tiny import pair_set


def means(vectors: np.typing.NDArray[np.float32], texts: PackedTexts) -> np.typing.NDArray[np.float32]:
    rows = [vectors[texts.ids[a:b]].mean(axis=0) for a, b in zip(texts.offsets[:-1], texts.offsets[1:], strict=True)]
    units: np.typing.NDArray[np.float32] = np.stack([row / np.linalg.norm(row) for row in rows])
    return units


def test_a_tiny_set_is_learnt() -> None:
    """Nearly every left text finds its right text first; the table is not changed; a seed gives the same again."""
    pairs, table = pair_set(24, 200), np.random.default_rng(0).standard_normal((200, 48), np.float32)
    kept, settings = table.copy(), StaticSettings(dim=32, steps=150, batch=16, learning_rate=0.2)
    losses: list[float] = []
    weights, projection = train_static([pairs, pairs], table, settings, lambda step, kind, loss: losses.append(loss))
    assert (weights.shape, projection.shape) == ((200,), (48, 32))
    assert weights.min() > 0
    assert np.array_equal(table, kept)
    vectors = weights[:, None] * table @ projection
    ranks = (means(vectors, pairs.left) @ means(vectors, pairs.right).T).argmax(axis=1)
    assert (ranks == np.arange(24)).mean() > 0.9
    assert losses[-1] < losses[0] / 3
    again = train_static([pairs, pairs], table, settings, lambda *_: None)
    assert np.array_equal(again[0], weights)
