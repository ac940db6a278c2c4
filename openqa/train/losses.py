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
