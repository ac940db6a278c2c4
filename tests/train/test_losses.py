import math

import torch

from openqa.train.losses import contrastive, cosine_distance, span_loss

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


def test_cosine_distance_by_hand() -> None:
    """The mean of one minus the cosine of each row with its target; the scale of reduced precision does no harm."""
    assert math.isclose(cosine_distance(LEFT, RIGHT).item(), ((1 - 0.6) + (1 - 1.0)) / 2, abs_tol=1e-6)
    assert math.isclose(cosine_distance(LEFT.bfloat16(), -LEFT).item(), 2, abs_tol=1e-6)
