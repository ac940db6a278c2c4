"""Tests of products of integers in ONNX graphs."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from openqa.encode.fourbit import BLOCK, unpack
from openqa.encode.session import load_session, matrices_path
from openqa.errors import ModelError
from openqa.train.quantise import LARGEST_WEIGHT, quantise_weights, write_matrices
from openqa.types import Array

D = 64


def product(weights: Array) -> ModelProto:
    """Y = x W, with a small product after it that stays."""
    small = np.eye(weights.shape[1], 2, dtype=np.float32)
    tensors = [numpy_helper.from_array(value, name) for name, value in (("W", weights), ("S", small))]
    nodes = [helper.make_node("MatMul", ["x", "W"], ["y"]), helper.make_node("MatMul", ["y", "S"], ["z"])]
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in "xyz"}
    graph = helper.make_graph(nodes, "g", [values["x"]], [values["y"], values["z"]], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: ModelProto, x: Array) -> Array:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y: Array = session.run(["y"], {"x": x})[0]
    return y


def draw(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_codes_and_scales_by_arithmetic() -> None:
    """The product is a · ((codes_x - 128) codes_W) · b, written out."""
    weights, x = draw(D, D), draw(6, D, seed=1)
    made = quantise_weights(product(weights), {"x": x}).model
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    balance = np.exp(0.5 * np.log(np.abs(x).max(axis=0)) - 0.5 * np.log(np.abs(weights).max(axis=1)))
    balance /= np.exp(np.log(balance).mean())
    assert np.allclose(found["x.balance"], 1 / balance, rtol=1e-4)
    balanced = weights * balance[:, None]
    b = np.abs(balanced).max(axis=0) / 63
    codes_w = np.rint(balanced / b)
    assert np.abs(found["y.codes"].astype(int) - codes_w).max() <= 1  # a half may be rounded either way
    a = np.abs(x / balance).max(axis=-1, keepdims=True) / 127
    codes_x = np.rint(x / balance / a)
    assert np.allclose(run(made, x), a * (codes_x @ codes_w) * b, atol=0.02 * np.abs(x @ weights).max())


def test_the_product_is_near_the_exact_one() -> None:
    """Within 2 % of its largest value, also with columns of x a hundred times as large as the others."""
    weights, x = draw(D, D), draw(50, D, seed=1)
    x[:, :3] *= 100
    exact = x @ weights
    assert np.abs(run(quantise_weights(product(weights), {"x": x}).model, x) - exact).max() < 0.02 * np.abs(exact).max()


def test_a_column_that_was_quiet_in_the_example_may_speak_up() -> None:
    """Such as a rectified one that no text of the example has woken: its product is near the exact one, too."""
    weights, x = draw(D, D), draw(50, D, seed=1)
    example = x.copy()
    example[:, 5:9] = 0
    exact = x @ weights
    assert (
        np.abs(run(quantise_weights(product(weights), {"x": example}).model, x) - exact).max()
        < 0.05 * np.abs(exact).max()
    )


def test_a_row_alone_is_what_it_is_among_larger_ones() -> None:
    """Each row has its own scale: nothing of a batch comes into another's."""
    made = quantise_weights(product(draw(D, D)), {"x": draw(8, D, seed=1)}).model
    x = draw(4, D, seed=2) * np.array([[1], [1000], [0.001], [0]], np.float32)
    together = run(made, x)
    for row in range(4):
        assert np.allclose(run(made, x[row : row + 1])[0], together[row], rtol=1e-6, atol=0)
    assert not together[3].any()


def test_weights_leave_room_for_sums_of_sixteen_bits() -> None:
    """Two products of 255 and the largest weight must fit, where a processor adds them so."""
    assert 2 * 255 * LARGEST_WEIGHT < 2**15
    made = quantise_weights(product(draw(D, D)), {"x": draw(8, D)}).model
    codes = next(numpy_helper.to_array(tensor) for tensor in made.graph.initializer if tensor.name == "y.codes")
    assert np.abs(codes.astype(int)).max() == LARGEST_WEIGHT


def test_small_matrices_stay_and_large_ones_go() -> None:
    """The checker takes the graph, and no large float is left in it."""
    made = quantise_weights(product(draw(D, D)), {"x": draw(8, D)}).model
    onnx.checker.check_model(made)
    kinds = {tensor.name: tensor.data_type for tensor in made.graph.initializer}
    assert kinds["S"] == TensorProto.FLOAT
    assert "W" not in kinds


@pytest.mark.parametrize("seed", [0, 1])
def test_a_matrix_that_is_looked_up_is_dequantised(seed: int) -> None:
    """Positions, say: codes and one scale a column, within half a scale."""
    table = draw(D, D, seed=seed)
    nodes = [helper.make_node("Gather", ["T", "i"], ["y"])]
    ends = [helper.make_tensor_value_info("i", TensorProto.INT64, ["n"]), helper.make_tensor_value_info("y", 1, None)]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [numpy_helper.from_array(table, "T")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    made = quantise_weights(model, {"i": np.arange(2)}).model
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(["y"], {"i": np.arange(D)})[0]
    assert (np.abs(found - table) <= np.abs(table).max(axis=0) / 127 / 2 + 1e-6).all()


def in_four_bits(n_rows: int, n_columns: int) -> Array:
    """A matrix whose blocks of 32 rows are (code - 8) times a step, the largest of each with code 0."""
    codes = np.random.default_rng(0).integers(-7, 8, (n_rows // BLOCK, BLOCK, n_columns)).astype(np.float32)
    codes[:, 0] = -8
    steps = (draw(n_rows // BLOCK, n_columns) / 8).astype(np.float16).astype(np.float32)
    return (codes * steps[:, None]).reshape(n_rows, n_columns)


def test_a_matrix_in_four_bits_is_kept_in_them() -> None:
    """Its codes are made from the blocks, and are those that the model would have had; others stay in the model."""
    for weights, is_kept in ((in_four_bits(128, D), True), (draw(128, D), False), (in_four_bits(96, D), False)):
        feed = {"x": draw(8, len(weights), seed=1)}
        model, matrices = quantise_weights(product(weights), feed, "body.npz")
        assert set(matrices) == ({"y.codes"} if is_kept else set())
        whole = quantise_weights(product(weights), feed).model
        codes = next(numpy_helper.to_array(found) for found in whole.graph.initializer if found.name == "y.codes")
        if is_kept:
            assert np.abs(unpack(matrices["y.codes"]).astype(int) - codes).max() <= 1
            assert (unpack(matrices["y.codes"]) == codes).mean() > 0.999
            assert matrices["y.codes"].packed.nbytes == weights.size / 2
            with pytest.raises(Exception, match=r"body\.npz\.codes"):
                run(model, feed["x"])  # without its codes it runs nowhere


def test_the_codes_are_given_when_a_session_is_loaded(tmp_path: Path) -> None:
    """From the file beside the model; a damaged one is refused by its name."""
    weights, x = in_four_bits(128, D), draw(8, 128, seed=1)
    path = tmp_path / "body.onnx"
    model, matrices = quantise_weights(product(weights), {"x": x}, matrices_path(path).name)
    path.write_bytes(model.SerializeToString())
    write_matrices(matrices_path(path), matrices)
    found = load_session(path, "test", ["x"], ["y", "z"]).run(["y"], {"x": x})[0]
    assert np.abs(found - x @ weights).max() < 0.02 * np.abs(x @ weights).max()
    content = matrices_path(path).read_bytes()
    for damaged in (content[:-50], content[: len(content) // 2], b"", b"x" * 99):
        matrices_path(path).write_bytes(damaged)
        with pytest.raises(ModelError, match=r"body\.npz: holds no matrices in 4 bits \("):
            load_session(path, "test", ["x"], ["y", "z"])
    matrices_path(path).unlink()
    with pytest.raises(ModelError, match="not an ONNX model that onnxruntime can run"):
        load_session(path, "test", ["x"], ["y", "z"])
