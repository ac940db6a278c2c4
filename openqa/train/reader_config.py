"""How a reader is trained: a TOML file of a model, data and a loss.

model = "bert-base-multilingual-cased"              # a hub name, or a folder relative to this file
out = "../models/reader"
loss = "self-distillation"                          # or cross-entropy
coefficient = "reciprocal-rank"                     # of the teacher, or "none"

data = [{ path = "xquad", form = "xquad", languages = 5 }]
"""

from pathlib import Path

from pydantic import model_validator

from openqa.corpus.mlqa import N_PARTS
from openqa.errors import ConfigError, unknown_name
from openqa.settings import Settings, beside, check_range, read_settings
from openqa.train.cross_lingual import LANGUAGES

MLQA_PARTS = (0, 1)  # that may be learnt from
FORMS = ("squad", "xquad", "mlqa")
LOSSES = ("cross-entropy", "self-distillation", "distillation")
COEFFICIENTS = ("none", "reciprocal-rank")
DIRECTIONS = ("forward", "reverse", "symmetric")


class ReaderData(Settings):
    """Questions to learn from.

    Attributes:
        path: relative to the configuration's folder: a file of "squad", a folder of "xquad" and "mlqa".
        form: "squad" (one language), or an aligned set: "xquad" (xquad.en.json and its siblings) or "mlqa" (MLQA dev,
            of which parts 0 and 1 are read).
        lang: BCP 47, of a "squad" file.
        unanswerable: of a "squad" file: learn from questions without answers too, as SQuAD 2.0 has them; else refused.
        languages: ntl, of an aligned set: how many languages beside English a question and its passage are drawn from;
            0 takes every language with itself.
        langs: of an aligned set, English first.
        parts: of an aligned set, by the article's English title: some of 0 to 3 (`corpus/mlqa.py`). By default all of
            XQuAD, and 0 and 1 of MLQA, whose other parts select and calibrate.
        questions: of an aligned set, at most so many, drawn at random; -1 takes all.
    """

    path: Path
    form: str = "squad"
    lang: str = "en"
    unanswerable: bool = False
    languages: int = 5
    langs: tuple[str, ...] = LANGUAGES
    parts: tuple[int, ...] | None = None
    questions: int = -1

    @model_validator(mode="after")
    def _check(self) -> "ReaderData":
        if self.form not in FORMS:
            raise unknown_name("form", self.form, FORMS)
        check_range("languages", self.languages, self.languages >= 0, "a whole number of at least 0")
        is_right = bool(self.langs) and self.langs[0] == "en" and len(set(self.langs)) == len(self.langs)
        check_range("langs", list(self.langs), is_right, "en first, and each once,")
        known = MLQA_PARTS if self.form == "mlqa" else tuple(range(N_PARTS))
        is_some = self.parts is None or (bool(self.parts) and set(self.parts) <= set(known))
        check_range("parts", list(self.parts or ()), is_some, f"some of {', '.join(map(str, known))}")
        check_range("questions", self.questions, self.questions == -1 or self.questions > 0, "a number above 0, or -1,")
        return self


class ReaderConfig(Settings):
    """A whole training.

    Attributes:
        model: hub name or folder of an encoder, or of a reader that is trained on; it is the first teacher too.
        out: folder for the checkpoints and, at the end, `model`.
        data: at least one set.
        loss: "cross-entropy"; "self-distillation", which adds the divergence from a teacher that is the model itself as
            it was at the epoch's beginning; or "distillation", from a teacher of its own.
        teacher: of "distillation": hub name or folder of a reader with the same tokenizer. FILTER's self-teaching
            (Fang et al. 2020, arXiv:2009.05166) is this with a teacher that cross-entropy has trained.
        head: hub name or folder of a reader whose span head is taken and kept as it is. Runs that share one can be
            averaged: `openqa train average`.
        coefficient: of the teacher: "none" for 1, or "reciprocal-rank" (mAP@k): how near its best positions are to the
            answer.
        k: positions of the teacher that the coefficient looks at.
        temperature: of both distributions.
        direction: of the divergence: "forward", "reverse", "symmetric".
        masked: leaves positions out of the distributions where no answer can stand; the published code does not.
        alpha_ce: weight of the gold answers.
        generations: of "self-distillation": the teacher becomes the model at the beginning of every epoch; else it
            stays the first.
        average: the result is the mean of the weights after every epoch.
        max_tokens: longest window.
        stride: tokens that two windows of a passage share.
        epochs: rounds over the data.
        max_steps: optimiser steps at most; -1 is no limit.
        batch: windows at once.
        accumulate: batches of a step.
        learning_rate: highest; it falls linearly.
        warmup: share of the steps in which it rises.
        save_steps: steps between two checkpoints; there is always one after an epoch.
        seed: decides everything that is drawn.
    """

    model: str
    out: Path
    data: tuple[ReaderData, ...]
    loss: str = "self-distillation"
    teacher: str | None = None
    head: str | None = None
    coefficient: str = "reciprocal-rank"
    k: int = 10
    temperature: float = 2.0
    direction: str = "forward"
    masked: bool = True
    alpha_ce: float = 1.0
    generations: bool = True
    average: bool = False
    max_tokens: int = 384
    stride: int = 128
    epochs: int = 3
    max_steps: int = -1
    batch: int = 6
    accumulate: int = 4
    learning_rate: float = 5e-5
    warmup: float = 0.0
    save_steps: int = 500
    seed: int = 3

    @model_validator(mode="after")
    def _check(self) -> "ReaderConfig":
        for key, known in (("loss", LOSSES), ("coefficient", COEFFICIENTS), ("direction", DIRECTIONS)):
            if getattr(self, key) not in known:
                raise unknown_name(key, getattr(self, key), known)
        if (self.loss == "distillation") != (self.teacher is not None):
            raise ConfigError(f'loss is "{self.loss}", teacher {self.teacher}; distillation needs one, no other does')
        for key in ("k", "epochs", "batch", "accumulate", "save_steps", "stride"):
            check_range(key, getattr(self, key), getattr(self, key) >= 1, "a whole number of at least 1")
        for key in ("temperature", "learning_rate"):
            check_range(key, getattr(self, key), getattr(self, key) > 0, "a number above 0")
        check_range("alpha_ce", self.alpha_ce, self.alpha_ce >= 0, "a number of at least 0")
        check_range("warmup", self.warmup, 0 <= self.warmup < 1, "a number from 0 to below 1")
        room = f"a whole number above stride, {self.stride},"
        check_range("max_tokens", self.max_tokens, self.max_tokens > self.stride, room)
        check_range("data", [], len(self.data) > 0, "a list of at least one set")
        return self


def read_reader_config(path: Path) -> ReaderConfig:
    """Returns the configuration of a file, its paths taken from the file's folder.

    Args:
        path: a .toml file.

    Raises:
        DataError: the file is missing or not TOML.
        ConfigError: a key is unknown or missing, or a value of the wrong type or out of range.
    """
    config = read_settings(path, ReaderConfig)
    data = tuple(found.model_copy(update={"path": path.parent / found.path}) for found in config.data)
    names = {key: beside(path, name) for key in ("model", "teacher", "head") if (name := getattr(config, key))}
    return config.model_copy(update={**names, "out": path.parent / config.out, "data": data})
