"""Readers of the hub, as tiny random models of the same classes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from openqa.errors import DataError, ModelError
from openqa.read import BatchReader, load_reader
from openqa.read.hub import HubReader, pair_windows
from openqa.types import Passage, Question, Span
from tests.hub import READERS, write_body, write_reader

WORDS = ("who", "built", "the", "bridge", "river", "old", "stone", "one", "two", "three", "four", "five", "six")
QUESTION = Question("q", "who built the bridge", "en")
PASSAGES = [
    Passage("a", "d", "the old stone bridge", lang="en"),
    Passage("b", "d", "", lang="en"),
    Passage("c", "d", " ".join(WORDS * 12), lang="en"),
]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module", params=sorted(READERS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of every kind."""
    return write_reader(tmp_path_factory.mktemp("hub") / request.param, WORDS, kind=request.param)


def loaded(folder: Path) -> HubReader:
    reader = load_reader(str(folder))
    assert isinstance(reader, HubReader)
    assert isinstance(reader, BatchReader)
    return reader


def by_hand(folder: Path, text: str) -> Span:
    """The best span of a short passage, by transformers called directly."""
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(QUESTION.text, text, return_offsets_mapping=True, return_tensors="pt")
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        output = model(**encoded)
    start, end = output.start_logits[0].double().numpy(), output.end_logits[0].double().numpy()
    inside = [place for place, side in enumerate(encoded.sequence_ids(0)) if side == 1]
    pairs = [(start[a] + end[b] - start[0] - end[0], -a, -b) for a in inside for b in inside if a <= b]
    score, first, last = max(pairs)
    begin, stop = offsets[-first][0], offsets[-last][1]
    return Span("a", begin, stop, text[begin:stop], float(score))


def test_a_span_is_what_transformers_finds(folder: Path) -> None:
    """For every kind of model: the same text, the same score."""
    (found,) = loaded(folder).read(QUESTION, PASSAGES[:1], 1)
    expected = by_hand(folder, PASSAGES[0].text)
    assert (found.text, found.start, found.end) == (expected.text, expected.start, expected.end)
    assert found.score == pytest.approx(expected.score, abs=1e-5)


def test_spans_stand_where_they_say_and_do_not_overlap(folder: Path) -> None:
    """Over passages of one window, of none and of many; best first."""
    spans = loaded(folder).read(QUESTION, PASSAGES, 6)
    texts = {passage.id: passage.text for passage in PASSAGES}
    assert len(spans) == 6
    assert [span.score for span in spans] == sorted((span.score for span in spans), reverse=True)
    for place, span in enumerate(spans):
        assert texts[span.passage_id][span.start : span.end] == span.text != ""
        for other in spans[:place]:
            assert other.passage_id != span.passage_id or span.end <= other.start or span.start >= other.end


def test_a_question_alone_and_in_a_batch(folder: Path) -> None:
    """Gives the same spans, its scores within 1e-4."""
    reader = loaded(folder)
    questions = [QUESTION, Question("r", "the river", "en")]
    together = reader.read_many(questions, [PASSAGES, PASSAGES[::-1]], 3)
    for question, passages, found in zip(questions, (PASSAGES, PASSAGES[::-1]), together, strict=True):
        alone = reader.read(question, passages, 3)
        assert [(span.passage_id, span.start, span.end) for span in alone] == [
            (span.passage_id, span.start, span.end) for span in found
        ]
        assert np.allclose([span.score for span in alone], [span.score for span in found], atol=1e-4)


def test_a_long_question_keeps_its_ends(tmp_path: Path) -> None:
    """As much of it as the reader allows."""
    reader = loaded(write_reader(tmp_path / "r", WORDS))
    long = Question("q", " ".join(["who", *["one"] * 90, "bridge"]), "en")
    shortened = reader._shortened(long.text).split()
    assert (shortened[0], shortened[-1], len(shortened)) == ("who", "bridge", reader.config.max_question_tokens)
    assert reader.read(long, PASSAGES, 1)


def test_what_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    """The same errors as the bundled reader's."""
    reader = loaded(write_reader(tmp_path / "r", WORDS))
    with pytest.raises(ValueError, match=r"^k is 0; it must be at least 1$"):
        reader.read(QUESTION, PASSAGES, 0)
    with pytest.raises(ValueError, match=r'^question "x" is blank; ask something$'):
        reader.read(Question("x", " "), PASSAGES, 1)
    assert reader.read(QUESTION, [], 1) == []
    assert reader.read(QUESTION, PASSAGES[1:2], 1) == []


def test_a_model_without_a_span_head_is_refused(tmp_path: Path) -> None:
    """It would answer by chance."""
    body = write_body(tmp_path / "body", WORDS)
    with pytest.raises(ModelError, match=r"has no trained span head \(qa_outputs.bias is missing\); give a model that"):
        load_reader(str(body))


def test_a_model_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says where it was looked for, and what is needed."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        ModelError, match=r'^reader "nobody/nothing" cannot be loaded from the hub, and no folder (?s:.*)'
    ):
        load_reader("nobody/nothing")
    damaged = write_reader(tmp_path / "r", WORDS)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"cannot be loaded from that folder \(SafetensorError: "):
        load_reader(str(damaged))


def test_damaged_weights_are_noticed(tmp_path: Path) -> None:
    """Numbers that are not finite raise."""
    reader = loaded(write_reader(tmp_path / "r", WORDS))
    with torch.no_grad():
        reader._model.qa_outputs.bias.fill_(float("nan"))
    with pytest.raises(ModelError, match=r'^reader "r" gave logits that are not finite; its weights are damaged$'):
        reader.read(QUESTION, PASSAGES, 1)


def test_windows_need_room_and_offsets(tmp_path: Path) -> None:
    """A question without room beside it, and a tokenizer without offsets."""
    tokenizer = AutoTokenizer.from_pretrained(write_reader(tmp_path / "r", WORDS))
    with pytest.raises(DataError, match=r"^a question has 12 tokens; with a stride of 4 it leaves no room .* 16; give"):
        list(pair_windows(tokenizer, [" ".join(["who"] * 12)], ["the river"], max_tokens=16, stride=4))
    slow = type("Slow", (), {})()
    with pytest.raises(DataError, match=r"^Slow gives no offsets; a model with a fast tokenizer is needed$"):
        list(pair_windows(slow, ["who"], ["the river"], max_tokens=16, stride=4))
