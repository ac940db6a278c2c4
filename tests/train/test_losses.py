import math

import pytest
import torch
from torch import Tensor

from openqa.train.losses import (
    contrastive,
    distillation_loss,
    reciprocal_rank_coefficient,
    span_divergence,
    span_loss,
)

LEFT = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
RIGHT = torch.tensor([[0.6, 0.8], [0.0, 1.0]])


def cross_entropy(target: float, other: float) -> float:
    return math.log(math.exp(target) + math.exp(other)) - target


def test_contrastive_by_hand() -> None:
    """Two pairs: the logits are 2 · [[0.6, 0], [0.8, 1]]; the mean of rows and columns."""
    rows = (cross_entropy(1.2, 0.0) + cross_entropy(2.0, 1.6)) / 2
    columns = (cross_entropy(1.2, 1.6) + cross_entropy(2.0, 0.0)) / 2
    loss = contrastive(LEFT, RIGHT, torch.tensor([0, 1]), scale=2.0)
    assert math.isclose(loss.item(), (rows + columns) / 2, rel_tol=1e-6)


def test_texts_of_one_group_are_no_negatives() -> None:
    """With one group nothing is left to be told apart; a third text of another group still is."""
    assert contrastive(LEFT, RIGHT, torch.tensor([3, 3])).item() == 0
    left, right = torch.cat([LEFT, LEFT[:1]]), torch.cat([RIGHT, RIGHT[:1]])
    expected = 0.0
    logits = (2 * left @ right.T).tolist()
    for i, against in enumerate(([1], [0, 2], [1])):
        expected += math.log(sum(math.exp(logits[i][j]) for j in [i, *against])) - logits[i][i]
        expected += math.log(sum(math.exp(logits[j][i]) for j in [i, *against])) - logits[i][i]
    loss = contrastive(left, right, torch.tensor([7, 8, 7]), scale=2.0)
    assert math.isclose(loss.item(), expected / 6, rel_tol=1e-6)


def test_one_pair_has_no_loss() -> None:
    """A batch of one has no negatives."""
    assert contrastive(LEFT[:1], RIGHT[:1], torch.tensor([0])).item() == 0


def test_span_loss_by_arithmetic() -> None:
    """Cross-entropy over the real positions of each row; padding has no weight, whatever stands there."""
    start, end = [[1.0, 2.0, 0.5], [0.0, 3.0, 9.0]], [[0.0, 0.5, 2.0], [1.0, 1.0, -9.0]]
    logits = torch.tensor([start, end]).permute(1, 2, 0)
    is_token = torch.tensor([[1, 1, 1], [1, 1, 0]])

    def entropy(row: list[float], gold: int) -> float:
        return math.log(sum(map(math.exp, row))) - row[gold]

    expected = (entropy(start[0], 1) + entropy(start[1][:2], 0) + entropy(end[0], 2) + entropy(end[1][:2], 0)) / 4
    loss = span_loss(logits, is_token, torch.tensor([1, 0]), torch.tensor([2, 0]))
    assert math.isclose(loss.item(), expected, rel_tol=1e-6)


def span_logits(start: list[float], end: list[float]) -> Tensor:
    """(1, L, 2)."""
    return torch.tensor([[start, end]]).permute(0, 2, 1)


def kl(p: list[float], q: list[float], temperature: float) -> float:
    """Of two rows of logits, by the definition."""
    a, b = ([math.exp(x / temperature) for x in row] for row in (p, q))
    return sum(x / sum(a) * math.log((x / sum(a)) / (y / sum(b))) for x, y in zip(a, b, strict=True))


TEACHER, STUDENT = ([2.0, 0.0, 1.0], [0.0, 3.0, 0.0]), ([0.0, 1.0, 0.0], [1.0, 1.0, 2.0])


def test_span_divergence_by_arithmetic() -> None:
    """T² · KL for start and end; reverse exchanges the two; symmetric is the mean."""
    student, teacher = span_logits(*STUDENT), span_logits(*TEACHER)
    forward = [4 * kl(t, s, 2.0) for t, s in zip(TEACHER, STUDENT, strict=True)]
    reverse = [4 * kl(s, t, 2.0) for t, s in zip(TEACHER, STUDENT, strict=True)]
    expected = {
        "forward": forward,
        "reverse": reverse,
        "symmetric": [(a + b) / 2 for a, b in zip(forward, reverse, strict=True)],
    }
    for direction, values in expected.items():
        found = span_divergence(student, teacher, None, direction=direction)
        assert [value.item() for value in found] == pytest.approx(values, rel=1e-5)


def test_masked_positions_have_no_part() -> None:
    """What stands at a position that is not allowed changes nothing, and gradients stay finite."""
    allowed = torch.tensor([[True, False, True]])
    student = span_logits(*STUDENT).requires_grad_()
    start, end = span_divergence(student, span_logits(*TEACHER), allowed)
    expected = [4 * kl([t[0], t[2]], [s[0], s[2]], 2.0) for t, s in zip(TEACHER, STUDENT, strict=True)]
    assert [start.item(), end.item()] == pytest.approx(expected, rel=1e-5)
    (start.sum() + end.sum()).backward()  # type: ignore[no-untyped-call]
    assert student.grad is not None
    assert student.grad.isfinite().all()
    assert not student.grad[:, 1].any()


def test_a_teacher_that_agrees_costs_nothing_and_learns_nothing() -> None:
    """Zero at equality, above it elsewhere; no gradient flows into the teacher."""
    same = span_logits(*STUDENT)
    assert [value.item() for value in span_divergence(same, same, None)] == pytest.approx([0, 0], abs=1e-6)
    teacher = span_logits(*TEACHER).requires_grad_()
    student = span_logits(*STUDENT).requires_grad_()
    start, end = span_divergence(student, teacher, None)
    (start + end).sum().backward()  # type: ignore[no-untyped-call]
    assert teacher.grad is None
    assert start.item() > 0


def test_wrong_divergences_are_refused() -> None:
    """Each with its value."""
    logits = span_logits(*STUDENT)
    with pytest.raises(ValueError, match='direction is "back"'):
        span_divergence(logits, logits, None, direction="back")
    with pytest.raises(ValueError, match="temperature is 0"):
        span_divergence(logits, logits, None, temperature=0)


def ranking(*best: int) -> list[float]:
    """Logits of twenty positions that rank these first."""
    return [float(20 - best.index(place)) if place in best else -float(place) for place in range(20)]


def test_the_coefficient_is_the_mean_reciprocal_rank() -> None:
    """Start: gold 10, its window 5 to 14, first met at rank 2; end: gold 3, window -2 to 7, met at rank 1."""
    teacher = span_logits(ranking(15, 14, 0), ranking(7, 19))
    assert reciprocal_rank_coefficient(teacher, torch.tensor([10]), torch.tensor([3])).item() == (1 / 2 + 1 / 1) / 2


def test_the_window_is_five_before_and_four_after() -> None:
    """Positions 4 and 15 are out of the window of 10, 5 and 14 within."""
    for place, value in ((4, 0.0), (5, 1.0), (14, 1.0), (15, 0.0)):
        teacher = span_logits(ranking(place), ranking(place))
        found = reciprocal_rank_coefficient(teacher, torch.tensor([10]), torch.tensor([10]), k=1)
        assert found.item() == value


def test_the_coefficient_is_the_mean_over_the_batch() -> None:
    """One row at rank 1, one not among the first ten: (1 + 0) / 2 for start and end."""
    far = ranking(*range(10, 20))
    teacher = torch.cat([span_logits(ranking(0), ranking(0)), span_logits(far, far)])
    gold = torch.tensor([0, 2])
    assert reciprocal_rank_coefficient(teacher, gold, gold).item() == (1 + 0) / 2


def test_distillation_adds_up() -> None:
    """alpha_ce · CE + alpha_kl · (mean start + mean end) / 2; by alpha_ce 0 the gold answers are left out."""
    divergence = (torch.tensor([1.0, 3.0]), torch.tensor([2.0, 6.0]))
    gold = torch.tensor(0.5)
    assert distillation_loss(gold, divergence).item() == 0.5 + (2 + 4) / 2
    assert distillation_loss(gold, divergence, alpha_ce=0, alpha_kl=0.25).item() == 0.25 * (2 + 4) / 2
