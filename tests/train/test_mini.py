import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from openqa.errors import ModelError
from openqa.train import loop
from openqa.train.data import batches, draw
from openqa.train.loop import TrainSettings
from openqa.train.mini import Encoder, ReaderModel, languages_taken_off, load_checkpoint, mean_vectors
from openqa.train.published import halves
from tests.train.tiny import packed, reading_set, tiny_body, tiny_config, tiny_reader

EXAMPLES = reading_set(8, 400)
ONES = torch.ones(40, 6, dtype=torch.int64)


def test_the_mean_is_of_the_real_tokens() -> None:
    """Padding changes nothing, whatever stands there."""
    hidden = torch.tensor([[[1.0, 0.0], [3.0, 4.0], [9.0, 9.0]], [[0.0, 2.0], [0.0, 4.0], [0.0, 6.0]]])
    found = mean_vectors(hidden, torch.tensor([[1, 1, 0], [1, 1, 1]]))
    assert torch.allclose(found, functional.normalize(torch.tensor([[2.0, 2.0], [0.0, 4.0]]), dim=1))


def test_a_vector_does_not_tell_languages_apart() -> None:
    """The unit mean less the centre, and less its part in what the languages' means span; padding changes nothing."""
    torch.manual_seed(0)
    hidden, is_token = torch.randn(2, 6, 32), torch.tensor([[1, 1, 1, 0, 0, 0], [1] * 6])
    means, (_, upper) = torch.randn(3, 32) / 8, halves(tiny_body(), 1)
    encoder = Encoder(upper, means).eval()
    with torch.no_grad():
        vectors, tokens = encoder(hidden, is_token)
        alone = encoder(hidden[:1, :3], is_token[:1, :3])[0]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert (vectors @ (means[one] - means[other])).abs().max() < 1e-5
    away = functional.normalize(tokens[1].mean(dim=0), dim=0) - means.mean(dim=0)
    span = torch.linalg.qr((means[1:] - means[0]).T).Q
    assert torch.allclose(vectors[1], functional.normalize(away - span @ (span.T @ away), dim=0), atol=1e-5)
    assert torch.allclose(vectors[0], alone[0], atol=1e-5)


def test_languages_are_taken_off() -> None:
    """After it the means of two languages' texts are closer than before."""
    torch.manual_seed(0)
    (lower, upper), table = halves(tiny_body(), 1), torch.randn(60, 32)
    lower.eval()
    table[30:] += 1.5
    rng = np.random.default_rng(0)
    texts = [packed(rng.integers(low, low + 30, (40, 6)).tolist()) for low in (5, 30)]
    plain = Encoder(upper, torch.zeros(1, 32)).eval()

    def distance(encoder: Encoder) -> float:
        ids = [torch.from_numpy(own.ids.astype(np.int64).reshape(40, 6)) for own in texts]
        hidden = (lower(functional.embedding(rows, table), ONES) for rows in ids)
        one, other = (encoder(vectors, ONES)[0].mean(dim=0) for vectors in hidden)
        return float((one - other).norm())

    with torch.no_grad():
        assert distance(languages_taken_off(lower, upper, table, texts)) < 0.5 * distance(plain)


def test_the_reader_overfits_eight_examples(tmp_path: Path) -> None:
    """After some steps it finds all eight answers; the table and what is shared have not moved."""
    models = tiny_reader(400)
    before = {name: value.clone() for name, value in models.state_dict().items() if not name.startswith("reader.")}
    settings = TrainSettings(steps=160, learning_rate=5e-3)
    data = batches([EXAMPLES], window=32, tokens=512, negative=0.0, seed=3)
    losses: list[float] = []
    loop.train(
        models,
        data,
        models.reading_loss,
        settings,
        checkpoint=tmp_path / "c.pt",
        on_step=lambda step, loss, batch: losses.append(loss),
    )
    rng = np.random.default_rng(9)
    for row in range(8):
        cut = draw(EXAMPLES, row, 32, 0.0, rng)
        ids = torch.from_numpy(cut.ids)[None]
        every = torch.ones_like(ids)
        with torch.no_grad():
            logits = models.reader(models.lower(functional.embedding(ids, models.table), every), every)[0]
        assert logits.argmax(dim=0).tolist() == [cut.start, cut.end]
    assert losses[-1] < 0.5 < losses[0]
    assert len(before) > 2
    assert all(torch.equal(models.state_dict()[name], value) for name, value in before.items())


def test_weights_over_another_table_are_refused(tmp_path: Path) -> None:
    """From a checkpoint and when a training goes on: the pieces would be others; the model keeps its own table."""
    path, models = tmp_path / "c.pt", tiny_reader(400)
    other = ReaderModel(torch.randn(400, 32), models.lower, models.reader.upper)
    table = other.table.clone()
    data = batches([EXAMPLES], window=32, tokens=512, negative=0.0, seed=3)

    def train(model: ReaderModel, steps: int) -> None:
        settings = TrainSettings(steps=steps)
        loop.train(model, data, model.reading_loss, settings, checkpoint=path, on_step=lambda *_: None)

    train(models, 1)
    with pytest.raises(ModelError, match="learnt over another table; give the vocabulary and encoder of that training"):
        load_checkpoint(path, other)
    with pytest.raises(ValueError, match=r"^they were learnt over another table; give the vocabulary and encoder of"):
        train(other, 2)
    assert torch.equal(other.table, table)


def test_a_checkpoint_is_loaded_as_it_was(tmp_path: Path) -> None:
    """What is no checkpoint of this reader is refused."""
    path, models, loaded = tmp_path / "c.pt", tiny_reader(400), tiny_reader(400, seed=1)
    message = f"^{re.escape(str(path))}: cannot be loaded .*; give a checkpoint of this reader$"
    with pytest.raises(ModelError, match=message):
        load_checkpoint(path, loaded)
    loop.train(
        models,
        batches([EXAMPLES], window=32, tokens=512, negative=0.0, seed=3),
        models.reading_loss,
        TrainSettings(steps=1),
        checkpoint=path,
        on_step=lambda *_: None,
    )
    load_checkpoint(path, loaded)
    assert not loaded.training
    for name, value in models.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    larger = tiny_config()
    larger.num_hidden_layers = 3
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: cannot be loaded "):
        load_checkpoint(path, tiny_reader(400, config=larger))
