"""The bundled reader's training: a small English body under the multilingual embedding table, tuned on span reading.

The table starts from the English embeddings (train/transfer.py) and is trained with the body. Plain PyTorch: resumable
in pieces, on CPU or one GPU, bfloat16, without dropout (few examples are seen twice, and it costs a third of the time).
Sources: METHODS section 6; span loss: Devlin et al. 2019, section 4.2.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import BertConfig, BertModel

from openqa.errors import ModelError
from openqa.train.data import ReadingBatch


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """Settings of one training; learning rates warm up over 5 % of the steps and fall to 0 over the last 30 %."""

    steps: int = 4000
    learning_rate: float = 1.5e-4
    embedding_learning_rate: float = 3e-4
    weight_decay: float = 0.01
    seed: int = 0


class ReaderModel(torch.nn.Module):
    """Pieces to start and end logits: table, BERT body, span head.

    Args:
        table: (V, D) float32 embeddings at the start.
        body: a BERT of width D; its own embedding matrix is dropped.
    """

    def __init__(self, table: Tensor, body: BertModel) -> None:
        super().__init__()
        body.set_input_embeddings(torch.nn.Identity())  # type: ignore[no-untyped-call]
        self.table = torch.nn.Parameter(table)
        self.body = body
        self.head = torch.nn.Linear(body.config.hidden_size, 2)

    def rows(self, ids: Tensor) -> Tensor:
        """Returns rows of the table.

        Args:
            ids: (B, L) piece ids.

        Returns:
            (B, L, D).
        """
        return functional.embedding(ids, self.table)

    def forward(self, embeddings: Tensor, token_types: Tensor, is_token: Tensor) -> Tensor:
        """Returns start and end logits of every position.

        Args:
            embeddings: (B, L, D) rows of the table.
            token_types: (B, L), 1 from the passage on.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, L, 2).
        """
        hidden = self.body(
            inputs_embeds=embeddings, token_type_ids=token_types, attention_mask=is_token
        ).last_hidden_state
        logits: Tensor = self.head(hidden)
        return logits


def span_loss(logits: Tensor, is_token: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Returns the mean of the start and end cross-entropy over the real positions.

    Args:
        logits: (B, L, 2).
        is_token: (B, L), 0 where padded.
        start: (B,) position of the first answer token, 0 when there is none.
        end: (B,) position of the last.

    Returns:
        A scalar.
    """
    masked = logits.float().masked_fill(is_token[:, :, None] == 0, float("-inf"))
    return (functional.cross_entropy(masked[:, :, 0], start) + functional.cross_entropy(masked[:, :, 1], end)) / 2


def train_reader(
    model: ReaderModel,
    data: Iterator[ReadingBatch],
    settings: ReaderSettings,
    *,
    checkpoint: Path,
    save_every: int = 250,
    on_step: Callable[[int, float, int], None],
) -> None:
    """Trains in place, from the checkpoint on where there is one.

    A resumed run takes the steps of an uninterrupted one. A checkpoint can be taken further than it was meant to go: of
    its settings only `steps` may differ.

    Args:
        model: the model at its start.
        data: endless batches; those before the checkpoint are skipped, so that a resumed run sees the same ones.
        settings: steps and learning rates.
        checkpoint: file that is replaced every `save_every` steps.
        save_every: steps between two checkpoints.
        on_step: called with the step, the loss and the number of sequences.

    Raises:
        ValueError: the checkpoint was made with other settings.
    """
    device = next(model.parameters()).device
    groups = _parameter_groups(model, settings)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    done = _resume(checkpoint, model, optimizer, settings)
    model.train()
    for step, batch in enumerate(data):
        if step < done:
            continue
        if step >= settings.steps:
            break
        factor = _schedule(step, settings.steps)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        loss = _step_loss(model, batch, device)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimizer.step()
        on_step(step, loss.item(), len(batch.start))
        if (step + 1) % save_every == 0 or step + 1 == settings.steps:
            _save(checkpoint, model, optimizer, step + 1, settings)


def _step_loss(model: ReaderModel, batch: ReadingBatch, device: torch.device) -> Tensor:
    ids, types, mask, start, end = (
        torch.from_numpy(column).to(device)
        for column in (batch.ids, batch.token_types, batch.is_token, batch.start, batch.end)
    )
    with torch.autocast(device.type, dtype=torch.bfloat16):
        logits = model(model.rows(ids), types, mask)
    return span_loss(logits, mask, start, end)


def _parameter_groups(model: ReaderModel, settings: ReaderSettings) -> list[dict[str, Any]]:
    rest = [parameter for parameter in model.parameters() if parameter is not model.table]
    matrices, vectors = [p for p in rest if p.ndim > 1], [p for p in rest if p.ndim <= 1]
    return [
        {"params": [model.table], "peak": settings.embedding_learning_rate, "weight_decay": 0.0},
        {"params": matrices, "peak": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": vectors, "peak": settings.learning_rate, "weight_decay": 0.0},
    ]


def _schedule(step: int, steps: int) -> float:
    warmup, decay = max(1, math.ceil(0.05 * steps)), max(1, math.ceil(0.3 * steps))
    return min(1.0, (step + 1) / warmup, max(0, steps - step) / decay)


def _save(
    path: Path, model: ReaderModel, optimizer: torch.optim.Optimizer, step: int, settings: ReaderSettings
) -> None:
    temporary = path.with_suffix(".tmp")
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**parts, "step": step, "settings": asdict(settings)}, temporary)
    temporary.replace(path)


def _resume(path: Path, model: ReaderModel, optimizer: torch.optim.Optimizer, settings: ReaderSettings) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["settings"] | {"steps": settings.steps} != asdict(settings):
        raise ValueError(f"{path} was made with {state['settings']}, this run has {asdict(settings)}; use another file")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def load_checkpoint(path: Path, config: BertConfig) -> ReaderModel:
    """Returns the model of a checkpoint, for use on the CPU.

    Args:
        path: file that `train_reader` wrote.
        config: of the body.

    Raises:
        ModelError: the file is missing, not a checkpoint, or of another body.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)["model"]
        body = BertModel(config, add_pooling_layer=False)
        model = ReaderModel(weights["table"], body)
        model.load_state_dict(weights)
    except Exception as error:  # torch raises what it meets
        raise ModelError(f"{path}: cannot be loaded ({error}); give a checkpoint of this body") from error
    return model.eval()
