"""Readers by name: the bundled one, or a folder of the same form."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from openqa.encode.session import LOWER, UPPER, load_body
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.errors import ModelError
from openqa.read.config import load_config
from openqa.read.hub import HubReader, load_hub_reader
from openqa.read.reader import MiniReader

BUNDLED: Mapping[str, str] = MappingProxyType({"mini": "mini-reader"})
OUTPUTS = ("logits",)
SHARED = ("tokenizer.json", LOWER, "table.codes.npy", "table.scales.npy")


def load_reader(name: str = "mini", *, threads: int = 0) -> MiniReader | HubReader:
    """Loads a reader.

    Args:
        name: "mini" for the bundled reader, or a folder with `body.onnx` and `config.json`. A folder may bring its own
            `tokenizer.json`, `lower.onnx` and embedding table, all of them; otherwise it shares those of the bundled
            models. With the extra `hub` also a folder in transformers' form, such as one that `openqa train reader`
            wrote, or a hub name, which has a slash.
        threads: threads that one call of a reader in ONNX may use; 0 leaves it to onnxruntime, which takes one for
            each core.

    Raises:
        ModelError: no reader has that name, or a file is missing, damaged or of another form.
        MissingExtra: transformers is not installed.
        ValueError: threads is negative.
    """
    if threads < 0:
        raise ValueError(f"threads is {threads}; it must be 0 or more")
    models = Path(str(files("openqa"))) / "models"
    folder = models / BUNDLED[name] if name in BUNDLED else Path(name)
    if name not in BUNDLED and (any(folder.glob("*.safetensors")) or ("/" in name and not folder.is_dir())):
        return load_hub_reader(name)
    if name not in BUNDLED and not folder.is_dir():
        raise ModelError(
            f'unknown reader "{name}"; known: {", ".join(sorted(BUNDLED))}, a folder with body.onnx and config.json, '
            f"or a model of the hub by its name, as in deepset/xlm-roberta-base-squad2, or folder"
        )
    shared = folder if _brings_everything(folder) else models
    config = load_config(_file(folder, "config.json"))
    _file(folder, UPPER)
    session = load_body(folder, shared, "reader", OUTPUTS, threads)
    tokenizer = SharedTokenizer.load(shared / "tokenizer.json")
    return MiniReader(session, tokenizer, EmbeddingTable.load(shared), config)


def _brings_everything(folder: Path) -> bool:
    missing = [name for name in SHARED if not (folder / name).is_file()]
    if missing and len(missing) < len(SHARED):
        raise ModelError(
            f"{folder / missing[0]}: no such file; a reader's folder has all of {', '.join(SHARED)} or none of them"
        )
    return not missing


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ModelError(f"{path}: no such file; a reader's folder has body.onnx and config.json")
    return path
