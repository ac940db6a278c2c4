"""Encoders by name. The bundled one is made of the tokenizer and the embedding table that all bundled models share."""

import json
from pathlib import Path
from typing import Any

from openqa.encode.static import StaticEncoder
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.errors import ModelError, unknown_name
from openqa.types import Encoder

MODELS = Path(__file__).parent.parent / "models"
BUNDLED = {"mini": "mini-encoder"}


def load_encoder(name: str = "mini") -> Encoder:
    """Returns an encoder.

    Args:
        name: "mini", the bundled encoder.

    Raises:
        ConfigError: the name is not known.
        ModelError: the model's files are missing or damaged.
    """
    if name not in BUNDLED:
        raise unknown_name("encoder", name, BUNDLED)
    config = read_model_config(MODELS / BUNDLED[name])
    tokenizer = SharedTokenizer.load(MODELS / "tokenizer.json")
    return StaticEncoder(tokenizer, EmbeddingTable.load(MODELS), f"{config['name']}@{config['version']}")


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
