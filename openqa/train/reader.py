"""The bundled reader's training: a small English body under the multilingual embedding table, tuned on span reading.

The table has frozen static columns (shared with the encoder) and trained columns of its own; both go through one
linear map into the body. Plain PyTorch: resumable in pieces, on CPU or one GPU, bfloat16.
Sources: METHODS section 6; span loss: Devlin et al. 2019, section 4.2.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import BertConfig, BertModel

from openqa.errors import ModelError
from openqa.train.data import ReadingBatch
from openqa.types import Array


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """Settings of one training; learning rates warm up over 5 % of the steps, then decay linearly to 0."""

    steps: int = 3000
    learning_rate: float = 1.5e-4
    embedding_learning_rate: float = 3e-4
    weight_decay: float = 0.01
    seed: int = 0


class ReaderModel(torch.nn.Module):
    """Pieces to start and end logits: table, linear map, BERT body, span head."""

    static: Tensor
    kept: Tensor  # share of the energy of the starting embeddings that the factorised table holds

    def __init__(self, static: Tensor, own: Tensor, projection: Tensor, body: BertModel) -> None:
        super().__init__()
        self.register_buffer("static", static)  # (V, S), frozen
        self.own = torch.nn.Parameter(own)  # (V, O)
        self.projection = torch.nn.Parameter(projection)  # (S + O, D)
        self.body = body
        self.head = torch.nn.Linear(body.config.hidden_size, 2)
        self.register_buffer("kept", torch.tensor(0.0))

    def rows(self, ids: Tensor) -> Tensor:
        """Returns rows of the table.

        Args:
            ids: (B, L) piece ids.

        Returns:
            (B, L, S + O).
        """
        return torch.cat([self.static[ids], functional.embedding(ids, self.own)], dim=-1)

    def forward(self, embeddings: Tensor, token_types: Tensor, is_token: Tensor) -> Tensor:
        """Returns start and end logits of every position.

        Args:
            embeddings: (B, L, S + O) rows of the table.
            token_types: (B, L), 1 from the passage on.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, L, 2).
        """
        hidden = self.body(
            inputs_embeds=embeddings @ self.projection, token_type_ids=token_types, attention_mask=is_token
        ).last_hidden_state
        logits: Tensor = self.head(hidden)
        return logits


def start_model(static: Array, target: Array, body: BertModel, own_columns: int, *, mapped: Array) -> ReaderModel:
    """Returns the model before training: target embeddings factorised over the frozen static columns and new columns.

    target ≈ [static, own] · projection, by least squares on the static columns and the leading singular vectors of
    what they leave over.

    Args:
        static: (V, S) the frozen columns.
        target: (V, D) embeddings that the body should see.
        body: the English model; its own embedding matrix is dropped.
        own_columns: number O of new columns.
        mapped: (V,) weight of each piece in the fit, such as its frequency.
    """
    weight = np.sqrt(mapped / mapped.mean())[:, None]
    linear = np.linalg.lstsq(static * weight, target * weight, rcond=None)[0]  # (S, D)
    rest = target - static @ linear
    _, values, directions = np.linalg.svd(rest * weight, full_matrices=False)
    basis = directions[:own_columns]  # (O, D)
    own = rest @ basis.T
    spread = static.std() / own.std()  # the new columns on the scale of the static ones; the map takes it back
    body.set_input_embeddings(torch.nn.Identity())  # type: ignore[no-untyped-call]
    model = ReaderModel(
        torch.from_numpy(static.astype(np.float32)),
        torch.from_numpy((own * spread).astype(np.float32)),
        torch.from_numpy(np.concatenate([linear, basis / spread]).astype(np.float32)),
        body,
    )
    kept = 1 - float((values[own_columns:] ** 2).sum() / ((target * weight) ** 2).sum())
    model.kept.fill_(kept)
    return model


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

    A resumed run takes the steps of an uninterrupted one, but for dropout, whose random numbers start anew.

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
    torch.manual_seed(settings.seed)
    device = next(model.parameters()).device
    groups = _parameter_groups(model, settings)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6)
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
    table = [model.own, model.projection]
    known = {id(parameter) for parameter in table}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in known]
    matrices, vectors = [p for p in rest if p.ndim > 1], [p for p in rest if p.ndim <= 1]
    return [
        {"params": table, "peak": settings.embedding_learning_rate, "weight_decay": 0.0},
        {"params": matrices, "peak": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": vectors, "peak": settings.learning_rate, "weight_decay": 0.0},
    ]


def _schedule(step: int, steps: int) -> float:
    warmup = max(1, math.ceil(0.05 * steps))
    return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))


def _save(
    path: Path, model: ReaderModel, optimizer: torch.optim.Optimizer, step: int, settings: ReaderSettings
) -> None:
    temporary = path.with_suffix(".tmp")
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "chance": torch.get_rng_state()}
    torch.save({**parts, "step": step, "settings": asdict(settings)}, temporary)
    temporary.replace(path)


def _resume(path: Path, model: ReaderModel, optimizer: torch.optim.Optimizer, settings: ReaderSettings) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["settings"] != asdict(settings):
        raise ValueError(f"{path} was made with {state['settings']}, this run has {asdict(settings)}; use another file")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["chance"])  # dropout goes on as if never interrupted
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
        body.set_input_embeddings(torch.nn.Identity())  # type: ignore[no-untyped-call]
        model = ReaderModel(weights["static"], weights["own"], weights["projection"], body)
        model.load_state_dict(weights)
    except Exception as error:  # torch raises what it meets
        raise ModelError(f"{path}: cannot be loaded ({error}); give a checkpoint of this body") from error
    return model.eval()
