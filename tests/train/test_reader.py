import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertModel

from openqa.errors import ModelError
from openqa.train.data import batches, draw
from openqa.train.reader import ReaderModel, ReaderSettings, load_checkpoint, span_loss, start_model, train_reader
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


def test_the_start_rebuilds_the_target() -> None:
    """With enough columns exactly; with fewer, what is kept of the weighted energy is what `kept` says."""
    rng = np.random.default_rng(0)
    static, target = rng.standard_normal((50, 6)), rng.standard_normal((50, 32))
    mapped = rng.uniform(0.5, 4, 50)
    frozen = static.astype(np.float32)
    for own_columns in (26, 32, 4):
        body = BertModel(tiny_config(), add_pooling_layer=False)
        model = start_model(static, target, body, own_columns, mapped=mapped)
        rebuilt = (model.rows(torch.arange(50)) @ model.projection).detach().numpy()
        energy = mapped[:, None] * target**2
        lost = float((mapped[:, None] * (rebuilt - target) ** 2).sum() / energy.sum())
        assert math.isclose(float(model.kept), 1 - lost, abs_tol=1e-5)
        assert (lost < 1e-9) == (own_columns >= 32)
        assert np.array_equal(model.static.numpy(), frozen)
        assert math.isclose(float(model.own.detach().std(correction=0)), static.std(), rel_tol=1e-4)


def test_the_reader_overfits_eight_examples(tmp_path: Path) -> None:
    """After some steps it finds all eight answers; the static columns stay as they were."""
    model = tiny_model(400)
    static = model.static.clone()
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
    assert torch.equal(model.static, static)


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


def test_another_setting_does_not_resume(tmp_path: Path) -> None:
    """A checkpoint that was made with other settings is refused."""
    path = tmp_path / "c.pt"
    train(tiny_model(400), path, SETTINGS)
    other = ReaderSettings(steps=13)
    with pytest.raises(
        ValueError, match=f"^{re.escape(str(path))} was made with .*'steps': 12.*'steps': 13.*; use another file$"
    ):
        train(tiny_model(400), path, other)


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
