import pickle
import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from openqa.encode.session import load_session
from openqa.errors import ModelError
from openqa.read.loading import INPUTS, OUTPUTS
from openqa.types import Array
from tests.read.tiny import save_body


def test_a_body_of_another_kind_is_refused(tmp_path: Path) -> None:
    """With what it has, and what is needed."""
    path = tmp_path / "body.onnx"
    save_body(path, 2)
    load_session(path, "reader", INPUTS, OUTPUTS)
    model = onnx.load(str(path))
    model.graph.input.pop()
    onnx.save(model, str(path))
    message = (
        f"{path}: inputs embeddings, token_types and outputs logits; the reader has inputs embeddings, token_types, "
        f"is_token and outputs logits"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        load_session(path, "reader", INPUTS, OUTPUTS)


def test_a_session_can_be_sent_to_another_process(tmp_path: Path) -> None:
    """It is loaded there again, and gives the same."""
    save_body(tmp_path / "body.onnx", 2)
    session = load_session(tmp_path / "body.onnx", "reader", INPUTS, OUTPUTS, 1)
    ones = np.ones((1, 3), np.int64)
    feed: dict[str, Array] = {
        "embeddings": np.arange(6, dtype=np.float32).reshape(1, 3, 2),
        "token_types": ones,
        "is_token": ones,
    }
    sent = pickle.loads(pickle.dumps(session))
    assert np.array_equal(sent.run(["logits"], feed)[0], session.run(["logits"], feed)[0])


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "body.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: not an ONNX model that onnxruntime can run "):
        load_session(path, "reader", INPUTS, OUTPUTS)
