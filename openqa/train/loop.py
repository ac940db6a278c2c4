"""The training loop of the bundled reader: plain PyTorch, resumable in pieces, on CPU or one GPU.

Without dropout: few examples are seen twice, and it costs a third of the time.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

BatchT = TypeVar("BatchT")
SAVE_EVERY = 250  # steps between two checkpoints


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Settings of one training; learning rates warm up over 5 % of the steps and fall to 0 over the last 30 %."""

    steps: int = 4000
    learning_rate: float = 1.5e-4
    weight_decay: float = 0.01
    seed: int = 0


def train(
    model: torch.nn.Module,
    data: Iterator[BatchT],
    loss_of: Callable[[BatchT], Tensor],
    settings: TrainSettings,
    *,
    checkpoint: Path,
    on_step: Callable[[int, float, BatchT], None],
) -> None:
    """Trains in place, from the checkpoint on where there is one.

    A resumed run takes the steps of an uninterrupted one. A checkpoint can be taken further than it was meant to go: of
    its settings only `steps` may differ.

    Args:
        model: the model at its start.
        data: endless batches; those before the checkpoint are skipped, so that a resumed run sees the same ones.
        loss_of: a batch to a scalar.
        settings: steps and learning rates.
        checkpoint: file that is replaced every `SAVE_EVERY` steps.
        on_step: called with the step, the loss and the batch.

    Raises:
        ValueError: the checkpoint was made with other settings.
    """
    optimizer = torch.optim.AdamW(_parameter_groups(model, settings), betas=(0.9, 0.98), eps=1e-6, fused=True)
    done = _resume(checkpoint, model, optimizer, settings)
    model.train()
    for step, batch in enumerate(data):
        if step < done:
            continue
        if step >= settings.steps:
            break
        factor = schedule(step, settings.steps)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        loss = loss_of(batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], 1.0)
        optimizer.step()
        on_step(step, loss.item(), batch)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == settings.steps:
            _save(checkpoint, model, optimizer, step + 1, settings)


def schedule(step: int, steps: int) -> float:
    """Returns the factor of the learning rates.

    Args:
        step: from 0 on.
        steps: of the whole training.
    """
    warmup, decay = max(1, math.ceil(0.05 * steps)), max(1, math.ceil(0.3 * steps))
    return min(1.0, (step + 1) / warmup, max(0, steps - step) / decay)


def _parameter_groups(model: torch.nn.Module, settings: TrainSettings) -> list[dict[str, Any]]:
    matrices, vectors = [p for p in model.parameters() if p.ndim > 1], [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "peak": settings.learning_rate, "weight_decay": settings.weight_decay},
        {"params": vectors, "peak": settings.learning_rate, "weight_decay": 0.0},
    ]


def _save(
    path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int, settings: TrainSettings
) -> None:
    temporary = path.with_suffix(".tmp")
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**parts, "step": step, "settings": asdict(settings)}, temporary)
    temporary.replace(path)


def _resume(path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, settings: TrainSettings) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["settings"] | {"steps": settings.steps} != asdict(settings):
        raise ValueError(f"{path} was made with {state['settings']}, this run has {asdict(settings)}; use another file")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
