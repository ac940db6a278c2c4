"""The static encoder: one vector a piece, a text is the mean of its pieces, trained by contrast.

Sources: METHODS of model2vec and static sentence embeddings (Aarsen 2024); loss: losses.contrastive. The training data
are packed pairs (`PairSet`) of several kinds; every batch is of one kind.
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
    """Settings of one training; the learning rate decays linearly to 0."""

    dim: int = 256
    steps: int = 3000
    batch: int = 2048
    learning_rate: float = 0.02
    scale: float = 20.0
    seed: int = 0


def embed(table: torch.nn.EmbeddingBag, texts: PackedTexts) -> Tensor:
    """Returns the unit mean vectors of packed texts.

    Args:
        table: (V, D) vectors of the pieces.
        texts: B texts.

    Returns:
        (B, D).
    """
    ids = torch.from_numpy(texts.ids.astype(np.int64))
    return functional.normalize(table(ids, torch.from_numpy(texts.offsets[:-1])), dim=1)


def train_static(
    pairs: Sequence[PairSet], n_pieces: int, settings: StaticSettings, on_step: Callable[[int, str, float], None]
) -> Array:
    """Trains the vectors of all pieces and returns them.

    Args:
        pairs: training pairs by kind.
        n_pieces: size V of the vocabulary.
        settings: width, steps, batch, learning rate.
        on_step: called with the step, the kind of pairs and the loss.

    Returns:
        (V, D) float32.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    table = torch.nn.EmbeddingBag(n_pieces, settings.dim, mode="mean")
    torch.nn.init.normal_(table.weight, std=0.1)
    optimizer = torch.optim.Adam(table.parameters(), lr=settings.learning_rate, fused=True)
    shares = np.asarray([pair.weight for pair in pairs]) / sum(pair.weight for pair in pairs)
    for step in range(settings.steps):
        for parameters in optimizer.param_groups:
            parameters["lr"] = settings.learning_rate * (1 - step / settings.steps)
        pair = pairs[rng.choice(len(pairs), p=shares)]
        rows = rng.choice(len(pair.left), size=min(settings.batch, len(pair.left)), replace=False)
        left, right = embed(table, pair.left.take(rows)), embed(table, pair.right.take(rows))
        loss = contrastive(left, right, torch.from_numpy(pair.group[rows]), settings.scale)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        on_step(step, pair.name, loss.item())
    vectors: Array = table.weight.detach().numpy()
    return vectors
