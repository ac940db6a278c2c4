"""A reader small enough that its logits are known: a piece's embedding says how well it begins and ends an answer."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from openqa.encode.session import HIDDEN, INPUTS, LOWER, UPPER, load_body
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.read import MiniReader, ReaderConfig
from openqa.read.loading import OUTPUTS
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


def save_lower(path: Path, dim: int, *, factor: float = 1.0) -> None:
    """Writes lower layers that give the embeddings times a factor."""
    nodes = [helper.make_node("Mul", ["embeddings", "factor"], [HIDDEN])]
    weights = {"factor": np.array(factor, np.float32)}
    save_graph(path, nodes, INPUTS, {HIDDEN: ["B", "L", dim]}, dim, weights)


def save_graph(
    path: Path,
    nodes: Sequence[NodeProto],
    inputs: tuple[str, str],
    outputs: Mapping[str, Sequence[str | int]],
    dim: int,
    weights: Mapping[str, Array] = MappingProxyType({}),
) -> None:
    """Writes a graph whose inputs are vectors (B, L, dim) and is_token (B, L)."""
    given = [
        helper.make_tensor_value_info(inputs[0], TensorProto.FLOAT, ["B", "L", dim]),
        helper.make_tensor_value_info(inputs[1], TensorProto.INT64, ["B", "L"]),
    ]
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "body", given, made, constants)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(path))


def save_body(path: Path, dim: int, *, look_around: bool = False, seed: int = 0) -> None:
    """Writes a reader's own layers.

    Plain: logits = hidden. Looking around: logits = (hidden @ W) * (1 + its mean over the row), which depends on every
    token of the row, on its place beside the others and on no padding.
    """
    nodes = [helper.make_node("Identity", [HIDDEN], ["logits"])]
    weights: dict[str, Array] = {}
    if look_around:
        random = np.random.default_rng(seed).normal(size=(dim, 2)).astype(np.float32)
        weights = {"W": random, "axis": np.array([1]), "last": np.array([-1])}
        nodes = [
            helper.make_node("MatMul", [HIDDEN, "W"], ["own"]),
            helper.make_node("Cast", ["is_token"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
            helper.make_node("Mul", ["own", "mask3"], ["masked"]),
            helper.make_node("ReduceSum", ["masked", "axis"], ["sum"]),
            helper.make_node("ReduceSum", ["mask3", "axis"], ["count"]),
            helper.make_node("Div", ["sum", "count"], ["mean"]),
            helper.make_node("Mul", ["own", "mean"], ["mixed"]),
            helper.make_node("Add", ["mixed", "own"], ["logits"]),
        ]
    save_graph(path, nodes, (HIDDEN, "is_token"), {"logits": ["B", "L", 2]}, dim, weights)


def reader(folder: Path, tokenizer: SharedTokenizer, matrix: Array, *, look_around: bool, seed: int = 0) -> MiniReader:
    """A reader of these embeddings; its bodies are written to the folder."""
    save_lower(folder / LOWER, matrix.shape[1])
    save_body(folder / UPPER, matrix.shape[1], look_around=look_around, seed=seed)
    return MiniReader(load_body(folder, folder, "reader", OUTPUTS, 1), tokenizer, FakeTable(matrix), CONFIG)


def known_reader(folder: Path, passages: Iterable[Passage], good: Mapping[str, tuple[float, float]]) -> MiniReader:
    """A reader whose logits are `good[word]` (start, end) for the words listed and 0 elsewhere, [CLS] included."""
    tokenizer = tiny_tokenizer([passage.text for passage in passages] + ["who where when"] + list(good))
    matrix = np.zeros((tokenizer.n_pieces, 2), np.float32)
    for word, logits in good.items():
        matrix[tokenizer.ids([word])[0][0]] = logits
    return reader(folder, tokenizer, matrix, look_around=False)


def random_reader(folder: Path, passages: Iterable[Passage], dim: int = 8, seed: int = 0) -> MiniReader:
    """A reader with random weights whose every logit depends on the whole window."""
    tokenizer = tiny_tokenizer([passage.text for passage in passages] + ["who where when"])
    matrix = np.random.default_rng(seed).normal(size=(tokenizer.n_pieces, dim)).astype(np.float32)
    return reader(folder, tokenizer, matrix, look_around=True, seed=seed)


def save_reader(folder: Path, texts: Iterable[str], dim: int = 8) -> None:
    """Writes tokenizer, table and bodies of a reader with random weights; its config.json is left to the test."""
    tokenizer = tiny_tokenizer(texts)
    tokenizer._tokenizer.save(str(folder / "tokenizer.json"))
    values = np.random.default_rng(0).normal(size=(tokenizer.n_pieces, dim)).astype(np.float32)
    table = EmbeddingTable.quantise(values, dim)
    np.save(folder / "table.codes.npy", table.codes)
    np.save(folder / "table.scales.npy", table.scales)
    save_lower(folder / LOWER, dim)
    save_body(folder / UPPER, dim, look_around=True)
