from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from openqa.encode import contextual
from openqa.encode.session import load_session
from openqa.train.export import SMALLEST_QUANTISED, export_encoder, export_reader, quantise_weights
from openqa.train.mini import MiniModels
from openqa.types import Array
from tests.train.tiny import tiny_config, tiny_models

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
    export_reader(model(), path)
    return path


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


def session(model: Path | bytes, *, in_float: bool = True) -> onnxruntime.InferenceSession:
    """A session that computes in float; by itself onnxruntime 1.32 would round activations to int8, row by row."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1" if in_float else "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def by_onnx(path: Path, feed: dict[str, Array], *, in_float: bool = True) -> Array:
    logits: Array = session(path, in_float=in_float).run(["logits"], feed)[0]
    return logits


@pytest.mark.parametrize(("n", "length"), [(1, 5), (2, 12), (3, 40)])
def test_the_body_equals_the_model(body: Path, n: int, length: int) -> None:
    """To the error of quantisation, for any batch and length, also where onnxruntime rounds the activations."""
    feed = inputs(n, length)
    expected, real = by_torch(feed), feed["is_token"] == 1
    for in_float, bound in ((True, 1e-3), (False, 1e-2)):
        error = np.abs(by_onnx(body, feed, in_float=in_float) - expected)[real].max()
        assert error < bound * np.abs(expected).max()


@pytest.mark.parametrize("name", ["token_types", "is_token"])
def test_token_types_and_mask_were_one_input(body: Path, name: str) -> None:
    """Each of the two alone changes the logits as it does in the model."""
    feed = inputs(2, 12)
    changed = dict(feed, **{name: np.where(np.arange(12) == 6, 1 - feed[name], feed[name])})
    expected = by_torch(changed) - by_torch(feed)
    assert np.abs(expected).max() > 5e-4
    assert np.abs(by_onnx(body, changed) - by_onnx(body, feed) - expected)[0].max() < 0.1 * np.abs(expected).max()


@pytest.mark.parametrize("in_float", [True, False])
def test_a_text_alone_equals_the_same_in_a_batch(body: Path, in_float: bool) -> None:
    """Padding and neighbours change nothing beyond 1e-4."""
    feed = inputs(5, 30)
    together = by_onnx(body, feed, in_float=in_float)
    for row in range(5):
        length = int(feed["is_token"][row].sum())
        own = {name: value[row : row + 1, :length] for name, value in feed.items()}
        alone = by_onnx(body, own, in_float=in_float)
        assert np.abs(alone[0] - together[row, :length]).max() < 1e-4


def test_the_matrices_are_int8_and_the_table_stays_outside(body: Path) -> None:
    """Six matrices of the layer and the positions; no large float matrix is left; nothing has a row for each piece."""
    graph = onnx.load(body).graph
    kinds = [(tensor.data_type, list(tensor.dims)) for tensor in graph.initializer]
    assert [dims for kind, dims in kinds if kind == TensorProto.INT8] == [[64, 64]] * 5 + [[64, 128], [128, 64]]
    assert all(np.prod(dims) < SMALLEST_QUANTISED for kind, dims in kinds if kind == TensorProto.FLOAT)
    assert not [dims for _, dims in kinds if 500 in dims]
    assert {value.name for value in graph.input} == {"embeddings", "token_types", "is_token"}


def test_the_encoder_equals_the_model(tmp_path: Path) -> None:
    """Vectors and token vectors, to the error of quantisation; a text alone gives what it gives in a batch."""
    path = tmp_path / "body.onnx"
    export_encoder(model(), path)
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


def test_weights_become_codes_by_arithmetic() -> None:
    """One scale a column, its largest value 127; a product with them is that with codes · scales; small ones stay."""
    rng = np.random.default_rng(0)
    large, small = rng.standard_normal((64, 64)).astype(np.float32) * np.arange(64), np.eye(64, 2, dtype=np.float32)
    weights = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in (("W", large), ("S", small))]
    nodes = [helper.make_node("MatMul", ["x", "W"], ["h"]), helper.make_node("MatMul", ["h", "S"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", d]) for name, d in (("x", 64), ("y", 2))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    made = quantise_weights(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10))
    onnx.checker.check_model(made)
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    assert sorted(found) == ["S", "W.codes", "W.scales"]
    scales = np.maximum(np.abs(large).max(axis=0), 1e-8) / 127
    assert np.allclose(found["W.scales"], scales)
    assert np.array_equal(found["W.codes"], np.round(large / scales))
    assert (np.abs(found["W.codes"] * scales - large) <= scales / 2 + 1e-6).all()
    x = rng.standard_normal((3, 64)).astype(np.float32)
    found_y = session(made.SerializeToString()).run(["y"], {"x": x})[0]
    assert np.allclose(found_y, (x @ (found["W.codes"] * scales))[:, :2], rtol=1e-4, atol=1e-3)
