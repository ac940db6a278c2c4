"""Training losses as pure functions of tensors."""

import torch
from torch import Tensor
from torch.nn import functional


def contrastive(left: Tensor, right: Tensor, group: Tensor, scale: float = 20.0) -> Tensor:
    """In-batch contrastive loss in both directions; rows of one group are never each other's negatives.

    loss = mean over i and direction of -log softmax(scale · <left[i], right>)[i]

    Args:
        left: (B, D) unit rows.
        right: (B, D) unit rows; row i belongs to row i of `left`.
        group: (B,) integers; equal numbers mark texts that share a partner, such as questions of one passage.
        scale: inverse temperature.

    Returns:
        A scalar.

    Source: van den Oord et al. 2018 (arXiv:1807.03748); Karpukhin et al. 2020 (arXiv:2004.04906).
    """
    logits = scale * left @ right.T  # (B, B)
    same = group[:, None] == group[None, :]
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, float("-inf"))
    target = torch.arange(len(left), device=left.device)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def cosine_distance(vectors: Tensor, targets: Tensor) -> Tensor:
    """Returns the mean over rows of 1 - cosine.

    Args:
        vectors: (B, D) unit rows.
        targets: (B, D) unit rows.

    Returns:
        A scalar.
    """
    return 1 - (vectors.float() * targets.float()).sum(dim=1).mean()


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
