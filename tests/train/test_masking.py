"""Tests of masked and translation language modelling."""

import itertools
import math

import numpy as np
import torch

from openqa.encode.tokenizer import CLS, MASK, PAD, SEP
from openqa.train.losses import masked_loss
from openqa.train.masking import NOT_TOLD, MaskedBatch, mask, masked_batches
from tests.train.tiny import pair_set, tiny_reader


def some(n: int) -> list[MaskedBatch]:
    """The first batches of twenty pairs."""
    return list(itertools.islice(masked_batches(pair_set(20, 200), n_pieces=200, window=16, tokens=64, seed=0), n))


def test_the_shares_are_those_of_bert() -> None:
    """15 % are told; of those 80 % are masked, 10 % are others, 10 % stay; what is not told stays."""
    ids = np.full((400, 100), 7)
    hidden, told = mask(ids, 10_000, np.random.default_rng(0))
    asked = told != NOT_TOLD
    assert abs(asked.mean() - 0.15) < 0.01
    assert abs((hidden[asked] == MASK).mean() - 0.8) < 0.02
    assert abs((hidden[asked] == 7).mean() - 0.1) < 0.02
    assert (told[asked] == 7).all()
    assert (hidden[~asked] == 7).all()


def test_special_pieces_are_never_told() -> None:
    """Neither hidden nor put in for another."""
    ids = np.tile([CLS, 9, SEP, PAD], (500, 1))
    hidden, told = mask(ids, 50, np.random.default_rng(0))
    assert (told[:, [0, 2, 3]] == NOT_TOLD).all()
    assert (hidden[:, [0, 2, 3]] == ids[:, [0, 2, 3]]).all()
    assert not {CLS, SEP, PAD} & set(hidden[:, 1].tolist())


def test_a_batch_holds_texts_with_their_translations() -> None:
    """`[CLS] left [SEP] right [SEP]`, or the right side alone; told pieces put back give the pair."""
    pairs = pair_set(20, 200)
    left, right = ([side.take(np.array([row])).ids.tolist() for row in range(20)] for side in (pairs.left, pairs.right))
    expected = {(CLS, *a, SEP, *b, SEP) for a, b in zip(left, right, strict=True)}
    expected |= {(CLS, *b, SEP, SEP) for b in right}
    seen = set()
    for batch in some(60):
        assert batch.ids.size <= 64
        whole = np.where(batch.told == NOT_TOLD, batch.ids, batch.told)
        seen |= {tuple(ids[is_token == 1].tolist()) for ids, is_token in zip(whole, batch.is_token, strict=True)}
    assert seen <= expected
    assert {len(row) for row in seen} == {len(row) for row in expected}


def test_masked_loss_by_arithmetic() -> None:
    """One piece of three is asked for: -log softmax over the table; where none is, the loss is 0."""
    hidden, table = torch.tensor([[[1.0, 0.0], [5.0, 5.0]]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    found = masked_loss(hidden, table, torch.tensor([[2, NOT_TOLD]])).item()
    assert math.isclose(found, math.log(math.exp(1) + math.exp(0) + math.exp(2)) - 2, rel_tol=1e-6)
    assert masked_loss(hidden, table, torch.full((1, 2), NOT_TOLD)).item() == 0


def test_hidden_pieces_are_learnt() -> None:
    """A batch that is seen again and again is told nearly for certain."""
    models = tiny_reader(200)
    batch = max(some(20), key=lambda batch: int((batch.told >= 0).sum()))
    optimizer = torch.optim.AdamW(models.parameters(), lr=3e-3)
    losses = []
    for _ in range(80):
        loss = models.masked_loss(batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
