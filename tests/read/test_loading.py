import json
import re
from pathlib import Path
from typing import Any

import pytest

from openqa.errors import ModelError
from openqa.read import ReaderConfig, load_reader
from openqa.read.config import load_config
from openqa.types import Passage, Question
from tests.read.tiny import save_reader

GOOD: dict[str, Any] = {
    "name": "mini-reader",
    "version": "1",
    "window_tokens": 256,
    "stride_tokens": 96,
    "max_answer_tokens": 30,
    "max_question_tokens": 64,
    "temperature": 1,
    "no_answer_threshold": -2.5,
}


def write_config(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({key: value for key, value in (GOOD | changes).items() if value is not None}))
    return path


def test_config_is_read(tmp_path: Path) -> None:
    """A config.json gives its values; the retrieval weight may be left out."""
    assert load_config(write_config(tmp_path)) == ReaderConfig(**GOOD, retrieval_weight=0.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strid_tokens": 1}, 'unknown key "strid_tokens"; known: certainty, max_answer_tokens, max_question_tokens, '
         "name, no_answer_threshold, own_language_penalty, retrieval_weight, sentence_weight, stride_tokens, "
         "temperature, version, window_tokens"),
        ({"name": None}, 'no "name"; a reader\'s config.json needs it'),
        ({"window_tokens": "256"}, "\"window_tokens\" is '256'; int is needed"),
        ({"stride_tokens": True}, '"stride_tokens" is True; int is needed'),
        ({"stride_tokens": 0}, "stride_tokens is 0; it must be at least 1"),
        ({"window_tokens": 96},
         "window_tokens is 96; a question of 64, an answer of 30 and 3 special tokens need more"),
        ({"temperature": 0.0}, "temperature is 0.0; it must be above 0"),
        ({"certainty": 0.0}, "certainty is 0.0; it must be above 0 and at most 1"),
        ({"certainty": 1.5}, "certainty is 1.5; it must be above 0 and at most 1"),
    ],
)  # fmt: skip
def test_bad_config_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    """Each message names the file, the key and what is needed."""
    path = write_config(tmp_path, **changes)
    with pytest.raises(ModelError, match=f"^{re.escape(f'{path}: {message}')}$"):
        load_config(path)


def test_config_must_be_an_object(tmp_path: Path) -> None:
    """A list is refused."""
    path = tmp_path / "config.json"
    path.write_text("[]")
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: a JSON object is needed, found list$"):
        load_config(path)


def test_unknown_reader_lists_what_is_known() -> None:
    """A name that is neither bundled nor a folder is refused."""
    with pytest.raises(
        ModelError,
        match=r'^unknown reader "maxi"; known: mini, a folder with body\.onnx and config\.json, or a model of the hub '
        r"by its name, as in deepset/xlm-roberta-base-squad2, or folder$",
    ):
        load_reader("maxi")


def test_negative_threads_are_refused() -> None:
    """Threads below 0 raise."""
    with pytest.raises(ValueError, match=r"^threads is -1; it must be 0 or more$"):
        load_reader("mini", threads=-1)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    """A folder without its files, and files that are something else, are refused by path."""
    message = f"{tmp_path / 'config.json'}: no such file; a reader's folder has body.onnx and config.json"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        load_reader(str(tmp_path))
    write_config(tmp_path)
    (tmp_path / "body.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=f"^{re.escape(str(tmp_path / 'body.onnx'))}: not an ONNX model that "):
        load_reader(str(tmp_path))


def test_a_folder_that_brings_half_is_refused(tmp_path: Path) -> None:
    """Tokenizer, lower layers and table belong together."""
    save_reader(tmp_path, ["who goes there"])
    write_config(tmp_path)
    (tmp_path / "lower.onnx").unlink()
    message = (
        f"{tmp_path / 'lower.onnx'}: no such file; a reader's folder has all of tokenizer.json, lower.onnx, "
        f"table.codes.npy, table.scales.npy or none of them"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        load_reader(str(tmp_path))


def test_folder_with_its_own_tokenizer_and_table(tmp_path: Path) -> None:
    """A folder that brings everything is loaded by its path and reads."""
    passage = Passage("a", "a", "who goes there")
    save_reader(tmp_path, [passage.text])
    write_config(tmp_path)
    (span,) = load_reader(str(tmp_path), threads=1).read(Question("q", "who"), [passage], 1)
    assert passage.text[span.start : span.end] == span.text
