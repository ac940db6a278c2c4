import numpy as np
import pytest

from openqa.encode.joined import JoinedEncoder
from openqa.types import Array
from tests.pipeline.fakes import WordEncoder

LEFT, RIGHT = WordEncoder("left@1", 16), WordEncoder("right@1", 8, {"fluss": "river"})
TEXTS = ["the river", "fluss", "a stone bridge"]


def unit(vectors: Array) -> bool:
    return bool(np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6))


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 1.0), (0.2, 0.6)])
def test_the_inner_product_is_the_weighted_mean(weights: tuple[float, float]) -> None:
    """Of unit vectors of float32, as wide as all together."""
    joined = JoinedEncoder([LEFT, RIGHT], weights, "both@1")
    queries, passages = joined.encode_queries(TEXTS[:2]), joined.encode_passages(TEXTS)
    assert (joined.identity, joined.dim, passages.shape) == ("both@1", 24, (3, 24))
    assert passages.dtype == np.float32
    assert unit(queries)
    assert unit(passages)
    left, right = (each.encode_queries(TEXTS[:2]) @ each.encode_passages(TEXTS).T for each in (LEFT, RIGHT))
    expected = (weights[0] * left + weights[1] * right) / sum(weights)
    assert np.allclose(queries @ passages.T, expected, atol=1e-6)


def test_one_encoder_is_itself() -> None:
    """And no text gives no row."""
    joined = JoinedEncoder([LEFT], [2.0], "one@1")
    assert np.allclose(joined.encode_passages(TEXTS), LEFT.encode_passages(TEXTS))
    assert joined.encode_queries([]).shape == (0, 16)
