"""Readers by name: the bundled one, or a folder of the same form."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from openqa.encode.table import STATIC_COLUMNS, EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.errors import ModelError
from openqa.read.config import load_config
from openqa.read.reader import MiniReader

BUNDLED: Mapping[str, str] = MappingProxyType({"mini": "mini-reader"})
_INPUTS = ("embeddings", "token_types", "is_token")


def load_reader(name: str = "mini", *, threads: int = 0) -> MiniReader:
    """Loads a reader.

    Args:
        name: "mini" for the bundled reader, or a folder with `body.onnx` and `config.json`. A folder may bring its own
            `tokenizer.json` and embedding table; otherwise it shares those of the bundled models.
        threads: threads that one call may use; 0 leaves it to onnxruntime, which takes one for each core.

    Raises:
        ModelError: no reader has that name, or a file is missing, damaged or of another form.
        ValueError: threads is negative.
    """
    if threads < 0:
        raise ValueError(f"threads is {threads}; it must be 0 or more")
    models = Path(str(files("openqa"))) / "models"
    folder = models / BUNDLED[name] if name in BUNDLED else Path(name)
    if name not in BUNDLED and not folder.is_dir():
        raise ModelError(
            f'unknown reader "{name}"; known: {", ".join(sorted(BUNDLED))}, or a folder with body.onnx and '
            f"config.json; this version loads no reader from the hub"
        )
    shared = folder if (folder / "tokenizer.json").is_file() else models
    config = load_config(_file(folder, "config.json"))
    session = load_session(_file(folder, "body.onnx"), threads)
    tokenizer = SharedTokenizer.load(shared / "tokenizer.json")
    table = EmbeddingTable.load(shared)
    if shared == models:
        table = table.columns(STATIC_COLUMNS, table.dim)  # the first are the encoder's
    return MiniReader(session, tokenizer, table, config)


def load_session(path: Path, threads: int) -> Any:
    """Returns an onnxruntime session on the CPU whose idle threads sleep.

    Raises:
        ModelError: the file is not an ONNX model, or its inputs are not those of a reader.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no exception of its own to name
        raise ModelError(f"{path}: not an ONNX model that onnxruntime can run ({error}); export it again") from error
    inputs = {node.name for node in session.get_inputs()}
    if inputs != set(_INPUTS) or [node.name for node in session.get_outputs()] != ["logits"]:
        raise ModelError(
            f"{path}: inputs {', '.join(sorted(inputs))}; a reader has {', '.join(_INPUTS)} and one output, logits"
        )
    return session


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ModelError(f"{path}: no such file; a reader's folder has body.onnx and config.json")
    return path
