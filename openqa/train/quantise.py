"""ONNX bodies with products of 8-bit integers whose result for a text does not depend on its batch.

A product x W becomes, with s one number an input column, a one a row of x, b one a column of W:

    codes_x = round(x / s / a) + 128        uint8, a = max |x / s| of the row / 127
    codes_W = round(s W / b)                within [-63, 63], b = max |s W| of the column / 63
    x W     ≈ a · ((codes_x - 128) codes_W) · b

Activations are scaled row by row, never over the whole batch. s moves what is large in single columns of x into W, so
that both lose little (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438); it comes from activations of real text. Weights
have seven bits because processors without VNNI add two products of bytes in sixteen bits, which eight would overflow.
Other large matrices are int8 with one scale a column and are dequantised to float before they are used.
A matrix that came in 4 bits (train/published.py) stays in them, beside the graph: its codes are made when a body is
loaded (encode/fourbit.py).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
from onnx import NodeProto, TensorProto, helper, numpy_helper

from openqa.encode.fourbit import BLOCK, FourBitMatrix
from openqa.types import Array

SMALLEST_QUANTISED = 4096
ALPHA = 0.5  # share of the activations' range in s, the rest is the weights'
SMALLEST_RANGE = 0.05  # of the columns' mean: one that was quiet in the example may not be in another text
LARGEST_WEIGHT, LARGEST_ACTIVATION, ZERO_POINT = 63, 127, 128
_TINY = 1e-8
_INTEGER_PRODUCTS = "com.microsoft"  # onnxruntime's operators


class Quantised(NamedTuple):
    """An ONNX model, and the codes that are left out of it: matrices in 4 bits by the name of their tensor."""

    model: onnx.ModelProto
    matrices: dict[str, FourBitMatrix]


def quantise_weights(model: onnx.ModelProto, feed: Mapping[str, Array], beside: str = "") -> Quantised:
    """Replaces large float matrices by codes, and the products with them by products of integers.

    Args:
        model: an ONNX model of float32; changed in place.
        feed: inputs of the model, real text, from which the range of the activations is taken.
        beside: name of the file for matrices that came in 4 bits; "" keeps the codes of all in the model.
    """
    graph = model.graph
    large = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer if _is_large(tensor)}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in large]
    ranges = _ranges(model, list(dict.fromkeys(node.input[0] for node in products)), feed)
    made = _Products(products, large, ranges, beside)
    nodes = [new for node in graph.node for new in (made.replacement(node) if node in products else [node])]
    used = {name for node in nodes for name in node.input}
    dequantised = [node for name in sorted(large) if name in used for node in made.dequantised(name)]
    kept = [tensor for tensor in graph.initializer if tensor.name in used and tensor.name not in large]
    del graph.node[:], graph.initializer[:]
    graph.node.extend([*dequantised, *nodes])
    graph.initializer.extend([*kept, *made.constants])
    model.opset_import.append(helper.make_opsetid(_INTEGER_PRODUCTS, 1))
    return Quantised(model, made.matrices)


def write_matrices(path: Path, matrices: Mapping[str, FourBitMatrix]) -> None:
    """Writes matrices by name, as `encode.fourbit.read_codes` reads them.

    Args:
        path: the .npz file.
        matrices: in 4 bits.
    """
    arrays: Any = {f"{name}/{key}": value for name, found in matrices.items() for key, value in found._asdict().items()}
    np.savez(path, **arrays)


class _Products:
    """The products of a graph as products of integers; those of one input share its codes."""

    def __init__(
        self, products: Sequence[NodeProto], large: Mapping[str, Array], ranges: Mapping[str, Array], beside: str
    ) -> None:
        self.constants: list[TensorProto] = []
        self.matrices: dict[str, FourBitMatrix] = {}
        self._large = large
        self._beside = beside
        self._balances = {
            name: _balance(ranges[name], [large[node.input[1]] for node in products if node.input[0] == name])
            for name in ranges
        }
        self._coded: set[str] = set()
        for name, value in (
            ("one", np.float32(1)),
            ("step", np.float32(1 / LARGEST_ACTIVATION)),
            ("tiny", np.float32(_TINY)),
            ("zero", np.uint8(ZERO_POINT)),
            ("last", np.array([-1], np.int64)),
        ):
            self._constant(f"quantised.{name}", np.asarray(value))

    def replacement(self, node: NodeProto) -> list[NodeProto]:
        """The nodes that stand for a product."""
        x, weights, y = node.input[0], node.input[1], node.output[0]
        scales, codes = _per_column(self._large[weights] * self._balances[x][:, None], LARGEST_WEIGHT)
        blocks = four_bit_blocks(self._large[weights]) if self._beside else None
        if blocks is None:
            self._constant(f"{y}.codes", codes)
        else:
            self.matrices[f"{y}.codes"] = FourBitMatrix(*blocks, self._balances[x], 1 / scales)
            self.constants.append(_elsewhere(f"{y}.codes", codes, self._beside))
        inputs = [
            f"{x}.codes",
            f"{y}.codes",
            "quantised.one",
            self._constant(f"{y}.scales", scales),
            "quantised.zero",
        ]
        return [
            *self._codes(x),
            helper.make_node("MatMulIntegerToFloat", inputs, [f"{y}.unscaled"], domain=_INTEGER_PRODUCTS),
            helper.make_node("Mul", [f"{y}.unscaled", f"{x}.scale"], [y]),
        ]

    def dequantised(self, name: str) -> list[NodeProto]:
        """The node that makes a matrix from its codes."""
        scales, codes = _per_column(self._large[name], 127)
        inputs = [self._constant(f"{name}.codes", codes), self._constant(f"{name}.scales", scales)]
        return [helper.make_node("DequantizeLinear", inputs, [name], axis=1)]

    def _codes(self, x: str) -> list[NodeProto]:
        """The nodes that make the codes and the scale of each row of an input, once."""
        if x in self._coded:
            return []
        self._coded.add(x)
        inverse = self._constant(f"{x}.balance", 1 / self._balances[x])
        return [
            helper.make_node("Mul", [x, inverse], [f"{x}.balanced"]),
            helper.make_node("Abs", [f"{x}.balanced"], [f"{x}.magnitudes"]),
            helper.make_node("ReduceMax", [f"{x}.magnitudes", "quantised.last"], [f"{x}.largest"], keepdims=1),
            helper.make_node("Mul", [f"{x}.largest", "quantised.step"], [f"{x}.steps"]),
            helper.make_node("Max", [f"{x}.steps", "quantised.tiny"], [f"{x}.scale"]),
            helper.make_node("Div", [f"{x}.balanced", f"{x}.scale"], [f"{x}.scaled"]),
            helper.make_node("QuantizeLinear", [f"{x}.scaled", "quantised.one", "quantised.zero"], [f"{x}.codes"]),
        ]

    def _constant(self, name: str, value: Array) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name


def four_bit_blocks(weights: Array) -> tuple[Array, Array] | None:
    """Returns a matrix in blocks of 4 bits, or None where that would lose anything.

    Args:
        weights: (R, C) float32.

    Returns:
        `packed` and `steps` of a FourBitMatrix: value = (code - 8) · step.
    """
    n_rows, n_columns = weights.shape
    if n_rows % (2 * BLOCK):
        return None
    blocks = weights.reshape(-1, BLOCK, n_columns)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1)[:, None], axis=1)  # has the code 0
    steps = (largest / -8).astype(np.float16)
    wide = np.where(steps == 0, np.float16(1), steps).astype(np.float32)
    codes = np.rint(blocks / wide)
    if not ((codes >= -8) & (codes <= 7) & (codes * wide == blocks)).all():
        return None
    low, high = np.split((codes + 8).astype(np.uint8).reshape(n_rows, n_columns), 2)
    return low | high << 4, steps[:, 0]


def _elsewhere(name: str, codes: Array, file: str) -> TensorProto:
    """A tensor whose values are given when the model is loaded; ONNX wants a file's name, and there shall be none."""
    tensor = TensorProto(name=name, data_type=TensorProto.INT8, dims=codes.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", f"{file}.codes"), ("offset", "0"), ("length", str(codes.nbytes))):
        tensor.external_data.add(key=key, value=value)
    return tensor


def _is_large(tensor: TensorProto) -> bool:
    is_matrix = tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2
    return is_matrix and int(np.prod(tensor.dims)) >= SMALLEST_QUANTISED


def _ranges(model: onnx.ModelProto, names: Sequence[str], feed: Mapping[str, Array]) -> dict[str, Array]:
    """The largest magnitude in each column of some values, over all rows that the feed makes."""
    if not names:
        return {}
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    values = session.run(list(names), dict(feed))
    rows = {name: value.reshape(-1, value.shape[-1]) for name, value in zip(names, values, strict=True)}
    return {name: np.abs(value).max(axis=0) for name, value in rows.items()}


def _balance(largest: Array, weights: Sequence[Array]) -> Array:
    """s: one number a column of the input, with geometric mean 1."""
    rows = np.max([np.abs(matrix).max(axis=1) for matrix in weights], axis=0)
    seen = np.maximum(largest, max(SMALLEST_RANGE * largest.mean(), _TINY))
    logarithms = ALPHA * np.log(seen) - (1 - ALPHA) * np.log(np.maximum(rows, _TINY))
    balance: Array = np.exp(logarithms - logarithms.mean()).astype(np.float32)
    return balance


def _per_column(weights: Array, top: int) -> tuple[Array, Array]:
    """Symmetric int8 codes within ±top, with one scale a column: weights ≈ codes · scales."""
    scales = (np.maximum(np.abs(weights).max(axis=0), _TINY) / top).astype(np.float32)
    return scales, np.clip(np.rint(weights / scales), -top, top).astype(np.int8)
