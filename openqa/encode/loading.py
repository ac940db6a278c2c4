"""Encoders by name. The bundled ones share tokenizer, embedding table and lower layers with the bundled reader."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from openqa.durable import map_array
from openqa.encode.contextual import OUTPUTS, ContextualEncoder
from openqa.encode.hub import load_hub_encoder
from openqa.encode.session import load_body
from openqa.encode.static import StaticEncoder
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.errors import IndexFolderError, ModelError, unknown_name
from openqa.types import Array, Encoder

MODELS = Path(__file__).parent.parent / "models"
BUNDLED = {"mini": "mini-encoder", "static": "static-encoder"}


@cache
def load_encoder(name: str = "mini") -> Encoder:
    """Returns an encoder, which is loaded once.

    Args:
        name: "mini", the bundled contextual encoder, or "static", which only looks pieces up: a hundred times as fast,
            and far worse where question and passage differ in language. With the extra `hub` also a folder in
            sentence-transformers' form, or a hub name, which has a slash.

    Raises:
        ConfigError: the name is not known.
        ModelError: the model's files are missing or damaged, or cannot be had.
        MissingExtra: sentence-transformers is not installed.
    """
    if name not in BUNDLED:
        if "/" not in name and not Path(name).is_dir():
            raise unknown_name("encoder", name, BUNDLED)
        return load_hub_encoder(name)
    folder = MODELS / BUNDLED[name]
    config = read_model_config(folder)
    identity = f"{config['name']}@{config['version']}"
    tokenizer, table = SharedTokenizer.load(MODELS / "tokenizer.json"), EmbeddingTable.load(MODELS)
    if name == "static":
        weights, projection = (_array(folder / f"{part}.npy") for part in ("weights", "projection"))
        return StaticEncoder(tokenizer, table, weights, projection, identity)
    return ContextualEncoder(load_body(folder, MODELS, "encoder", OUTPUTS), tokenizer, table, identity)


def _array(path: Path) -> Array:
    try:
        return map_array(path)
    except IndexFolderError as error:
        raise ModelError(f"the static encoder cannot be read: {error}; install openqa again") from error


def read_model_config(folder: Path) -> dict[str, Any]:
    """Returns the config.json of a model's folder.

    Args:
        folder: the model's folder.

    Raises:
        ModelError: it is missing, not JSON, or without name and version.
    """
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); install openqa again") from error
    if not isinstance(config, dict) or not {"name", "version"} <= config.keys():
        raise ModelError(f'{path}: no object with "name" and "version"; install openqa again')
    return config
