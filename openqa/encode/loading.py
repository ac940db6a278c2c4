"""Encoders by name. The bundled one is made of the tokenizer and the embedding table that all bundled models share."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from openqa.encode.contextual import INPUTS, OUTPUTS, ContextualEncoder
from openqa.encode.hub import load_hub_encoder
from openqa.encode.joined import JoinedEncoder
from openqa.encode.session import load_session
from openqa.encode.static import StaticEncoder
from openqa.encode.table import STATIC_COLUMNS, EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.errors import ModelError, unknown_name
from openqa.types import Encoder

MODELS = Path(__file__).parent.parent / "models"
STATIC_WEIGHT = 0.75  # beside 1 for the contextual encoder; chosen on MLQA dev part 2
BUNDLED = {"mini": "mini-encoder", "static": "static-encoder"}


@cache
def load_encoder(name: str = "mini") -> Encoder:
    """Returns an encoder, which is loaded once.

    Args:
        name: "mini", the bundled contextual encoder joined with the static one, or "static" alone, which only looks
            pieces up: a hundred times as fast, and worse where question and passage differ in language. With the extra
            `hub` also a folder in sentence-transformers' form, or a hub name, which has a slash.

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
    static = StaticEncoder(tokenizer, table, identity)
    if name == "static":
        return static
    session = load_session(folder / "body.onnx", "encoder", INPUTS, OUTPUTS)
    contextual = ContextualEncoder(session, tokenizer, table.columns(STATIC_COLUMNS, table.dim), identity)
    return JoinedEncoder([contextual, static], [1.0, STATIC_WEIGHT], identity)


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
