"""Tests of encoders in sentence-transformers' form, on random models."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

import openqa
from openqa import Document, Question
from openqa.encode import load_encoder
from openqa.encode.hub import load_hub_encoder
from openqa.errors import MissingExtra, ModelError
from tests.hub import write_sentence_transformer

WORDS = ("red", "blue", "dog", "cat", "query", "passage")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def test_vectors_are_those_of_sentence_transformers(tmp_path: Path) -> None:
    """The model's prefixes are put before questions and passages, once each."""
    folder = write_sentence_transformer(tmp_path / "m", WORDS)
    encoder, model = load_hub_encoder(str(folder)), SentenceTransformer(str(folder), device="cpu")
    for texts in (["red dog"], ["blue", "cat red dog", "red"]):
        for encode, prefix in ((encoder.encode_queries, "query "), (encoder.encode_passages, "passage ")):
            expected = model.encode([prefix + text for text in texts], normalize_embeddings=True)
            assert np.allclose(encode(texts), expected, atol=1e-5)
            assert encode(texts).dtype == np.float32
    assert encoder.dim == 16
    assert encoder.encode_queries([]).shape == (0, 16)


def test_an_index_is_built_and_searched_with_a_folder(tmp_path: Path) -> None:
    """By its name alone, when it is opened again too."""
    folder = write_sentence_transformer(tmp_path / "m", WORDS)
    config = openqa.IndexConfig(parts=("dense",), encoder=str(folder))
    openqa.build(tmp_path / "index", [Document("a", "red dog"), Document("b", "blue cat")], config=config)
    index = openqa.open_index(tmp_path / "index")
    (ranking,) = index.search([Question("1", "red dog", "en")], 2, "dense")
    assert {hit.passage_id for hit in ranking} == {"a#0", "b#0"}


def test_the_identity_is_the_weights(tmp_path: Path) -> None:
    """A copy of the folder is the same encoder, other weights under its name are not."""
    folder = write_sentence_transformer(tmp_path / "one" / "m", WORDS)
    copy = shutil.copytree(folder, tmp_path / "two" / "m")
    other = write_sentence_transformer(tmp_path / "three" / "m", WORDS, seed=1)
    identities = [load_hub_encoder(str(path)).identity for path in (folder, copy, other)]
    assert identities[0] == identities[1] != identities[2]
    assert all(identity.startswith("m@") for identity in identities)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """The message says what such a folder has."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"cannot be loaded from that folder .*model.safetensors and the tokenizer"):
        load_encoder(str(tmp_path / "empty"))


def test_without_the_extra_the_line_to_type_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every extra."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'^sentence-transformers is not installed; pip install "openqa\[hub\]"$'):
        load_encoder(str(tmp_path))
