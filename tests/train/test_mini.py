import math
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
from openqa.train.losses import contrastive
from openqa.train.mini import COSINE_WEIGHT, MiniModels, Teacher, load_checkpoint, mean_vectors
from openqa.train.pair_batches import PairBatch, Texts, pair_batches
from tests.train.tiny import pair_set, reading_set, tiny_body, tiny_config, tiny_models

EXAMPLES = reading_set(8, 400)


def teacher(n_pieces: int = 60) -> Teacher:
    """A random body, always the same."""
    torch.manual_seed(5)
    return Teacher(tiny_body(n_pieces))


def texts(*rows: list[int]) -> Texts:
    """Ids as they are, padded with zeros."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, values in zip(ids, rows, strict=True):
        row[: len(values)] = values
    return Texts(ids, (ids > 0).astype(np.int64))


def test_there_is_one_table() -> None:
    """It starts as given, both bodies see its rows, and neither keeps embeddings of pieces."""
    models = tiny_models()
    assert not [name for name in models.state_dict() if "word_embeddings" in name]
    assert [tuple(p.shape) for p in models.parameters() if 60 in p.shape] == [(60, 32)]
    before = models.vectors(texts([2, 7, 3])).detach()
    with torch.no_grad():
        models.table[7] *= -1
    assert not torch.allclose(models.vectors(texts([2, 7, 3])), before, atol=1e-3)


def test_a_vector_is_the_unit_mean_of_the_real_tokens() -> None:
    """Padding changes nothing, whatever stands there."""
    hidden = torch.tensor([[[1.0, 0.0], [3.0, 4.0], [9.0, 9.0]], [[0.0, 2.0], [0.0, 4.0], [0.0, 6.0]]])
    found = mean_vectors(hidden, torch.tensor([[1, 1, 0], [1, 1, 1]]))
    assert torch.allclose(found, functional.normalize(torch.tensor([[2.0, 2.0], [0.0, 4.0]]), dim=1))
    models = tiny_models()
    alone, padded = models.vectors(texts([2, 9, 3])), models.vectors(texts([2, 9, 3], [2, 9, 8, 7, 6, 3]))
    assert torch.allclose(alone[0], padded[0], atol=1e-5)


def test_the_loss_of_translations_by_arithmetic() -> None:
    """One side is encoded: the contrast with the teacher's vectors, and four times the distance to them."""
    models, english = tiny_models(), texts([5, 6], [7, 8])
    batch = PairBatch("sentences", (texts([2, 9, 3], [2, 8, 3]),), (english,), (np.ones(2, bool),), np.arange(2))
    found = models.encoding_loss(batch, teacher()).item()
    vectors, targets = models.vectors(batch.sides[0]), teacher().vectors(english)
    expected = contrastive(vectors, targets, torch.arange(2)) + COSINE_WEIGHT * (1 - (vectors * targets).sum(1).mean())
    assert math.isclose(found, expected.item(), rel_tol=0.02)  # bfloat16


def test_the_loss_of_questions_by_arithmetic() -> None:
    """Both sides are encoded; the teacher has a say where English is known, and none where it is not."""
    models = tiny_models()
    sides = (texts([2, 9, 3], [2, 8, 3]), texts([2, 10, 11, 3], [2, 12, 3]))
    nothing = (np.zeros(2, bool), np.zeros(2, bool))
    plain = models.encoding_loss(PairBatch("questions", sides, (None, None), nothing, np.arange(2)), teacher())
    left, right = (models.vectors(side) for side in sides)
    assert math.isclose(plain.item(), contrastive(left, right, torch.arange(2)).item(), rel_tol=0.02)
    known, english = (np.zeros(2, bool), np.array([False, True])), texts([7, 8])
    batch = PairBatch("questions", sides, (None, english), known, np.arange(2))
    distance = 1 - (right[1] * teacher().vectors(english)[0]).sum()
    found = models.encoding_loss(batch, teacher()) - plain
    assert math.isclose(found.item(), COSINE_WEIGHT * distance.item(), rel_tol=0.02)


def test_one_side_without_english_is_refused() -> None:
    """There would be nothing to learn from."""
    batch = PairBatch("sentences", (texts([2, 9, 3]),), (None,), (np.zeros(1, bool),), np.arange(1))
    with pytest.raises(ValueError, match=r'^pairs "sentences" have one side and no English; nothing can be learnt'):
        tiny_models().encoding_loss(batch, teacher())


def test_the_reader_overfits_eight_examples(tmp_path: Path) -> None:
    """After some steps it finds all eight answers; the encoder's body has not moved."""
    models = tiny_models(400)
    encoder = {name: value.clone() for name, value in models.encoder.state_dict().items()}
    settings = TrainSettings(steps=80, learning_rate=5e-3, embedding_learning_rate=5e-2)
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
        types = (torch.arange(len(cut.ids)) >= cut.n_question).long()[None]
        with torch.no_grad():
            logits = models.reader(functional.embedding(ids, models.table), types, torch.ones_like(ids))[0]
        assert logits.argmax(dim=0).tolist() == [cut.start, cut.end]
    assert losses[-1] < 0.5 < losses[0]
    for name, value in models.encoder.state_dict().items():
        assert torch.equal(value, encoder[name]), name


def test_the_encoder_learns_what_the_teacher_says(tmp_path: Path) -> None:
    """Texts of either side come to lie next to the teacher's vector of what they say in English."""
    models, pairs, english = tiny_models(200), pair_set(16, 200), teacher(200)
    settings = TrainSettings(steps=120, learning_rate=2e-3, embedding_learning_rate=2e-2)
    data = pair_batches([pairs], window=16, tokens=4096, seed=0)
    losses: list[float] = []
    loop.train(
        models,
        data,
        lambda batch: models.encoding_loss(batch, english),
        settings,
        checkpoint=tmp_path / "c.pt",
        on_step=lambda step, loss, batch: losses.append(loss),
    )
    assert losses[-1] < losses[0] / 3


def test_a_checkpoint_is_loaded_as_it_was(tmp_path: Path) -> None:
    """Its shapes come from the file; what is no checkpoint of this body is refused."""
    path, models = tmp_path / "c.pt", tiny_models(400)
    message = f"^{re.escape(str(path))}: cannot be loaded .*; give a checkpoint of this body$"
    with pytest.raises(ModelError, match=message):
        load_checkpoint(path, tiny_config())
    loop.train(
        models,
        batches([EXAMPLES], window=32, tokens=512, negative=0.0, seed=3),
        models.reading_loss,
        TrainSettings(steps=1),
        checkpoint=path,
        on_step=lambda *_: None,
    )
    loaded = load_checkpoint(path, tiny_config())
    assert isinstance(loaded, MiniModels)
    assert not loaded.training
    for name, value in models.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    larger = tiny_config()
    larger.num_hidden_layers = 3
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: cannot be loaded "):
        load_checkpoint(path, larger)
