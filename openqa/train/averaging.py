"""The mean of several checkpoints of one model.

Source: checkpoint averaging as in Free Lunch (Schmidt, Vulić, Glavaš 2023, arXiv:2305.16834).
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from openqa.errors import ModelError


def average_weights(checkpoints: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Returns the uniform mean of weights; what is not floating point is taken from the last.

    Args:
        checkpoints: at least one, of the same names and shapes.

    Raises:
        ValueError: there is none.
        ModelError: they differ in a name or a shape.
    """
    if not checkpoints:
        raise ValueError("no checkpoint; at least one is needed")
    last = checkpoints[-1]
    for weights in checkpoints:
        if weights.keys() != last.keys():
            raise ModelError(f"checkpoints differ in {sorted(weights.keys() ^ last.keys())[0]}; average one model's")
    return {name: _mean([weights[name] for weights in checkpoints], name) for name in last}


def _mean(tensors: Sequence[Tensor], name: str) -> Tensor:
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) > 1:
        raise ModelError(f"checkpoints differ in the shape of {name}: {sorted(shapes)}; average one model's")
    if not tensors[-1].is_floating_point():
        return tensors[-1]
    return torch.stack([tensor.double() for tensor in tensors]).mean(dim=0).to(tensors[-1].dtype)
