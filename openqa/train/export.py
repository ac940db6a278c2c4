"""From trained weights to the bundled files: the two bodies as ONNX with int8 weights.

Weights are int8 with one scale a column and are dequantised to float before they are used, so that a text's result does
not depend on its batch (dynamic int8 takes one scale over the whole batch). onnxruntime 1.32 rounds the activations of
such a product to int8 by itself, row by row, unless the session has "session.disable_quant_qdq" set to "1".
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from openqa.encode import contextual
from openqa.read import loading
from openqa.train.mini import Encoder, MiniModels, Reader
from openqa.types import Array

SMALLEST_QUANTISED = 4096


def export_encoder(models: MiniModels, path: Path) -> None:
    """Writes the encoder's body as ONNX: embeddings and is_token to vector and tokens.

    Args:
        models: trained, in float32 on the CPU; left in evaluation mode, with eager attention.
        path: the file.
    """
    _export(models.encoder, _example(models)[::2], contextual.INPUTS, contextual.OUTPUTS, path)


def export_reader(models: MiniModels, path: Path) -> None:
    """Writes the reader's body as ONNX: embeddings, token_types, is_token to logits.

    Args:
        models: trained, in float32 on the CPU; left in evaluation mode, with eager attention.
        path: the file.
    """
    _export(models.reader, _example(models), loading.INPUTS, loading.OUTPUTS, path)


def _example(models: MiniModels) -> tuple[Tensor, ...]:
    """Embeddings, token_types and is_token; ones of one object would be taken for one input."""
    types, is_token = torch.ones(2, 12, dtype=torch.int64), torch.ones(2, 12, dtype=torch.int64)
    return torch.zeros(2, 12, models.table.shape[1]), types, is_token


def _export(
    model: Encoder | Reader, example: tuple[Tensor, ...], inputs: Sequence[str], outputs: Sequence[str], path: Path
) -> None:
    model.eval()
    model.body.set_attn_implementation("eager")
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=4, max=512)
    program = torch.onnx.export(
        model,
        example,
        dynamo=True,
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes=tuple({0: batch, 1: length} for _ in example),
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
