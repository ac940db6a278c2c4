"""Readers of transformers: loading them, the span heads that runs share, the mean of runs.

Source: Free Lunch (Schmidt, Vulić & Glavaš 2023, arXiv:2305.16834): runs can be averaged where they share one head that
none of them trains.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from openqa.encode.hub import loading
from openqa.errors import ConfigError, ModelError
from openqa.train.averaging import average_weights


def load_model(name: str) -> Any:
    """Returns a model of transformers with a span head.

    Args:
        name: hub name or folder.

    Raises:
        ModelError: it cannot be loaded.
    """
    return _load(name, AutoModelForQuestionAnswering)


def take_head(model: Any, other: Any, name: str) -> None:
    """Gives a model the span head of another, not to be trained.

    Args:
        model: takes it.
        other: has it.
        name: of the other, for messages.

    Raises:
        ModelError: the heads are not of one shape.
    """
    given, taken = (span_head(found.state_dict(), found.base_model_prefix) for found in (other, model))
    shapes = [{key: tuple(weight.shape) for key, weight in head.items()} for head in (given, taken)]
    if shapes[0] != shapes[1]:
        raise ModelError(f"head {name} has {shapes[0]}, the model {shapes[1]}; a head of the same shape is needed")
    model.load_state_dict(given, strict=False)
    for key, weight in model.named_parameters():
        weight.requires_grad_(key not in given)


def span_head(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Returns the weights that are not the encoder's.

    Args:
        weights: of a model with a span head.
        prefix: of the names of its encoder's weights, "bert" and the like.
    """
    return {name: weight for name, weight in weights.items() if not name.startswith(f"{prefix}.")}


def average_readers(folders: Sequence[str], out: Path) -> Path:
    """Writes the mean of readers that share a span head, with the tokenizer of the first.

    Args:
        folders: of at least two readers, or their hub names.
        out: folder for the mean, which must not be there.

    Returns:
        The folder.

    Raises:
        ConfigError: there are fewer than two, or `out` is there.
        ModelError: one cannot be loaded, or they differ in their heads or shapes.
    """
    if len(folders) < 2:
        raise ConfigError(f"{len(folders)} readers; at least two are needed for a mean")
    if out.exists():
        raise ConfigError(f"{out} is there; give another folder")
    model = load_model(folders[0])
    states = [model.state_dict(), *(load_model(name).state_dict() for name in folders[1:])]
    heads = [span_head(weights, model.base_model_prefix) for weights in states]
    for name, head in zip(folders, heads, strict=True):
        if head.keys() != heads[0].keys() or not all(torch.equal(head[key], heads[0][key]) for key in head):
            raise ModelError(
                f"{name} has another span head than {folders[0]}; train them with the same head in their configurations"
            )
    model.load_state_dict(average_weights(states))
    half = out.with_name(out.name + ".tmp")
    model.save_pretrained(half)
    load_tokenizer(folders[0]).save_pretrained(half)
    half.rename(out)
    return out


def load_tokenizer(name: str) -> Any:
    """Returns a tokenizer of transformers.

    Args:
        name: hub name or folder.

    Raises:
        ModelError: it cannot be loaded.
    """
    return _load(name, AutoTokenizer)


def _load(name: str, auto: Any) -> Any:
    with loading("reader", name):
        return auto.from_pretrained(name, trust_remote_code=False)
