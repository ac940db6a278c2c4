"""Readers of the hub through transformers: any encoder with a span head, by name or as a folder.

Weights are read from safetensors only, and no code of a model is run. The first position stands for "no answer in this
window", and a span's score is how far it beats that, as with the bundled reader.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openqa.encode.batching import batch_rows
from openqa.encode.hub import loading
from openqa.errors import DataError, ModelError, require
from openqa.read.config import ReaderConfig
from openqa.read.reader import check_asked, distinct_columns, top_spans
from openqa.read.spans import Candidate, best_spans, span_scores
from openqa.types import Array, Passage, Question, Span

WINDOW_TOKENS, STRIDE_TOKENS = 384, 128  # as published readers were trained
MAX_ANSWER_TOKENS, MAX_QUESTION_TOKENS = 30, 64
BATCH_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class PairWindow:
    """Some question and a part of its passage, as a tokenizer of the hub writes them.

    Attributes:
        row: number of the question and passage.
        inputs: what the model takes, by name: lists of L numbers.
        is_passage: (L,) bool.
        offsets: (L, 2) the range of the passage's code points that each token stands for; zeros outside the passage.
    """

    row: int
    inputs: Mapping[str, Sequence[int]]
    is_passage: Array
    offsets: Array


def pair_windows(
    tokenizer: Any, questions: Sequence[str], passages: Sequence[str], *, max_tokens: int, stride: int
) -> Iterator[PairWindow]:
    """Yields overlapping windows of each passage beside its question, in their order.

    Args:
        tokenizer: a fast tokenizer of transformers.
        questions: B questions.
        passages: B passages.
        max_tokens: longest window L.
        stride: tokens that two windows of one passage share.

    Raises:
        DataError: a question leaves no room for a passage, or the tokenizer is not a fast one.

    Source: Devlin et al. 2019 (arXiv:1810.04805), section 4.2, and the windows of its SQuAD code.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise DataError(f"{type(tokenizer).__name__} gives no offsets; a model with a fast tokenizer is needed")
    if not questions:
        return
    longest = max(map(len, tokenizer(list(questions), add_special_tokens=False)["input_ids"]))
    if longest + tokenizer.num_special_tokens_to_add(pair=True) + stride >= max_tokens:
        raise DataError(
            f"a question has {longest} tokens; with a stride of {stride} it leaves no room for a passage in "
            f"max_tokens {max_tokens}; give more max_tokens or a smaller stride"
        )
    encoded = tokenizer(
        list(questions),
        list(passages),
        truncation="only_second",
        max_length=max_tokens,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    names = [name for name in tokenizer.model_input_names if name in encoded]
    for window, row in enumerate(encoded["overflow_to_sample_mapping"]):
        is_passage = np.array([side == 1 for side in encoded.sequence_ids(window)])
        offsets = np.where(is_passage[:, None], np.asarray(encoded["offset_mapping"][window]), 0)
        yield PairWindow(row, {name: encoded[name][window] for name in names}, is_passage, offsets)


def pad_windows(windows: Sequence[PairWindow], pad_id: int) -> dict[str, Array]:
    """Returns B windows as one (B, L) array for each input of the model, padded at the end.

    Args:
        windows: of one tokenizer.
        pad_id: of its padding; the other inputs get 0.
    """
    longest = max(len(window.is_passage) for window in windows)
    padded = {}
    for name in windows[0].inputs:
        padded[name] = np.full((len(windows), longest), pad_id if name == "input_ids" else 0, np.int64)
        for row, window in zip(padded[name], windows, strict=True):
            row[: len(window.is_passage)] = window.inputs[name]
    return padded


class HubReader:
    """Finds answer spans in passages with a model for question answering of transformers.

    Args:
        model: a ...ForQuestionAnswering, in evaluation mode.
        tokenizer: its fast tokenizer.
        config: window sizes and limits, and how scores become answers.
    """

    def __init__(self, model: Any, tokenizer: Any, config: ReaderConfig) -> None:
        self.config = config
        self._model = model
        self._tokenizer = tokenizer

    def read(self, question: Question, passages: Sequence[Passage], k: int) -> list[Span]:
        """Returns at most k spans over all passages, best first; see `read_many`."""
        return self.read_many([question], [passages], k)[0]

    def read_many(
        self, questions: Sequence[Question], passages_per_question: Sequence[Sequence[Passage]], k: int
    ) -> list[list[Span]]:
        """Finds the best spans for each question in its own passages; as `MiniReader.read_many`.

        Args:
            questions: B questions, none of them blank.
            passages_per_question: B lists of passages.
            k: spans for each question; at least 1.

        Returns:
            B lists of at most k spans, best first.

        Raises:
            ValueError: k is below 1, the two lists differ in length, or a question is blank.
            ModelError: the model gives numbers that are not finite.
        """
        check_asked(questions, passages_per_question, k)
        pairs = [
            (row, column)
            for row, passages in enumerate(passages_per_question)
            for column in distinct_columns(passages)
            if passages[column].text.strip()
        ]
        windows = list(
            pair_windows(
                self._tokenizer,
                [self._shortened(questions[row].text) for row, _ in pairs],
                [passages_per_question[row][column].text for row, column in pairs],
                max_tokens=self.config.window_tokens,
                stride=self.config.stride_tokens,
            )
        )
        found: list[dict[int, list[Candidate]]] = [{} for _ in questions]
        for batch in batch_rows([len(window.is_passage) for window in windows], BATCH_TOKENS):
            some = [windows[place] for place in batch]
            for window, logits in zip(some, self._logits(some), strict=True):
                row, column = pairs[window.row]
                text = passages_per_question[row][column].text
                found[row].setdefault(column, []).extend(self._spans(window, logits, text, k))
        return [top_spans(best, passages, k) for best, passages in zip(found, passages_per_question, strict=True)]

    def _logits(self, windows: Sequence[PairWindow]) -> Array:
        import torch

        fed = {
            name: torch.from_numpy(ids).to(self._model.device)
            for name, ids in pad_windows(windows, self._tokenizer.pad_token_id).items()
        }
        with torch.inference_mode():
            output = self._model(**fed)
        logits: Array = torch.stack([output.start_logits, output.end_logits], dim=2).float().cpu().numpy()
        is_token = fed["attention_mask"].cpu().numpy() == 1
        if not np.isfinite(logits[is_token]).all():
            raise ModelError(f'reader "{self.config.name}" gave logits that are not finite; its weights are damaged')
        return logits

    def _spans(self, window: PairWindow, logits: Array, text: str, k: int) -> list[Candidate]:
        places = np.flatnonzero(window.is_passage)
        if not len(places):
            return []
        shown = logits[places]
        null = float(logits[0].astype(np.float64).sum())
        scores = span_scores(shown[:, 0], shown[:, 1], null, (0, len(places)), self.config.max_answer_tokens)
        return best_spans(scores, [(int(start), int(end)) for start, end in window.offsets[places]], text, k)

    def _shortened(self, question: str) -> str:
        """The question; of a longer one its first and last tokens are kept."""
        offsets = self._tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        most = self.config.max_question_tokens
        if len(offsets) <= most:
            return question
        half = most // 2
        return f"{question[: offsets[half - 1][1]]} {question[offsets[len(offsets) - most + half][0] :]}"


def load_hub_reader(name: str) -> HubReader:
    """Returns a reader of the hub, on the GPU where there is one.

    Args:
        name: a hub name, or a folder in transformers' form.

    Raises:
        MissingExtra: transformers is not installed.
        ModelError: the model cannot be loaded, or has no span head.
    """
    require("hub", "transformers", "torch")
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    with loading("reader", name):
        model, report = AutoModelForQuestionAnswering.from_pretrained(
            name, use_safetensors=True, trust_remote_code=False, output_loading_info=True
        )
        tokenizer: Any = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f'reader "{name}" has no trained span head ({missing[0]} is missing); give a model that was tuned on '
            f"extractive question answering, or tune it with openqa train reader"
        )
    longest = min(WINDOW_TOKENS, tokenizer.model_max_length, _positions(model))
    stride = min(STRIDE_TOKENS, longest // 3)
    question = min(MAX_QUESTION_TOKENS, longest // 4)
    answer = min(MAX_ANSWER_TOKENS, longest // 4)
    title = Path(name).name if Path(name).is_dir() else name
    revision = str(getattr(model.config, "_commit_hash", None) or "unknown")[:12]
    config = ReaderConfig(title, revision, longest, stride, answer, question, 1.0, 0.0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return HubReader(model.eval().to(device), tokenizer, config)


def _positions(model: Any) -> int:
    """The most tokens that a model has positions for; XLM-R's first two are not of text."""
    found = getattr(model.config, "max_position_embeddings", None) or WINDOW_TOKENS
    return int(found) - 2
