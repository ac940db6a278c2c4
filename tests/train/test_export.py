from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from openqa.encode import contextual
from openqa.encode.session import LOWER, UPPER, Session, load_body
from openqa.read import loading
from openqa.train.data import ReadingBatch, batches
from openqa.train.export import export_lower, export_upper
from openqa.train.mini import Encoder, ReaderModel
from openqa.train.quantise import SMALLEST_QUANTISED
from openqa.types import Array
from tests.train.tiny import reading_set, tiny_config, tiny_reader

pytestmark = [
    pytest.mark.filterwarnings("ignore:# The axis name:UserWarning"),
    pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning"),
]


@cache
def model() -> ReaderModel:
    """One shared layer and one of its own, wide enough that their matrices are quantised."""
    config = tiny_config()
    config.hidden_size, config.intermediate_size = 64, 128
    return tiny_reader(500, config=config).eval()


@cache
def encoder() -> Encoder:
    """Over the same layers."""
    torch.manual_seed(1)
    return Encoder(model().reader.upper, torch.randn(4, 64) / 16).eval()


@dataclass(frozen=True)
class Exported:
    """The folder of the shared layers, and the two bodies."""

    shared: Path
    reader: Session
    encoder: Session


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Both models, over one file of lower layers."""
    shared = tmp_path_factory.mktemp("export")
    hidden = export_lower(model().lower, model().table, shared / LOWER, reading_batch())
    for name, own in (("reader", model().reader), ("encoder", encoder())):
        (shared / name).mkdir()
        export_upper(own, shared / name / UPPER, hidden, reading_batch())
    return Exported(
        shared,
        load_body(shared / "reader", shared, "reader", loading.OUTPUTS),
        load_body(shared / "encoder", shared, "encoder", contextual.OUTPUTS),
    )


def reading_batch() -> ReadingBatch:
    """Random text over all pieces."""
    return next(batches([reading_set(20, 500)], window=32, tokens=512, negative=0.1, seed=0))


def inputs(n: int, length: int) -> dict[str, Array]:
    """Rows of the table; the last text is padded."""
    is_token = np.ones((n, length), np.int64)
    is_token[-1, length // 2 + 2 :] = 0
    embeddings = np.random.default_rng(0).standard_normal((n, length, 64), np.float32)
    return {"embeddings": embeddings, "is_token": is_token}


def by_torch(feed: dict[str, Array]) -> list[Array]:
    """Logits, vectors and tokens."""
    embeddings, is_token = (torch.from_numpy(value) for value in feed.values())
    with torch.no_grad():
        hidden = model().lower(embeddings, is_token)
        return [model().reader(hidden, is_token).numpy(), *(value.numpy() for value in encoder()(hidden, is_token))]


def by_onnx(exported: Exported, feed: dict[str, Array]) -> list[Array]:
    """The same."""
    return [*exported.reader.run(loading.OUTPUTS, feed), *exported.encoder.run(contextual.OUTPUTS, feed)]


@pytest.mark.parametrize(("n", "length"), [(1, 5), (2, 12), (3, 40)])
def test_the_bodies_equal_the_models(exported: Exported, n: int, length: int) -> None:
    """To the error of quantisation, for any batch and length."""
    feed = inputs(n, length)
    real = feed["is_token"] == 1
    for found, expected in zip(by_onnx(exported, feed), by_torch(feed), strict=True):
        kept = real if found.ndim > 2 else np.ones(n, bool)
        assert np.abs(found - expected)[kept].max() < 2e-2 * np.abs(expected).max()


def test_the_mask_is_an_input(exported: Exported) -> None:
    """A token less changes the logits as it does in the model."""
    feed = inputs(2, 12)
    changed = dict(feed, is_token=np.where(np.arange(12) == 6, 0, feed["is_token"]))
    expected = by_torch(changed)[0] - by_torch(feed)[0]
    assert np.abs(expected[0, :6]).max() > 5e-4
    found = by_onnx(exported, changed)[0] - by_onnx(exported, feed)[0]
    assert np.abs(found - expected)[0, :6].max() < 0.5 * np.abs(expected[0, :6]).max()


def test_a_text_alone_equals_the_same_in_a_batch(exported: Exported) -> None:
    """Padding and neighbours change nothing beyond 1e-4."""
    feed = inputs(5, 30)
    together = by_onnx(exported, feed)
    for row in range(5):
        length = int(feed["is_token"][row].sum())
        own = {name: value[row : row + 1, :length] for name, value in feed.items()}
        for alone, every in zip(by_onnx(exported, own), together, strict=True):
            assert np.abs(alone[0] - (every[row, :length] if every.ndim > 2 else every[row])).max() < 1e-4


def test_the_matrices_are_int8_and_the_table_stays_outside(exported: Exported) -> None:
    """Six matrices a layer, positions below; no large float matrix is left; nothing has a row for each piece."""
    matrices = [[64, 64]] * 4 + [[64, 128], [128, 64]]
    for name, expected in ((LOWER, [[64, 64], *matrices]), (f"reader/{UPPER}", matrices)):
        graph = onnx.load(exported.shared / name).graph
        kinds = [(tensor.data_type, list(tensor.dims)) for tensor in graph.initializer]
        assert sorted(dims for kind, dims in kinds if kind == TensorProto.INT8) == expected
        assert all(np.prod(dims) < SMALLEST_QUANTISED for kind, dims in kinds if kind == TensorProto.FLOAT)
        assert not [dims for _, dims in kinds if 500 in dims]
