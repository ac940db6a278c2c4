"""What trainings on the Hugging Face Trainer share: settings that must not change, checkpoints, losses handed on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from openqa.errors import ConfigError

OnLog = Callable[[int, int, float], None]  # step, steps, loss


class LossLog(TrainerCallback):
    """Hands the losses on.

    Args:
        on_log: called with the step, the number of steps and the loss.
    """

    def __init__(self, on_log: OnLog) -> None:
        self._on_log = on_log

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Is called by the trainer."""
        if logs and "loss" in logs:
            self._on_log(state.global_step, state.max_steps, float(logs["loss"]))


def check_same(path: Path, settings: dict[str, Any]) -> None:
    """Writes the settings of a training where there are none, and refuses others.

    Args:
        path: the file.
        settings: JSON values by name.

    Raises:
        ConfigError: the file has others.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, settings)
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = sorted(name for name in settings if settings[name] != before.get(name))
    if changed:
        name = changed[0]
        raise ConfigError(
            f"{path.parent}: holds a training with {name} {json.dumps(before.get(name))}, this one has "
            f"{json.dumps(settings[name])}; give another name or out, or start over with --restart"
        )


def whole_checkpoints(folder: Path) -> list[Path]:
    """Returns the checkpoints of a folder that are whole, oldest first: the trainer writes its state last.

    Args:
        folder: of the trainer.
    """
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return sorted(whole, key=lambda path: int(path.name.rpartition("-")[2]))


def newest_checkpoint(folder: Path) -> Path | None:
    """Returns the newest whole checkpoint of a folder, where there is one.

    Args:
        folder: of the trainer.
    """
    return next(iter(reversed(whole_checkpoints(folder))), None)


def write_json(path: Path, value: Any) -> None:
    """Writes a value as indented JSON.

    Args:
        path: the file.
        value: what JSON can hold.
    """
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
