import math

import numpy as np
import pytest

from openqa.encode.tokenizer import CLS, MASK, PAD, SEP, UNK
from openqa.train.vocabulary import SPECIAL_PIECES, cut_tokenizer, pieces_per_word, transfer_embeddings
from openqa.types import Array
from tests.encode.tiny import sentences, trained


def pieces(text: str) -> list[str]:
    return trained().encode(text, add_special_tokens=False).tokens


def test_the_vocabulary_has_the_size_asked_for() -> None:
    """Special pieces come first, in the order that the models know; a second training gives the same pieces."""
    assert trained().get_vocab_size() == 420
    assert [trained().token_to_id(piece) for piece in SPECIAL_PIECES] == [PAD, UNK, CLS, SEP, MASK]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(river)", "river"),
        ("RIVER", "river"),
        ("ｒｉｖｅｒ", "river"),
        ("İstanbul", "istanbul"),
        ("ri\u00adver", "river"),
    ],
)
def test_a_word_is_the_same_piece_everywhere(one: str, other: str) -> None:
    """In brackets and out of them, in capitals, full width, with a soft hyphen."""
    assert [piece for piece in pieces(one) if piece not in "(▁)"] == pieces(other) == ["▁" + other]


def test_numbers_and_punctuation_stand_alone() -> None:
    """A text's pieces join no letter with a digit, and neither with a punctuation mark."""
    assert pieces("river1984,bread.") == [
        *pieces("river"),
        *(p.strip("▁") for p in pieces("1984")),
        ",",
        "▁bread",
        ".",
    ]


def test_pieces_per_word_by_arithmetic() -> None:
    """Pieces of all texts over words of all texts."""
    texts = sentences()[:2]
    expected = (len(pieces(texts[0])) + len(pieces(texts[1]))) / 9
    assert pieces_per_word(trained(), texts, [4, 5]) == expected


def slow_transfer(source: Array, source_space: Array, target_space: Array, n: int, temperature: float) -> Array:
    """The formula, piece by piece."""
    rows = []
    for target in target_space:
        cosines = [
            float(target @ other) / math.sqrt(float(target @ target) * float(other @ other)) for other in source_space
        ]
        nearest = sorted(range(len(source)), key=lambda u: -cosines[u])[:n]
        weights = [math.exp(cosines[u] / temperature) for u in nearest]
        rows.append(sum(weight * source[u] for weight, u in zip(weights, nearest, strict=True)) / sum(weights))
    return np.asarray(rows)


@pytest.mark.parametrize(("n", "temperature"), [(1, 0.1), (4, 0.1), (10, 1.0)])
def test_transferred_embeddings_equal_the_formula(n: int, temperature: float) -> None:
    """The fast form equals a loop over the pieces."""
    rng = np.random.default_rng(0)
    source, source_space, target_space = (rng.standard_normal(shape) for shape in ((30, 6), (30, 5), (17, 5)))
    found = transfer_embeddings(source, source_space, target_space, n_neighbours=n, temperature=temperature)
    assert found.dtype == np.float32
    assert np.allclose(found, slow_transfer(source, source_space, target_space, n, temperature), atol=1e-5)


PUBLISHED = ("<s>", "<pad>", "▁", "a", "b", "▁ab", "▁abab", "ab", "é", "c", "<mask>")
SCORES = (0.0, 0.0, -9.0, -5.0, -5.0, -3.0, -2.0, -4.123456789, -6.0, -7.0, 0.0)
COUNTS = np.array([9, 9, 1, 0.5, 0.5, 3, 2, 5, 1e-9, 0, 9])


def test_a_cut_vocabulary_keeps_the_commonest_and_every_character_seen() -> None:
    """In the published order after the special ones; what is cut away is read in smaller pieces."""
    tokenizer, rows = cut_tokenizer(PUBLISHED, SCORES, (0, 1, 10), COUNTS, 11)
    assert [PUBLISHED[row] for row in rows] == ["▁", "a", "b", "▁ab", "ab", "é"]
    assert [tokenizer.id_to_token(number) for number in range(5, 11)] == [PUBLISHED[row] for row in rows]
    assert [tokenizer.token_to_id(piece) for piece in SPECIAL_PIECES] == [PAD, UNK, CLS, SEP, MASK]
    assert tokenizer.encode("abab é", add_special_tokens=False).tokens == ["▁ab", "ab", "▁", "é"]
    whole, every = cut_tokenizer(PUBLISHED, SCORES, (0, 1, 10), COUNTS, 12)
    assert len(every) == 7
    assert whole.encode("abab", add_special_tokens=False).tokens == ["▁abab"]


@pytest.mark.parametrize("n_pieces", [7, 14])
def test_a_size_that_cannot_be_had_is_refused(n_pieces: int) -> None:
    """Fewer than the single characters, more than there are."""
    message = f"^{n_pieces} pieces are wanted; with every single character 9 to 13 can be had$"
    with pytest.raises(ValueError, match=message):
        cut_tokenizer(PUBLISHED, SCORES, (0, 1, 10), COUNTS, n_pieces)


@pytest.mark.parametrize(
    ("text", "read"), [("ａb", "▁ab"), ("a\u00adb", "▁ab"), ("ab\u200c \ufeff ", "▁ab ▁"), ("e\u0301", "▁ é")]
)
def test_a_cut_vocabulary_reads_as_the_published_one(text: str, read: str) -> None:
    """NFKC; a soft hyphen is nothing, a joiner or a byte order mark a space, capitals are kept."""
    tokenizer, _ = cut_tokenizer(PUBLISHED, SCORES, (0, 1, 10), COUNTS, 12)
    assert tokenizer.encode(text, add_special_tokens=False).tokens == read.split()
    assert UNK in tokenizer.encode("A", add_special_tokens=False).ids
