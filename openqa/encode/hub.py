"""Encoders of the hub through sentence-transformers: by name, or a folder in its form.

A model's prefixes ("query: ", "passage: ") come from its own configuration. Weights are read from safetensors only, and
no code of a model is run.
"""

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from openqa.errors import ModelError, require
from openqa.types import Array


class HubEncoder:
    """One vector a text, by a SentenceTransformer.

    Args:
        model: a SentenceTransformer.
        identity: name and revision.
        batch: texts that are encoded at once.
    """

    def __init__(self, model: Any, identity: str, batch: int = 32) -> None:
        self._model = model
        self._identity = identity
        self._batch = batch

    @property
    def identity(self) -> str:
        """Name and revision; vectors of two encoders may be compared only if it is equal."""
        return self._identity

    @property
    def dim(self) -> int:
        """Width D of a vector."""
        return int(self._model.get_embedding_dimension())

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions: (B, D) float32."""
        return self._unit_rows(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Unit rows for passages: (N, D) float32."""
        return self._unit_rows(self._model.encode_document, texts)

    def _unit_rows(self, encode: Any, texts: Sequence[str]) -> Array:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        rows = encode(list(texts), batch_size=self._batch, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, np.float32)


def load_hub_encoder(name: str) -> HubEncoder:
    """Returns an encoder of the hub.

    Args:
        name: a hub name, or a folder.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        ModelError: the model cannot be loaded.
    """
    model = load_sentence_transformer(name, "SentenceTransformer")
    title = Path(name).name if Path(name).is_dir() else name
    return HubEncoder(model, f"{title}@{_revision(name, model)}")


@contextmanager
def loading(kind: str, name: str) -> Iterator[None]:
    """Keeps transformers' bars and reports off standard error while a model is loaded, and tells what went wrong.

    Args:
        kind: what the model is, for the error: "reader".
        name: a hub name, or a folder.

    Raises:
        ModelError: it cannot be loaded; the message says where it was looked for.
    """
    from transformers.utils import logging

    was_shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    except Exception as error:  # the hub's client, transformers and torch raise what they meet
        where = "that folder" if Path(name).is_dir() else f"the hub, and no folder {name} is there"
        raise ModelError(
            f'{kind} "{name}" cannot be loaded from {where} ({type(error).__name__}: {error}); give a hub name where '
            f"there is network, or a folder with config.json, model.safetensors and the tokenizer's files"
        ) from error
    finally:
        logging.set_verbosity(level)
        if was_shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def load_sentence_transformer(name: str, kind: str) -> Any:
    """Returns a model of sentence-transformers.

    Args:
        name: a hub name, or a folder.
        kind: the class, "SentenceTransformer" or "MultiVectorEncoder".

    Raises:
        MissingExtra: sentence-transformers is not installed.
        ModelError: the model cannot be loaded; the message says where it was looked for.
    """
    require("hub", "sentence_transformers")
    load = getattr(importlib.import_module("sentence_transformers"), kind)
    with loading("model", name):
        return load(name, trust_remote_code=False, model_kwargs={"use_safetensors": True})


def _revision(name: str, model: Any) -> str:
    """The hub's commit, or a hash of a folder's weights."""
    weights = sorted(Path(name).rglob("*.safetensors")) if Path(name).is_dir() else []
    if not weights:
        config = getattr(getattr(model[0], "auto_model", None), "config", None)
        return str(getattr(config, "_commit_hash", None) or "unknown")[:12]
    digest = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
