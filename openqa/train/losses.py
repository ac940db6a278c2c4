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


def masked_loss(hidden: Tensor, table: Tensor, told: Tensor) -> Tensor:
    """Returns the mean cross-entropy of the pieces that are to be told, among all of the vocabulary.

    logits = hidden · table

    Args:
        hidden: (B, L, D) of a body.
        table: (V, D) embeddings of the pieces, tied.
        told: (B, L) the piece to tell, below 0 where none is.

    Returns:
        A scalar; 0 where nothing is to be told.
    """
    asked = told >= 0
    if not asked.any():
        return hidden.sum() * 0
    logits = hidden[asked] @ table.to(hidden.dtype).T  # (told, V)
    return functional.cross_entropy(logits.float(), told[asked])


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


def span_divergence(
    student: Tensor, teacher: Tensor, allowed: Tensor | None, *, temperature: float = 2.0, direction: str = "forward"
) -> tuple[Tensor, Tensor]:
    """Divergence of the student's start and end distributions from the teacher's, for each row.

    start[b] = T² · KL(softmax(teacher[b, :, 0] / T) || softmax(student[b, :, 0] / T)), and end[b] alike

    Args:
        student: (B, L, 2) logits.
        teacher: (B, L, 2) logits, of a model or stored (soft labels); no gradient flows into them.
        allowed: (B, L) bool, False where no answer can stand, such as the question and padding; None leaves every
            position in, as the published code does. Each row has a True.
        temperature: T, above 0.
        direction: "forward" as above, "reverse" with student and teacher exchanged, "symmetric" for their mean.

    Returns:
        start and end, (B,) each; 0 where the two agree.

    Raises:
        ValueError: the direction is unknown or the temperature not above 0.

    Source: Hinton et al. 2015 (arXiv:1503.02531); for spans across languages Carrino et al. 2023 (arXiv:2309.17134).
    """
    if direction not in ("forward", "reverse", "symmetric"):
        raise ValueError(f'direction is "{direction}"; it must be forward, reverse or symmetric')
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; it must be above 0")
    logs = []
    for logits in (teacher.detach(), student):
        shown = logits.float() if allowed is None else logits.float().masked_fill(~allowed[:, :, None], float("-inf"))
        logs.append(functional.log_softmax(shown / temperature, dim=1))
    forward, reverse = _divergence(logs[0], logs[1]), _divergence(logs[1], logs[0])
    chosen = {"forward": forward, "reverse": reverse, "symmetric": (forward + reverse) / 2}[direction]
    return chosen[:, 0] * temperature**2, chosen[:, 1] * temperature**2


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || q) over dimension 1 of log probabilities, where both have some: (B, L, 2) to (B, 2)."""
    is_possible = p.isfinite() & q.isfinite()
    difference = torch.where(is_possible, p, 0.0) - torch.where(is_possible, q, 0.0)
    return (torch.where(is_possible, p, 0.0).exp() * difference * is_possible).sum(dim=1)


def reciprocal_rank_coefficient(teacher: Tensor, start: Tensor, end: Tensor, *, k: int = 10) -> Tensor:
    """How far a teacher may be trusted: 1 / rank of its first position near the gold one, the mean over start and end.

    Near is within [gold - 5, gold + 4]; a row without such a position among the teacher's k best counts 0.

    Args:
        teacher: (B, L, 2) logits.
        start: (B,) gold position of the first answer token.
        end: (B,) gold position of the last.
        k: positions looked at, the best first; at least 1.

    Returns:
        A scalar within [0, 1], without gradient.

    Source: Carrino et al. 2023 (arXiv:2309.17134), section 3.3: mAP@k, which with this window is the reciprocal rank.
    """
    found = []
    for column, gold in ((0, start), (1, end)):
        ranked = teacher[:, :, column].detach().topk(min(k, teacher.shape[1]), dim=1).indices  # (B, k)
        is_near = (ranked >= gold[:, None] - 5) & (ranked <= gold[:, None] + 4)
        ranks = torch.arange(1, ranked.shape[1] + 1, device=ranked.device)
        found.append((is_near / ranks).amax(dim=1).mean())
    return torch.stack(found).mean()


def distillation_loss(
    cross_entropy: Tensor, divergence: tuple[Tensor, Tensor], *, alpha_ce: float = 1.0, alpha_kl: Tensor | float = 1.0
) -> Tensor:
    """alpha_ce · CE + alpha_kl · KL, with KL half the sum of start's and end's batch means.

    One form serves self-distillation (alpha_kl 1, or `reciprocal_rank_coefficient`), FILTER's soft labels and plain
    distillation: only the teacher's source and the coefficient differ.

    Args:
        cross_entropy: scalar, of `span_loss`.
        divergence: start and end of `span_divergence`.
        alpha_ce: weight of the gold answers.
        alpha_kl: weight of the teacher.

    Returns:
        A scalar.

    Source: Carrino et al. 2023 (arXiv:2309.17134), equations 1 to 3; Fang et al. 2020 (arXiv:2009.05166) for FILTER.
    """
    start, end = divergence
    return alpha_ce * cross_entropy + alpha_kl * (start.mean() + end.mean()) / 2
