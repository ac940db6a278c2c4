"""Trains a reader with the Hugging Face Trainer: on gold answers alone, or by distillation besides, from itself or not.

Sources: Carrino, Escolano & Fonollosa 2023 (arXiv:2309.17134), sections 3.1 to 3.3; checkpoint averaging: Schmidt,
Vulić & Glavaš 2023 (arXiv:2305.16834).
"""

import copy
import importlib.util
import json
import random
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from openqa.corpus.mlqa import question_parts
from openqa.errors import DataError, ModelError
from openqa.read.hub import pad_windows
from openqa.train.averaging import average_weights
from openqa.train.corpora import ReadingExample, mlqa_examples, squad_examples
from openqa.train.cross_lingual import cross_lingual_cells
from openqa.train.curves import plot_curves
from openqa.train.losses import distillation_loss, reciprocal_rank_coefficient, span_divergence, span_loss
from openqa.train.reader_config import MLQA_PARTS, ReaderConfig, ReaderData
from openqa.train.reader_models import load_model, load_tokenizer, take_head
from openqa.train.resuming import LossLog, OnLog, check_same, newest_checkpoint, whole_checkpoints, write_json
from openqa.train.windows import ReadingWindow, reading_windows

TEACHER = "teacher.pt"  # in a checkpoint: the generation's teacher
LOG_STEPS = 10
LABELS = ("allowed", "start", "end")


def train_reader(config: ReaderConfig, *, on_log: OnLog | None = None) -> Path:
    """Trains a reader and returns the folder of its model; run again after a stop, it goes on.

    A stopped run takes the steps of an uninterrupted one. Beside the model, `curves.json` (and `curves.png`, where
    matplotlib is installed) has the losses and the teacher's coefficient every ten steps.

    Args:
        config: what to train.
        on_log: called with the step, the number of steps and the loss.

    Returns:
        The folder `out/model`, in transformers' form.

    Raises:
        DataError: a file is missing or damaged, has no example, or a question leaves no room in a window.
        ConfigError: `out` holds a training of other settings.
        ModelError: the model cannot be loaded.
    """
    done, settings = config.out / "model", config.out / "config.json"
    if settings.exists():
        check_same(settings, config.model_dump(mode="json"))
    if done.is_dir():
        return done
    examples = [example for data in config.data for example in read_data(data, config.seed)]
    if not examples:
        raise DataError("the data hold no question; give sets with at least one")
    set_seed(config.seed)  # of a head that the model may not have yet
    model, tokenizer = load_model(config.model), load_tokenizer(config.model)
    if config.head:
        take_head(model, load_model(config.head), config.head)
    teacher = _teacher(config, model, tokenizer)
    windows = list(reading_windows(tokenizer, examples, max_tokens=config.max_tokens, stride=config.stride))
    check_same(settings, config.model_dump(mode="json"))  # written when there is something to go on with
    trainer = _ReaderTrainer(model, teacher, tokenizer, windows, config)
    checkpoints = config.out / "checkpoints"
    newest = newest_checkpoint(checkpoints)
    if newest and trainer.is_own_teacher:
        trainer.teacher.load_state_dict(torch.load(newest / TEACHER, map_location="cpu", weights_only=True))
    if on_log:
        trainer.add_callback(LossLog(on_log))
    trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    if config.average:
        ends = [path for path in whole_checkpoints(checkpoints) if _is_epoch_end(path / "trainer_state.json")]
        model.load_state_dict(average_weights([load_model(str(path)).state_dict() for path in ends]))
    write_json(config.out / "curves.json", trainer.state.log_history)
    if importlib.util.find_spec("matplotlib"):
        plot_curves(trainer.state.log_history, config.out / "curves.png")
    half = config.out / "model.tmp"
    model.save_pretrained(half)
    tokenizer.save_pretrained(half)
    half.rename(done)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return done


def read_data(data: ReaderData, seed: int) -> Iterator[ReadingExample]:
    """Yields the examples of a set; of an aligned one, the cells that cross-lingual sampling draws.

    Args:
        data: which set.
        seed: of the sampling.

    Raises:
        DataError: a file is missing or damaged, or is not of the form.
    """
    if data.form == "squad":
        yield from squad_examples(data.path, data.lang, data.lang, unanswerable=data.unanswerable)
        return
    by_cell = {(found.id, found.question_lang, found.context_lang): found for found in _aligned(data)}
    ids = sorted({question_id for question_id, _, _ in by_cell})
    if 0 < data.questions < len(ids):
        ids = random.Random(seed).sample(ids, data.questions)
    for cell in cross_lingual_cells(ids, data.languages, langs=data.langs, seed=seed):
        if (example := by_cell.get(cell)) is not None:  # MLQA has not every question in every language
            yield example


def _aligned(data: ReaderData) -> Iterator[ReadingExample]:
    """Every question in every pair of the set's languages that it has."""
    if data.form == "mlqa":
        yield from (
            example
            for example in mlqa_examples(data.path, data.parts or MLQA_PARTS)
            if {example.question_lang, example.context_lang} <= set(data.langs)
        )
        return
    part_of = question_parts(data.path / "xquad.en.json")
    chosen = {id for id, part in part_of.items() if data.parts is None or part in data.parts}
    sides = {lang: {found.id: found for found in _xquad(data.path, lang, chosen)} for lang in data.langs}
    for question_lang, context_lang in ((a, b) for a in data.langs for b in data.langs):
        for id, shown in sides[context_lang].items():
            if id in sides[question_lang]:
                question = sides[question_lang][id].question
                yield ReadingExample(id, question, question_lang, shown.context, context_lang, shown.start, shown.end)


def _xquad(folder: Path, lang: str, ids: Collection[str]) -> Iterator[ReadingExample]:
    return squad_examples(folder / f"xquad.{lang}.json", lang, lang, only=ids)


class _Windows(Dataset[ReadingWindow]):
    """Windows as a data set of torch."""

    def __init__(self, windows: Sequence[ReadingWindow]) -> None:
        self._windows = windows

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, row: int) -> ReadingWindow:
        return self._windows[row]


class _ReaderTrainer(Trainer):
    """The Trainer with the reader's loss, and with a teacher where there is one."""

    def __init__(
        self, model: Any, teacher: Any, tokenizer: Any, windows: Sequence[ReadingWindow], config: ReaderConfig
    ) -> None:
        arguments = TrainingArguments(
            output_dir=str(config.out / "checkpoints"),
            per_device_train_batch_size=config.batch,
            gradient_accumulation_steps=config.accumulate,
            num_train_epochs=config.epochs,
            max_steps=config.max_steps,
            learning_rate=config.learning_rate,
            warmup_steps=config.warmup,
            lr_scheduler_type="linear",
            save_strategy="steps",
            save_steps=config.save_steps,
            save_total_limit=None if config.average else 2,
            remove_unused_columns=False,
            label_names=list(LABELS),
            bf16=torch.cuda.is_available(),
            seed=config.seed,
            logging_steps=LOG_STEPS,
            logging_first_step=True,
            report_to="none",
            dataloader_pin_memory=torch.cuda.is_available(),
            disable_tqdm=True,
        )
        self._config, self._pad_id = config, tokenizer.pad_token_id
        self._shown: dict[str, list[float]] = {}
        super().__init__(model=model, args=arguments, train_dataset=_Windows(windows), data_collator=self._padded)
        self.model_accepts_loss_kwargs = (
            False  # the loss is a mean over the batch, so it is divided by the accumulation
        )
        self.teacher: Any = None if teacher is None else teacher.eval().requires_grad_(False).to(self.args.device)
        self.is_own_teacher = config.loss == "self-distillation"
        self.add_callback(_Epochs(self))
        self.remove_callback(PrinterCallback)  # it prints to standard output

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of one batch; see `reading_loss`."""
        labels = {name: inputs.pop(name) for name in LABELS}
        logits = _logits(model, inputs)
        guide = None
        if self.teacher is not None:
            with torch.no_grad():
                guide = _logits(self.teacher, inputs)
        loss, parts = reading_loss(logits, guide, inputs["attention_mask"], labels, self._config)
        for name, value in parts.items():
            self._shown.setdefault(name, []).append(value)
        return (loss, logits) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds the parts of the loss since the last time."""
        if "loss" in logs:
            logs |= {name: float(np.mean(values)) for name, values in self._shown.items()}
            self._shown.clear()
        super().log(logs, start_time)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """A teacher that changes is written before the trainer's state, which makes a checkpoint whole."""
        folder = self._config.out / "checkpoints" / f"checkpoint-{self.state.global_step}"
        if self.is_own_teacher:
            folder.mkdir(parents=True, exist_ok=True)
            torch.save(self.teacher.state_dict(), folder / TEACHER)
        super()._save_checkpoint(model, trial)

    def _padded(self, windows: Sequence[ReadingWindow]) -> dict[str, Tensor]:
        """B windows as tensors, padded at the end."""
        padded = pad_windows([found.window for found in windows], self._pad_id)
        batch = {name: torch.from_numpy(ids) for name, ids in padded.items()}
        batch["allowed"] = torch.zeros(batch["input_ids"].shape, dtype=torch.bool)
        for row, allowed in zip(batch["allowed"], (found.allowed for found in windows), strict=True):
            row[: len(allowed)] = torch.from_numpy(allowed)
        batch["start"] = torch.tensor([window.start for window in windows])
        batch["end"] = torch.tensor([window.end for window in windows])
        return batch


def reading_loss(
    logits: Tensor, guide: Tensor | None, is_token: Tensor, labels: Mapping[str, Tensor], config: ReaderConfig
) -> tuple[Tensor, dict[str, float]]:
    """Returns the loss of a batch and its parts: cross-entropy, divergence from the teacher, the coefficient.

    Args:
        logits: (B, L, 2) of the student.
        guide: (B, L, 2) of the teacher; None trains on the gold answers alone.
        is_token: (B, L), 0 where padded.
        labels: `allowed` (B, L) bool, where an answer can stand; `start` and `end` (B,), the answer's first and last
            token.
        config: of the loss.
    """
    allowed, start, end = (labels[name] for name in LABELS)
    positions = allowed.long() if config.masked else is_token
    gold = span_loss(logits, positions, start, end)
    if guide is None:
        return gold, {"cross_entropy": gold.item()}
    divergence = span_divergence(
        logits, guide, allowed if config.masked else None, temperature=config.temperature, direction=config.direction
    )
    alpha = 1.0
    if config.coefficient == "reciprocal-rank":
        alpha = reciprocal_rank_coefficient(guide, start, end, k=config.k).item()
    loss = distillation_loss(gold, divergence, alpha_ce=config.alpha_ce, alpha_kl=alpha)
    apart = (divergence[0].mean() + divergence[1].mean()).item() / 2
    return loss, {"cross_entropy": gold.item(), "divergence": apart, "alpha": alpha}


class _Epochs(TrainerCallback):
    """A new generation at the beginning of every epoch after the first, and a checkpoint at the end of each."""

    def __init__(self, trainer: _ReaderTrainer) -> None:
        self._trainer = trainer

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A resumed epoch keeps the teacher of its checkpoint."""
        epoch = state.epoch or 0.0
        trainer = self._trainer
        if trainer.is_own_teacher and trainer._config.generations and epoch >= 1 and _is_whole(epoch):
            trainer.teacher.load_state_dict(kwargs["model"].state_dict())

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The mean of the weights needs them."""
        control.should_save = True


def _logits(model: Any, inputs: Any) -> Tensor:
    found = model(**inputs)
    return torch.stack([found.start_logits, found.end_logits], dim=2)


def _is_whole(epoch: float) -> bool:
    return abs(epoch - round(epoch)) < 1e-6


def _is_epoch_end(state: Path) -> bool:
    return _is_whole(json.loads(state.read_text(encoding="utf-8"))["epoch"])


def _teacher(config: ReaderConfig, model: Any, tokenizer: Any) -> Any:
    """The teacher at the beginning, where the loss has one."""
    if config.loss == "self-distillation":
        return copy.deepcopy(model)
    if config.teacher is None:
        return None
    if load_tokenizer(config.teacher).get_vocab() != tokenizer.get_vocab():
        raise ModelError(
            f"teacher {config.teacher} has another vocabulary than {config.model}; its positions are of other tokens"
        )
    return load_model(config.teacher)
