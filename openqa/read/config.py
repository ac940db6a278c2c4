"""The settings that a reader's folder carries beside its weights, and those with which spans become answers."""

import math
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from openqa.errors import DataError, ModelError
from openqa.files import read_json


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How span scores become answers: each number is fitted on held-out questions, the defaults change nothing.

    Attributes:
        temperature: scores are divided by it before they become probabilities; above 0.
        threshold: an answer whose score is lower is not given.
        retrieval_weight: how many units of reader score one unit of retrieval score is worth.
        own_language_penalty: taken off the score of a span in the question's own language, of which a reader that has
            seen few questions with foreign passages is too sure; at least 0.
        sentence_weight: how many units of reader score one unit of a sentence's similarity to the question is worth.
        certainty: an answer of at least this probability in the first passages ends the reading; 1 reads all.
    """

    temperature: float = 1.0
    threshold: float = -math.inf
    retrieval_weight: float = 0.0
    own_language_penalty: float = 0.0
    sentence_weight: float = 0.0
    certainty: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0.0:
            raise ValueError(f"temperature is {self.temperature}; it must be above 0")
        if math.isnan(self.threshold):
            raise ValueError("threshold is NaN; give a number")
        for key in ("retrieval_weight", "sentence_weight"):
            if not math.isfinite(getattr(self, key)):
                raise ValueError(f"{key} is {getattr(self, key)}; give a finite number")
        if not 0 <= self.own_language_penalty < math.inf:
            raise ValueError(f"own_language_penalty is {self.own_language_penalty}; give a number of at least 0")
        if not 0 < self.certainty <= 1:
            raise ValueError(f"certainty is {self.certainty}; it must be above 0 and at most 1")


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """The content of a reader's config.json.

    Attributes:
        name: the reader's name.
        version: the version of its weights.
        window_tokens: the longest sequence L that the body reads, special tokens included.
        stride_tokens: passage tokens from the start of one window to the start of the next.
        max_answer_tokens: the longest span.
        max_question_tokens: of a longer question its first and last tokens are kept.
        temperature: see AnswerSettings.
        no_answer_threshold: see AnswerSettings.threshold.
        retrieval_weight: see AnswerSettings.
        own_language_penalty: see AnswerSettings.
        sentence_weight: see AnswerSettings.
        certainty: see AnswerSettings.
    """

    name: str
    version: str
    window_tokens: int
    stride_tokens: int
    max_answer_tokens: int
    max_question_tokens: int
    temperature: float
    no_answer_threshold: float
    retrieval_weight: float = 0.0
    own_language_penalty: float = 0.0
    sentence_weight: float = 0.0
    certainty: float = 1.0

    def __post_init__(self) -> None:
        for key in ("window_tokens", "stride_tokens", "max_answer_tokens", "max_question_tokens"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key} is {getattr(self, key)}; it must be at least 1")
        if self.window_tokens < self.max_question_tokens + self.max_answer_tokens + 3:
            raise ValueError(
                f"window_tokens is {self.window_tokens}; a question of {self.max_question_tokens}, an answer of "
                f"{self.max_answer_tokens} and 3 special tokens need more"
            )
        self.answer_settings()

    def answer_settings(self) -> AnswerSettings:
        """Returns the settings with which this reader's spans become answers."""
        return AnswerSettings(
            self.temperature,
            self.no_answer_threshold,
            self.retrieval_weight,
            self.own_language_penalty,
            self.sentence_weight,
            self.certainty,
        )


def load_config(path: Path) -> ReaderConfig:
    """Returns the settings in a config.json.

    Raises:
        ModelError: the file is missing or not JSON, a key is missing, unknown or of the wrong type, or out of range.
    """
    try:
        record = read_json(path)
    except DataError as error:
        raise ModelError(str(error)) from error
    if not isinstance(record, dict):
        raise ModelError(f"{path}: a JSON object is needed, found {type(record).__name__}")
    known = {field.name: field for field in fields(ReaderConfig)}
    unknown = sorted(set(record) - set(known))
    if unknown:
        raise ModelError(f'{path}: unknown key "{unknown[0]}"; known: {", ".join(sorted(known))}')
    missing = [name for name, field in known.items() if field.default is MISSING and name not in record]
    if missing:
        raise ModelError(f'{path}: no "{missing[0]}"; a reader\'s config.json needs it')
    for key, value in record.items():
        _check_type(path, key, value, known[key].type)
    try:
        return ReaderConfig(**record)
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from error


def _check_type(path: Path, key: str, value: Any, wanted: Any) -> None:
    allowed = (int, float) if wanted is float else (wanted,)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise ModelError(f'{path}: "{key}" is {value!r}; {wanted.__name__} is needed')
