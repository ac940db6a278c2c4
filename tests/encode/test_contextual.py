"""The contextual encoder over a body whose result is known: the mean of the tokens' embeddings."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from openqa.encode.contextual import OUTPUTS, WINDOW_TOKENS, ContextualEncoder
from openqa.encode.session import HIDDEN, LOWER, UPPER, load_body
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import CLS, MASK, SEP, UNK
from openqa.errors import ModelError
from openqa.types import Array
from tests.encode.tiny import random_values, sentences, tiny_tokenizer
from tests.read.tiny import save_graph, save_lower

DIM = 64


@pytest.fixture(scope="module")
def table() -> EmbeddingTable:
    """Random embeddings."""
    return EmbeddingTable.quantise(random_values(tiny_tokenizer().n_pieces, DIM), 64)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory, table: EmbeddingTable) -> ContextualEncoder:
    """Its token vectors are the embeddings, a text's vector their mean over real tokens."""
    nodes = [
        helper.make_node("Identity", [HIDDEN], ["tokens"]),
        helper.make_node("Cast", ["is_token"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
        helper.make_node("Mul", [HIDDEN, "mask3"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "axis"], ["sum"], keepdims=0),
        helper.make_node("LpNormalization", ["sum"], ["vector"], axis=-1, p=2),
    ]
    constants = {"axis": np.array([1]), "last": np.array([-1])}
    outputs: dict[str, list[str | int]] = {"vector": ["B", DIM], "tokens": ["B", "L", DIM]}
    folder = tmp_path_factory.mktemp("encoder")
    save_lower(folder / LOWER, DIM)
    save_graph(folder / UPPER, nodes, (HIDDEN, "is_token"), outputs, DIM, constants)
    return ContextualEncoder(load_body(folder, folder, "encoder", OUTPUTS), tiny_tokenizer(), table, "tiny@1")


def ids_of(text: str) -> list[int]:
    return [int(number) for number in tiny_tokenizer().ids([text])[0]]


def mean(table: EmbeddingTable, ids: list[int]) -> Array:
    total: Array = table.rows(np.array(ids)).sum(axis=0)
    unit: Array = total / np.linalg.norm(total)
    return unit


def test_a_text_stands_between_its_special_pieces(encoder: ContextualEncoder, table: EmbeddingTable) -> None:
    """[CLS] text [SEP]; what looks like a special piece in a text is not one."""
    for text in ("the old river", "the old river [MASK] bridge"):
        expected = mean(table, [CLS, *ids_of(text), SEP])
        assert np.allclose(encoder.encode_queries([text])[0], expected, atol=1e-5)
        assert MASK not in ids_of(text)


def test_rows_are_units_in_the_order_of_the_texts(encoder: ContextualEncoder) -> None:
    """Of any lengths, in any batch."""
    texts = [*sentences()[::9], "the", "东京", " ".join(sentences()[:40])]
    vectors = encoder.encode_passages(texts)
    assert vectors.shape == (len(texts), encoder.dim) == (len(texts), DIM)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.abs(encoder.encode_passages([text])[0] - vector).max() <= 1e-5


def test_a_text_without_a_known_piece_is_a_zero_row(encoder: ContextualEncoder) -> None:
    """It leaves its neighbours alone; no text gives no row."""
    vectors = encoder.encode_passages(["", "the river", "\u200b", ""])
    assert np.array_equal(vectors.any(axis=1), [False, True, False, False])
    assert encoder.encode_passages([]).shape == (0, DIM)


def test_a_long_text_is_cut_at_the_window(encoder: ContextualEncoder, table: EmbeddingTable) -> None:
    """Its first pieces are what counts."""
    text = "the old river runs " * 200
    expected = mean(table, [CLS, *ids_of(text)[: WINDOW_TOKENS - 2], SEP])
    assert np.allclose(encoder.encode_passages([text])[0], expected, atol=1e-5)


def test_token_vectors_are_those_of_the_pieces(encoder: ContextualEncoder, table: EmbeddingTable) -> None:
    """One for each piece, without the special ones; a text alone and in any batch gives the same."""
    texts = ["the old river", "", "stone bridge near small town market"]
    for text, matrix in zip(texts, encoder.encode_tokens(texts), strict=True):
        assert matrix.dtype == np.float32
        assert np.allclose(matrix, table.rows(np.array(ids_of(text), dtype=np.int64)).reshape(-1, DIM), atol=1e-6)
        assert np.array_equal(matrix, encoder.encode_tokens([text])[0])


def test_damaged_weights_are_noticed(encoder: ContextualEncoder, table: EmbeddingTable) -> None:
    """Numbers that are not finite, and a body that fails, raise."""
    scales = table.scales.copy()
    scales[:] = np.inf
    broken = ContextualEncoder(encoder._session, tiny_tokenizer(), EmbeddingTable(table.codes, scales), "tiny@1")
    with np.errstate(invalid="ignore"), pytest.raises(ModelError, match=r'^encoder "tiny@1" gave numbers that are not'):
        broken.encode_queries(["the river"])
    narrow = ContextualEncoder(
        encoder._session, tiny_tokenizer(), EmbeddingTable(table.codes[:, :16], table.scales), "tiny@1"
    )
    with pytest.raises(ModelError, match=r'^encoder "tiny@1" failed on 1 texts: '):
        narrow.encode_queries(["the river"])


def test_name(encoder: ContextualEncoder) -> None:
    """The identity is what was given."""
    assert encoder.identity == "tiny@1"
    assert UNK == 1
