"""From trained weights to the bundled files: the quantised table, and the reader's body as ONNX with int8 weights.

Weights are int8 with one scale a column and are dequantised to float before they are used, so that a text's result does
not depend on its batch (dynamic int8 takes one scale over the whole batch). onnxruntime 1.32 rounds the activations of
such a product to int8 by itself, row by row, unless the session has "session.disable_quant_qdq" set to "1".
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from openqa.train.reader import ReaderModel
from openqa.types import Array

SMALLEST_QUANTISED = 4096


def export_body(model: ReaderModel, path: Path) -> None:
    """Writes the reader's body as ONNX: embeddings, token_types, is_token to logits.

    Args:
        model: the trained reader, in float32 on the CPU; left in evaluation mode, with eager attention.
        path: the file.
    """
    model.eval()
    model.body.set_attn_implementation("eager")
    rows = torch.zeros(2, 12, model.table.shape[1])
    types, is_token = torch.ones(2, 12, dtype=torch.int64), torch.ones(2, 12, dtype=torch.int64)  # one would be both
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=4, max=512)
    axes = {0: batch, 1: length}
    program = torch.onnx.export(
        model,
        (rows, types, is_token),
        dynamo=True,
        input_names=["embeddings", "token_types", "is_token"],
        output_names=["logits"],
        dynamic_shapes=(axes, axes, axes),
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    onnx.save(quantise_weights(program.model_proto), str(path))


def quantise_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replaces large float matrices by int8 codes and a DequantizeLinear node with one scale a column.

    Args:
        model: an ONNX model; changed in place.

    Returns:
        The same model.
    """
    graph = model.graph
    nodes = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) != 2 or np.prod(tensor.dims) < SMALLEST_QUANTISED:
            continue
        weights = numpy_helper.to_array(tensor)
        scales, codes = _per_column(weights)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(codes, f"{tensor.name}.codes"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{tensor.name}.scales"))
        inputs = [f"{tensor.name}.codes", f"{tensor.name}.scales"]
        nodes.append(helper.make_node("DequantizeLinear", inputs, [tensor.name], axis=1))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    return model


def _per_column(weights: Array) -> tuple[Array, Array]:
    """Symmetric int8 codes with one scale a column: weights ≈ codes · scales."""
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-8).astype(np.float32) / 127
    return scales, np.clip(np.rint(weights / scales), -127, 127).astype(np.int8)
