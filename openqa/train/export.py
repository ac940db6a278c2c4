"""From trained weights to the bundled files: the two bodies as ONNX, with products of integers (train/quantise.py)."""

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor
from torch.nn import functional

from openqa.encode import contextual
from openqa.read import loading
from openqa.train.data import ReadingBatch
from openqa.train.mini import Encoder, MiniModels, Reader
from openqa.train.quantise import quantise_weights


def export_encoder(models: MiniModels, path: Path, batch: ReadingBatch) -> None:
    """Writes the encoder's body as ONNX: embeddings and is_token to vector and tokens.

    Args:
        models: trained, in float32 on the CPU; left in evaluation mode, with eager attention.
        path: the file.
        batch: real text, from which the range of the activations is taken.
    """
    _export(models.encoder, _example(models, batch)[::2], contextual.INPUTS, contextual.OUTPUTS, path)


def export_reader(models: MiniModels, path: Path, batch: ReadingBatch) -> None:
    """Writes the reader's body as ONNX: embeddings, token_types, is_token to logits.

    Args:
        models: trained, in float32 on the CPU; left in evaluation mode, with eager attention.
        path: the file.
        batch: real text, from which the range of the activations is taken.
    """
    _export(models.reader, _example(models, batch), loading.INPUTS, loading.OUTPUTS, path)


def _example(models: MiniModels, batch: ReadingBatch) -> tuple[Tensor, ...]:
    """Embeddings, token_types and is_token."""
    ids, types, is_token = (torch.from_numpy(array) for array in (batch.ids, batch.token_types, batch.is_token))
    return functional.embedding(ids, models.table.detach()), types, is_token


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
    feed = {name: value.numpy() for name, value in zip(inputs, example, strict=True)}
    onnx.save(quantise_weights(program.model_proto, feed), str(path))
