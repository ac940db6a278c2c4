import math
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from openqa.train import loop
from openqa.train.data import ReadingBatch, batches
from openqa.train.loop import TrainSettings, schedule
from openqa.train.mini import ReaderModel
from tests.train.tiny import reading_set, tiny_reader

EXAMPLES = reading_set(8, 400)
SETTINGS = TrainSettings(steps=12, learning_rate=1e-3)


class Killed(Exception):
    """Stops a training between two steps."""


@pytest.fixture(autouse=True)
def saves_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint every five steps."""
    monkeypatch.setattr(loop, "SAVE_EVERY", 5)


def train(model: ReaderModel, path: Path, settings: TrainSettings, *, stop_after: int | None = None) -> list[float]:
    """Trains the reader on the eight examples, up to a step or the end; returns the losses."""
    losses: list[float] = []

    def report(step: int, loss: float, batch: ReadingBatch) -> None:
        losses.append(loss)
        assert len(batch.start) > 0
        if step == stop_after:
            raise Killed

    data = batches([EXAMPLES], window=32, tokens=512, negative=0.0, seed=3)
    loop.train(model, data, model.reading_loss, settings, checkpoint=path, on_step=report)
    return losses


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
    assert math.isclose(schedule(step, steps), factor)


@given(st.integers(1, 5000))
def test_the_schedule_goes_up_then_down(steps: int) -> None:
    """No step of a training is lost, and the highest rate is the peak."""
    factors = [schedule(step, steps) for step in range(steps)]
    top = factors.index(1)
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert min(factors) > 0


def test_a_step_by_arithmetic(tmp_path: Path) -> None:
    """The first step of Adam is the rate, whatever the gradient; the table stays as it is."""
    model = tiny_reader(400)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train(model, tmp_path / "c.pt", TrainSettings(1, learning_rate=1e-3))
    moved = {name: (value - before[name]).abs() for name, value in model.state_dict().items()}
    assert not moved["table"].any()
    assert math.isclose(float(moved["reader.head.weight"].median()), 1e-3, rel_tol=0.05)


def test_a_resumed_training_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    """Killed after step 7, it goes on from the checkpoint of step 5 with the batches that follow: bit for bit."""
    whole = tiny_reader(400)
    losses = train(whole, tmp_path / "whole.pt", SETTINGS)
    assert len(losses) == 12
    with pytest.raises(Killed):
        train(tiny_reader(400), tmp_path / "c.pt", SETTINGS, stop_after=7)
    resumed = tiny_reader(400, seed=1)
    assert train(resumed, tmp_path / "c.pt", SETTINGS) == losses[5:]
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    assert train(tiny_reader(400, seed=1), tmp_path / "c.pt", SETTINGS) == []


def test_a_training_may_be_resumed_with_other_steps(tmp_path: Path) -> None:
    """Taken further before its rates fell, it is the longer training bit for bit; one with fewer steps does nothing."""
    shorter, longer = replace(SETTINGS, steps=24), replace(SETTINGS, steps=36)  # both warm up over 2 steps
    whole, resumed = tiny_reader(400), tiny_reader(400, seed=1)
    losses = train(whole, tmp_path / "whole.pt", longer)
    with pytest.raises(Killed):
        train(tiny_reader(400), tmp_path / "c.pt", shorter, stop_after=7)
    assert train(resumed, tmp_path / "c.pt", longer) == losses[5:]
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    assert train(tiny_reader(400, seed=1), tmp_path / "c.pt", shorter) == []


def test_a_finished_training_may_go_on(tmp_path: Path) -> None:
    """Its rates rise again to where the longer schedule has them."""
    model = tiny_reader(400)
    train(model, tmp_path / "c.pt", SETTINGS)
    head = model.reader.head.weight.detach().clone()
    assert len(train(model, tmp_path / "c.pt", replace(SETTINGS, steps=14))) == 2
    assert len(train(model, tmp_path / "c.pt", replace(SETTINGS, steps=14))) == 0
    assert not torch.equal(model.reader.head.weight, head)


@pytest.mark.parametrize(
    "other",
    [
        replace(SETTINGS, learning_rate=2e-3),
        replace(SETTINGS, weight_decay=0.0),
        replace(SETTINGS, seed=1),
    ],
)
def test_another_setting_does_not_resume(tmp_path: Path, other: TrainSettings) -> None:
    """A checkpoint that was made with other settings is refused, whatever the steps, and stays as it is."""
    path = tmp_path / "c.pt"
    train(tiny_reader(400), path, replace(SETTINGS, steps=1))
    content = path.read_bytes()
    made = asdict(replace(SETTINGS, steps=1))
    message = f"{path} was made with {made}, this run has {asdict(other)}; use another file"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        train(tiny_reader(400), path, other)
    assert path.read_bytes() == content
