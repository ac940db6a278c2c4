import os
import pickle
import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from openqa.encode.session import HIDDEN, LOWER, UPPER, load_body, load_session
from openqa.errors import ModelError
from openqa.read.loading import OUTPUTS
from openqa.types import Array
from tests.read.tiny import save_body, save_lower

INPUTS = (HIDDEN, "is_token")


def test_a_body_of_another_kind_is_refused(tmp_path: Path) -> None:
    """With what it has, and what is needed."""
    path = tmp_path / "body.onnx"
    save_body(path, 2)
    load_session(path, "reader", INPUTS, OUTPUTS)
    model = onnx.load(str(path))
    model.graph.input.pop()
    onnx.save(model, str(path))
    message = f"{path}: inputs hidden and outputs logits; the reader has inputs hidden, is_token and outputs logits"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        load_session(path, "reader", INPUTS, OUTPUTS)


def test_a_session_can_be_sent_to_another_process(tmp_path: Path) -> None:
    """It is loaded there again, and gives the same."""
    save_lower(tmp_path / LOWER, 2)
    save_body(tmp_path / UPPER, 2)
    session = load_body(tmp_path, tmp_path, "reader", OUTPUTS, 1)
    embeddings = np.arange(6, dtype=np.float32).reshape(1, 3, 2)
    feed: dict[str, Array] = {"embeddings": embeddings, "is_token": np.ones((1, 3), np.int64)}
    sent = pickle.loads(pickle.dumps(session))
    assert np.array_equal(sent.run(["logits"], feed)[0], embeddings)
    assert np.array_equal(session.run(["logits"], feed)[0], embeddings)


def test_the_lower_layers_are_read_once_and_anew_when_they_change(tmp_path: Path) -> None:
    """Two bodies over one file share its session; another file at the same place is loaded."""
    feed: dict[str, Array] = {"embeddings": np.ones((1, 3, 2), np.float32), "is_token": np.ones((1, 3), np.int64)}
    save_lower(tmp_path / LOWER, 2, factor=2.0)
    save_body(tmp_path / UPPER, 2)
    one, other = (load_body(tmp_path, tmp_path, "reader", OUTPUTS, 1) for _ in range(2))
    assert getattr(one, "lower", None) is getattr(other, "lower", 0)
    assert np.array_equal(one.run(["logits"], feed)[0], 2 * feed["embeddings"])
    save_lower(tmp_path / LOWER, 2, factor=3.0)
    os.utime(tmp_path / LOWER, ns=(1, 1))
    changed = load_body(tmp_path, tmp_path, "reader", OUTPUTS, 1)
    assert np.array_equal(changed.run(["logits"], feed)[0], 3 * feed["embeddings"])


def test_missing_lower_layers_are_named(tmp_path: Path) -> None:
    """By their path."""
    save_body(tmp_path / UPPER, 2)
    with pytest.raises(ModelError, match=f"^{re.escape(str((tmp_path / LOWER).resolve()))}: "):
        load_body(tmp_path, tmp_path, "reader", OUTPUTS)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "body.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: not an ONNX model that onnxruntime can run "):
        load_session(path, "reader", INPUTS, OUTPUTS)
