"""From trained weights to the bundled files: layers as ONNX, with products of integers (train/quantise.py)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from openqa.encode import contextual
from openqa.encode.session import HIDDEN, INPUTS, UPPER_INPUTS, matrices_path
from openqa.read import loading
from openqa.train.data import ReadingBatch
from openqa.train.mini import Encoder, Reader
from openqa.train.published import LowerLayers
from openqa.train.quantise import quantise_weights, write_matrices


def export_lower(lower: LowerLayers, table: Tensor, path: Path, batch: ReadingBatch) -> Tensor:
    """Writes the layers that all models share as ONNX: embeddings and is_token to hidden.

    Args:
        lower: in float32 on the CPU, with eager attention; left in evaluation mode.
        table: (V, D) embeddings.
        path: the file.
        batch: real text, B sequences of L tokens, from which the range of the activations is taken.

    Returns:
        What they give for the batch, (B, L, D), for `export_upper`.
    """
    ids, is_token = torch.from_numpy(batch.ids), torch.from_numpy(batch.is_token)
    embeddings = functional.embedding(ids, table)
    longest = lower.body.config.max_position_embeddings
    _export(lower, (embeddings, is_token), INPUTS, (HIDDEN,), path, longest)
    with torch.no_grad():
        hidden: Tensor = lower(embeddings, is_token)
    return hidden


def export_upper(model: Encoder | Reader, path: Path, hidden: Tensor, batch: ReadingBatch) -> None:
    """Writes a model's own layers as ONNX: hidden and is_token to its outputs.

    Args:
        model: in float32 on the CPU, with eager attention; left in evaluation mode.
        path: the file.
        hidden: (B, L, D) from the lower layers.
        batch: the same text.
    """
    outputs = contextual.OUTPUTS if isinstance(model, Encoder) else loading.OUTPUTS
    _export(model, (hidden, torch.from_numpy(batch.is_token)), UPPER_INPUTS, outputs, path, contextual.WINDOW_TOKENS)


def _export(
    model: torch.nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    path: Path,
    longest: int,
) -> None:
    model.eval()
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=4, max=longest)
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
    feed = {name: value.numpy() for name, value in zip(inputs, example, strict=True)}
    beside = matrices_path(path)
    model, matrices = quantise_weights(program.model_proto, feed, beside.name)
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]  # the stack traces of the export, as large as all that is not a matrix
    beside.unlink(missing_ok=True)
    path.write_bytes(model.SerializeToString())
    if matrices:
        write_matrices(beside, matrices)
