from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from openqa.encode import contextual
from openqa.encode.session import load_session
from openqa.train.data import ReadingBatch, batches
from openqa.train.export import export_encoder, export_reader
from openqa.train.mini import MiniModels
from openqa.train.quantise import SMALLEST_QUANTISED
from openqa.types import Array
from tests.train.tiny import reading_set, tiny_config, tiny_models

pytestmark = [
    pytest.mark.filterwarnings("ignore:# The axis name:UserWarning"),
    pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning"),
]


@cache
def model() -> MiniModels:
    """One layer, wide enough that its matrices are quantised."""
    config = tiny_config()
    config.num_hidden_layers, config.hidden_size, config.intermediate_size = 1, 64, 128
    return tiny_models(500, config=config)


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's exported body."""
    path = tmp_path_factory.mktemp("export") / "body.onnx"
    export_reader(model(), path, reading_batch())
    return path


def reading_batch() -> ReadingBatch:
    """Random text over all pieces."""
    return next(batches([reading_set(20, 500)], window=32, tokens=512, negative=0.1, seed=0))


def inputs(n: int, length: int) -> dict[str, Array]:
    """Rows of the table, a question of four tokens and a passage; the last row is padded."""
    rng = np.random.default_rng(0)
    types = np.tile((np.arange(length) >= 4).astype(np.int64), (n, 1))
    is_token = np.ones((n, length), np.int64)
    is_token[-1, length // 2 + 2 :] = types[-1, length // 2 + 2 :] = 0
    return {"embeddings": rng.standard_normal((n, length, 64), np.float32), "token_types": types, "is_token": is_token}


def by_torch(feed: dict[str, Array]) -> Array:
    with torch.no_grad():
        logits: Array = model().eval().reader(*(torch.from_numpy(value) for value in feed.values())).numpy()
    return logits


def by_onnx(path: Path, feed: dict[str, Array]) -> Array:
    found = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    logits: Array = found.run(["logits"], feed)[0]
    return logits


@pytest.mark.parametrize(("n", "length"), [(1, 5), (2, 12), (3, 40)])
def test_the_body_equals_the_model(body: Path, n: int, length: int) -> None:
    """To the error of quantisation, for any batch and length."""
    feed = inputs(n, length)
    expected, real = by_torch(feed), feed["is_token"] == 1
    assert np.abs(by_onnx(body, feed) - expected)[real].max() < 2e-2 * np.abs(expected).max()


@pytest.mark.parametrize("name", ["token_types", "is_token"])
def test_token_types_and_mask_were_one_input(body: Path, name: str) -> None:
    """Each of the two alone changes the logits as it does in the model."""
    feed = inputs(2, 12)
    changed = dict(feed, **{name: np.where(np.arange(12) == 6, 1 - feed[name], feed[name])})
    expected = by_torch(changed) - by_torch(feed)
    assert np.abs(expected).max() > 5e-4
    assert np.abs(by_onnx(body, changed) - by_onnx(body, feed) - expected)[0].max() < 0.5 * np.abs(expected).max()


def test_a_text_alone_equals_the_same_in_a_batch(body: Path) -> None:
    """Padding and neighbours change nothing beyond 1e-4."""
    feed = inputs(5, 30)
    together = by_onnx(body, feed)
    for row in range(5):
        length = int(feed["is_token"][row].sum())
        own = {name: value[row : row + 1, :length] for name, value in feed.items()}
        assert np.abs(by_onnx(body, own)[0] - together[row, :length]).max() < 1e-4


def test_the_matrices_are_int8_and_the_table_stays_outside(body: Path) -> None:
    """Six matrices of the layer and the positions; no large float matrix is left; nothing has a row for each piece."""
    graph = onnx.load(body).graph
    kinds = [(tensor.data_type, list(tensor.dims)) for tensor in graph.initializer]
    assert sorted(dims for kind, dims in kinds if kind == TensorProto.INT8) == [[64, 64]] * 5 + [[64, 128], [128, 64]]
    assert all(np.prod(dims) < SMALLEST_QUANTISED for kind, dims in kinds if kind == TensorProto.FLOAT)
    assert not [dims for _, dims in kinds if 500 in dims]
    assert {value.name for value in graph.input} == {"embeddings", "token_types", "is_token"}


def test_the_encoder_equals_the_model(tmp_path: Path) -> None:
    """Vectors and token vectors, to the error of quantisation; a text alone gives what it gives in a batch."""
    path = tmp_path / "body.onnx"
    export_encoder(model(), path, reading_batch())
    found_session = load_session(path, "encoder", contextual.INPUTS, contextual.OUTPUTS)
    feed = {name: value for name, value in inputs(5, 30).items() if name != "token_types"}
    with torch.no_grad():
        expected = [value.numpy() for value in model().eval().encoder(*map(torch.from_numpy, feed.values()))]
    vectors, tokens = found_session.run(["vector", "tokens"], feed)
    real = feed["is_token"] == 1
    assert np.abs(vectors - expected[0]).max() < 1e-2
    assert np.abs(tokens - expected[1])[real].max() < 1e-2 * np.abs(expected[1]).max()
    for row in range(5):
        length = int(real[row].sum())
        own = {name: value[row : row + 1, :length] for name, value in feed.items()}
        alone = found_session.run(["vector", "tokens"], own)
        assert np.abs(alone[0][0] - vectors[row]).max() < 1e-4
        assert np.abs(alone[1][0] - tokens[row, :length]).max() < 1e-4
