"""A reader small enough that its logits are known: a piece's embedding says how well it begins and ends an answer."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from openqa.encode.session import load_session
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.read import MiniReader, ReaderConfig
from openqa.read.loading import INPUTS, OUTPUTS
from openqa.types import Array, Passage

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CONFIG = ReaderConfig("tiny", "1", 40, 8, 4, 8, 1.0, 0.0)


class FakeTable:
    """An embedding table held in memory, as the bundled one is held on disk."""

    def __init__(self, matrix: Array) -> None:
        self.matrix = matrix

    def rows(self, ids: Array) -> Array:
        """The rows of ids: (*shape, D) float32."""
        rows: Array = self.matrix[ids]
        return rows


def tiny_tokenizer(texts: Iterable[str]) -> SharedTokenizer:
    """A Unigram tokenizer whose pieces are the words of the texts and, more costly, their single characters."""
    normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    plain = [normalizer.normalize_str(text) for text in texts]
    words = sorted({"▁" + word for text in plain for word in text.split()})
    characters = sorted({character for text in plain for character in text if not character.isspace()} | {"▁"})
    scores = dict.fromkeys(words, -1.0) | {character: -20.0 for character in characters if character not in words}
    tokenizer = Tokenizer(models.Unigram([(piece, 0.0) for piece in SPECIAL] + list(scores.items()), unk_id=1))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(SPECIAL)
    return SharedTokenizer(tokenizer)


def save_body(path: Path, dim: int, *, look_around: bool = False, seed: int = 0) -> None:
    """Writes a reader's body.

    Plain: logits = embeddings. Looking around: logits = embeddings @ W + masked mean of embeddings + 0.1 * token type,
    which depends on every token of the row and on no padding.
    """
    nodes = [helper.make_node("Identity", ["embeddings"], ["logits"])]
    weights = []
    if look_around:
        random = np.random.default_rng(seed).normal(size=(dim, 2)).astype(np.float32)
        values = {"W": random, "axis": np.array([1]), "last": np.array([-1]), "tenth": np.array([0.1], np.float32)}
        weights = [onnx.numpy_helper.from_array(value, name) for name, value in values.items()]
        nodes = [
            helper.make_node("MatMul", ["embeddings", "W"], ["own"]),
            helper.make_node("Cast", ["is_token"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
            helper.make_node("Mul", ["own", "mask3"], ["masked"]),
            helper.make_node("ReduceSum", ["masked", "axis"], ["sum"]),
            helper.make_node("ReduceSum", ["mask3", "axis"], ["count"]),
            helper.make_node("Div", ["sum", "count"], ["mean"]),
            helper.make_node("Cast", ["token_types"], ["types"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["types", "last"], ["types3"]),
            helper.make_node("Mul", ["types3", "tenth"], ["side"]),
            helper.make_node("Mul", ["own", "mean"], ["mixed"]),
            helper.make_node("Add", ["mixed", "side"], ["logits"]),
        ]
    inputs = [
        helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["B", "L", dim]),
        helper.make_tensor_value_info("token_types", TensorProto.INT64, ["B", "L"]),
        helper.make_tensor_value_info("is_token", TensorProto.INT64, ["B", "L"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", "L", 2])]
    graph = helper.make_graph(nodes, "body", inputs, outputs, weights)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(path))


def known_reader(folder: Path, passages: Iterable[Passage], good: Mapping[str, tuple[float, float]]) -> MiniReader:
    """A reader whose logits are `good[word]` (start, end) for the words listed and 0 elsewhere, [CLS] included."""
    tokenizer = tiny_tokenizer([passage.text for passage in passages] + ["who where when"] + list(good))
    matrix = np.zeros((tokenizer.n_pieces, 2), np.float32)
    for word, logits in good.items():
        matrix[tokenizer.ids([word])[0][0]] = logits
    save_body(folder / "body.onnx", 2)
    return MiniReader(
        load_session(folder / "body.onnx", "reader", INPUTS, OUTPUTS, 1), tokenizer, FakeTable(matrix), CONFIG
    )


def random_reader(folder: Path, passages: Iterable[Passage], dim: int = 8, seed: int = 0) -> MiniReader:
    """A reader with random weights whose every logit depends on the whole window."""
    tokenizer = tiny_tokenizer([passage.text for passage in passages] + ["who where when"])
    matrix = np.random.default_rng(seed).normal(size=(tokenizer.n_pieces, dim)).astype(np.float32)
    save_body(folder / "body.onnx", dim, look_around=True, seed=seed)
    return MiniReader(
        load_session(folder / "body.onnx", "reader", INPUTS, OUTPUTS, 1), tokenizer, FakeTable(matrix), CONFIG
    )


def save_reader(folder: Path, texts: Iterable[str], dim: int = 8) -> None:
    """Writes tokenizer, table and body of a reader with random weights; its config.json is left to the test."""
    tokenizer = tiny_tokenizer(texts)
    tokenizer._tokenizer.save(str(folder / "tokenizer.json"))
    values = np.random.default_rng(0).normal(size=(tokenizer.n_pieces, dim)).astype(np.float32)
    table = EmbeddingTable.quantise(values, dim)
    np.save(folder / "table.codes.npy", table.codes)
    np.save(folder / "table.scales.npy", table.scales)
    save_body(folder / "body.onnx", dim, look_around=True)
