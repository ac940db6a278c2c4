"""The static encoder: a weight for each piece and a projection of the shared table, trained by contrast.

A text is sum(weight · row) @ projection, as a unit vector; the table is not changed. Source: model2vec and static
sentence embeddings (METHODS, section 6); loss: losses.contrastive. The training data are packed pairs (`PairSet`) of
several kinds; every batch is of one kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from openqa.train.losses import contrastive
from openqa.train.packing import PackedTexts, PairSet
from openqa.types import Array


@dataclass(frozen=True, slots=True)
class StaticSettings:
    """Settings of one training; the learning rates decay linearly to 0."""

    dim: int = 256
    steps: int = 1000
    batch: int = 1024
    learning_rate: float = 0.02  # of the weights' logarithms
    projection_learning_rate: float = 1e-3
    scale: float = 20.0
    seed: int = 0


def train_static(
    pairs: Sequence[PairSet], table: Array, settings: StaticSettings, on_step: Callable[[int, str, float], None]
) -> tuple[Array, Array]:
    """Trains weights and projection; they start alike, and with the directions in which the rows differ most.

    Args:
        pairs: training pairs by kind.
        table: (V, C) float32 rows of the pieces.
        settings: width, steps, batch, learning rates.
        on_step: called with the step, the kind of pairs and the loss.

    Returns:
        (V,) positive weights and (C, D) projection, float32.
    """
    rng = np.random.default_rng(settings.seed)
    rows, logarithms = torch.from_numpy(table), torch.nn.Parameter(torch.zeros(len(table)))
    centred = table - table.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    projection = torch.nn.Parameter(torch.from_numpy(directions[:, ::-1][:, : settings.dim].copy()))
    rates = (settings.learning_rate, settings.projection_learning_rate)
    optimizer = torch.optim.Adam([{"params": [logarithms]}, {"params": [projection]}], fused=True)
    shares = np.asarray([pair.weight for pair in pairs]) / sum(pair.weight for pair in pairs)

    def vectors(texts: PackedTexts) -> Tensor:
        ids, offsets = torch.from_numpy(texts.ids.astype(np.int64)), torch.from_numpy(texts.offsets[:-1])
        weights = logarithms[ids].exp()
        sums = functional.embedding_bag(ids, rows, offsets, mode="sum", per_sample_weights=weights)
        return functional.normalize(sums @ projection, dim=1)

    for step in range(settings.steps):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * (1 - step / settings.steps)
        pair = pairs[rng.choice(len(pairs), p=shares)]
        chosen = rng.choice(len(pair.left), size=min(settings.batch, len(pair.left)), replace=False)
        left, right = vectors(pair.left.take(chosen)), vectors(pair.right.take(chosen))
        loss = contrastive(left, right, torch.from_numpy(pair.group[chosen]), settings.scale)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        on_step(step, pair.name, loss.item())
    return logarithms.detach().exp().numpy(), projection.detach().numpy()
