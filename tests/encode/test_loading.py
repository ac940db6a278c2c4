import json
import re
from pathlib import Path

import pytest

from openqa.encode import load_encoder
from openqa.encode.loading import read_model_config
from openqa.errors import ConfigError, ModelError


def test_the_bundled_encoders_are_loaded_by_name() -> None:
    """The identity is name and version, which an index keeps."""
    mini, static = load_encoder("mini"), load_encoder("static")
    assert re.fullmatch(r"mini-encoder@5-[0-9a-f]{8}", mini.identity)
    assert re.fullmatch(r"static-encoder@3-[0-9a-f]{8}", static.identity)
    assert (mini.dim, static.dim) == (384, 256)


def test_an_unknown_encoder_is_refused() -> None:
    """The message lists what is known."""
    with pytest.raises(ConfigError, match=r'^unknown encoder "mni"; known: mini, static; did you mean "mini"\?$'):
        load_encoder("mni")


def test_a_missing_or_damaged_config_is_refused(tmp_path: Path) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "config.json"
    with pytest.raises(ModelError, match=f"^{re.escape(f'{path}: cannot be read (')}.*; install openqa again$"):
        read_model_config(tmp_path)
    path.write_text("{")
    with pytest.raises(ModelError, match=f"^{re.escape(f'{path}: cannot be read (')}.*; install openqa again$"):
        read_model_config(tmp_path)
    for content in ("[]", '{"name": "mini-encoder"}'):
        path.write_text(content)
        message = f'{path}: no object with "name" and "version"; install openqa again'
        with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
            read_model_config(tmp_path)
    path.write_text(json.dumps({"name": "mini-encoder", "version": "1"}))
    assert read_model_config(tmp_path) == {"name": "mini-encoder", "version": "1"}
