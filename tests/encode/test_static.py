import numpy as np

from openqa.encode.static import StaticEncoder
from openqa.encode.tokenizer import UNK
from tests.encode.tiny import COLUMNS, random_values, sentences, tiny_table, tiny_tokenizer

PLAIN = np.eye(COLUMNS, dtype=np.float32)
ALIKE = np.ones(len(tiny_table()), np.float16)


def tiny() -> StaticEncoder:
    return StaticEncoder(tiny_tokenizer(), tiny_table(), ALIKE, PLAIN, "tiny@1")


def test_a_text_is_the_unit_mean_of_its_pieces() -> None:
    """Unknown pieces do not count."""
    text = "the old river ☃ bridge"
    ids = [number for number in tiny_tokenizer().ids([text])[0] if number != UNK]
    assert len(ids) == len(tiny_tokenizer().ids([text])[0]) - 1
    rows = tiny_table().rows(np.arange(len(tiny_table())))
    mean = sum(rows[number] for number in ids) / len(ids)
    assert np.allclose(tiny().encode_passages([text])[0], mean / np.sqrt((mean**2).sum()), atol=1e-6)


def test_the_mean_is_projected() -> None:
    """The width is that of the projection."""
    projection = random_values(COLUMNS, 16)
    encoder = StaticEncoder(tiny_tokenizer(), tiny_table(), ALIKE, projection, "tiny@1")
    expected = tiny().encode_passages(["the old river"])[0] @ projection
    assert encoder.dim == 16
    assert np.allclose(encoder.encode_queries(["the old river"])[0], expected / np.linalg.norm(expected), atol=1e-6)


def test_pieces_count_by_their_weights() -> None:
    """A weight of zero is a piece that is not there."""
    weights, old = ALIKE.copy(), tiny_tokenizer().ids(["old"])[0]
    weights[old] = 0
    weighted = StaticEncoder(tiny_tokenizer(), tiny_table(), weights, PLAIN, "tiny@1")
    assert np.allclose(weighted.encode_passages(["the old river"]), tiny().encode_passages(["the river"]), atol=1e-6)
    weights[tiny_tokenizer().ids(["river"])[0]] = 3
    found = weighted.encode_passages(["the old river"])
    assert np.allclose(found, tiny().encode_passages(["the river river river"]), atol=1e-6)


def test_rows_are_units_in_the_order_of_the_texts() -> None:
    """One row a text, (n, dim) float32, wherever it stands in the batch; alone and in any batch the same to 1e-6."""
    encoder, texts = tiny(), [*sentences()[::9], "the", "东京"]
    vectors = encoder.encode_passages(texts)
    assert vectors.shape == (len(texts), encoder.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(texts))
    assert np.abs(encoder.encode_passages([texts[i] for i in order]) - vectors[order]).max() <= 1e-6
    for text, vector in zip(texts, vectors, strict=True):
        assert np.abs(encoder.encode_passages([text])[0] - vector).max() <= 1e-6
        assert np.array_equal(encoder.encode_queries([text])[0], encoder.encode_passages([text])[0])


def test_a_text_without_a_known_piece_is_a_zero_row() -> None:
    """Empty texts give zeros and leave their neighbours alone; no text gives no row."""
    encoder = tiny()
    vectors = encoder.encode_passages(["", "the river", "\u200b", ""])
    assert np.array_equal(vectors.any(axis=1), [False, True, False, False])
    assert np.array_equal(vectors[1], encoder.encode_passages(["the river"])[0])
    assert encoder.encode_passages([]).shape == (0, COLUMNS)
    assert not encoder.encode_queries([""]).any()


def test_name_and_width() -> None:
    """The identity is what was given, the width that of the projection."""
    assert (tiny().identity, tiny().dim) == ("tiny@1", COLUMNS)
