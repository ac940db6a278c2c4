import math
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertModel

from openqa.errors import ModelError
from openqa.train import reader
from openqa.train.data import batches, draw
from openqa.train.reader import ReaderModel, ReaderSettings, load_checkpoint, span_loss, train_reader
from tests.train.tiny import reading_set, tiny_config, tiny_model

EXAMPLES = reading_set(8, 400)
SETTINGS = ReaderSettings(steps=12, learning_rate=1e-3, embedding_learning_rate=1e-3)


class Killed(Exception):
    """Stops a training between two steps."""


def train(model: ReaderModel, path: Path, settings: ReaderSettings, *, stop_after: int | None = None) -> list[float]:
    """Trains on the eight examples, up to a step or the end; returns the losses."""
    losses: list[float] = []

    def report(step: int, loss: float, n_sequences: int) -> None:
        losses.append(loss)
        assert n_sequences > 0
        if step == stop_after:
            raise Killed

    data = batches([EXAMPLES], window=32, tokens=512, negative=0.0, seed=3)
    train_reader(model, data, settings, checkpoint=path, save_every=5, on_step=report)
    return losses


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


@pytest.mark.parametrize(
    ("steps", "step", "factor"),
    [
        (100, 0, 1 / 5),
        (100, 3, 4 / 5),
        (100, 4, 1),
        (100, 70, 1),
        (100, 71, 29 / 30),
        (100, 99, 1 / 30),
        (100, 100, 0),
        (4000, 199, 1),
        (4000, 198, 199 / 200),
        (4000, 2800, 1),
        (4000, 2801, 1199 / 1200),
        (30, 0, 1 / 2),
        (30, 21, 1),
        (30, 22, 8 / 9),
        (2, 0, 1),
        (2, 1, 1),
        (1, 0, 1),
    ],
)
def test_the_schedule_by_arithmetic(steps: int, step: int, factor: float) -> None:
    """Up over a twentieth of the steps, then 1, then down to 0 over the last three tenths."""
    assert math.isclose(reader._schedule(step, steps), factor)


@given(st.integers(1, 5000))
def test_the_schedule_goes_up_then_down(steps: int) -> None:
    """No step of a training is lost, and the highest rate is the peak."""
    factors = [reader._schedule(step, steps) for step in range(steps)]
    top = factors.index(1)
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert min(factors) > 0


def test_the_model_has_one_table() -> None:
    """It starts as given, its rows are what the body sees, and the body keeps no embeddings of pieces."""
    table = torch.arange(60 * 32, dtype=torch.float32).reshape(60, 32)
    model = ReaderModel(table.clone(), BertModel(tiny_config(), add_pooling_layer=False))
    assert torch.equal(model.rows(torch.tensor([[3, 0], [59, 3]])), table[[3, 0, 59, 3]].reshape(2, 2, 32))
    assert not [name for name in model.state_dict() if "word_embeddings" in name]
    assert [tuple(p.shape) for p in model.parameters() if 60 in p.shape] == [(60, 32)]


def test_a_step_by_arithmetic(tmp_path: Path) -> None:
    """The first step of Adam is the rate, whatever the gradient; pieces that no sequence has stay as they are."""
    model = tiny_model(400)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train(model, tmp_path / "c.pt", ReaderSettings(1, learning_rate=1e-3, embedding_learning_rate=1e-2))
    moved = {name: (value - before[name]).abs() for name, value in model.state_dict().items()}
    seen = np.unique(np.concatenate([EXAMPLES.questions.ids, EXAMPLES.contexts.ids])).astype(np.int64)
    unseen = np.setdiff1d(np.arange(5, 400), seen)
    assert len(unseen) > 100
    assert not moved["table"][unseen].any()
    assert math.isclose(float(moved["table"].max()), 1e-2, rel_tol=1e-2)
    assert math.isclose(float(moved["head.weight"].median()), 1e-3, rel_tol=0.05)


def test_the_reader_overfits_eight_examples(tmp_path: Path) -> None:
    """After some steps it finds all eight answers."""
    model = tiny_model(400)
    losses = train(model, tmp_path / "c.pt", ReaderSettings(steps=80, learning_rate=5e-3, embedding_learning_rate=5e-2))
    model.eval()
    rng = np.random.default_rng(9)
    for row in range(8):
        cut = draw(EXAMPLES, row, 32, 0.0, rng)
        ids = torch.from_numpy(cut.ids)[None]
        types = (torch.arange(len(cut.ids)) >= cut.n_question).long()[None]
        with torch.no_grad():
            logits = model(model.rows(ids), types, torch.ones_like(ids))[0]
        assert logits.argmax(dim=0).tolist() == [cut.start, cut.end]
    assert losses[-1] < 0.5 < losses[0]


def test_a_resumed_training_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    """Killed after step 7, it goes on from the checkpoint of step 5 with the batches that follow: bit for bit."""
    whole = tiny_model(400)
    losses = train(whole, tmp_path / "whole.pt", SETTINGS)
    assert len(losses) == 12
    with pytest.raises(Killed):
        train(tiny_model(400), tmp_path / "c.pt", SETTINGS, stop_after=7)
    resumed = tiny_model(400, seed=1)
    assert train(resumed, tmp_path / "c.pt", SETTINGS) == losses[5:]
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    assert train(tiny_model(400, seed=1), tmp_path / "c.pt", SETTINGS) == []


def test_a_training_may_be_resumed_with_other_steps(tmp_path: Path) -> None:
    """Taken further before its rates fell, it is the longer training bit for bit; one with fewer steps does nothing."""
    shorter, longer = replace(SETTINGS, steps=24), replace(SETTINGS, steps=36)  # both warm up over 2 steps
    whole, resumed = tiny_model(400), tiny_model(400, seed=1)
    losses = train(whole, tmp_path / "whole.pt", longer)
    with pytest.raises(Killed):
        train(tiny_model(400), tmp_path / "c.pt", shorter, stop_after=7)
    assert train(resumed, tmp_path / "c.pt", longer) == losses[5:]
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    assert train(tiny_model(400, seed=1), tmp_path / "c.pt", shorter) == []


def test_a_finished_training_may_go_on(tmp_path: Path) -> None:
    """Its rates rise again to where the longer schedule has them."""
    model = tiny_model(400)
    train(model, tmp_path / "c.pt", SETTINGS)
    table = model.table.detach().clone()
    assert len(train(model, tmp_path / "c.pt", replace(SETTINGS, steps=14))) == 2
    assert len(train(model, tmp_path / "c.pt", replace(SETTINGS, steps=14))) == 0
    assert not torch.equal(model.table, table)


@pytest.mark.parametrize(
    "other",
    [
        replace(SETTINGS, learning_rate=2e-3),
        replace(SETTINGS, embedding_learning_rate=2e-3),
        replace(SETTINGS, weight_decay=0.0),
        replace(SETTINGS, seed=1),
    ],
)
def test_another_setting_does_not_resume(tmp_path: Path, other: ReaderSettings) -> None:
    """A checkpoint that was made with other settings is refused, whatever the steps, and stays as it is."""
    path = tmp_path / "c.pt"
    train(tiny_model(400), path, replace(SETTINGS, steps=1))
    content = path.read_bytes()
    made = asdict(replace(SETTINGS, steps=1))
    message = f"{path} was made with {made}, this run has {asdict(other)}; use another file"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        train(tiny_model(400), path, other)
    assert path.read_bytes() == content


def test_a_checkpoint_is_loaded_as_it_was(tmp_path: Path) -> None:
    """Its shapes come from the file; what is no checkpoint of this body is refused."""
    path = tmp_path / "c.pt"
    model = tiny_model(400)
    with pytest.raises(
        ModelError, match=f"^{re.escape(str(path))}: cannot be loaded .*; give a checkpoint of this body$"
    ):
        load_checkpoint(path, tiny_config())
    train(model, path, SETTINGS)
    loaded = load_checkpoint(path, tiny_config())
    assert not loaded.training
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    larger = tiny_config()
    larger.num_hidden_layers = 3
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: cannot be loaded "):
        load_checkpoint(path, larger)
    path.write_bytes(b"PK")
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: cannot be loaded "):
        load_checkpoint(path, tiny_config())
