import numpy as np
import pytest
from transformers import AutoTokenizer

from openqa.train.corpora import ReadingExample
from openqa.train.windows import ReadingWindow, reading_windows
from tests.hub import write_reader

WORDS = ("who", "built", "the", "bridge", "river", "old", "stone", "one", "two", "three", "four", "five", "six")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Every word is a token."""
    return AutoTokenizer.from_pretrained(write_reader(tmp_path_factory.mktemp("reader") / "start", WORDS))


def example(context: str, answer: str, question: str = "who built") -> ReadingExample:
    start = context.index(answer)
    return ReadingExample("q", question, "en", context, "en", start, start + len(answer))


def answer_of(window: ReadingWindow, context: str) -> str:
    """The text of the window's answer."""
    return context[window.window.offsets[window.start, 0] : window.window.offsets[window.end, 1]]


def test_a_short_passage_is_one_window(tokenizer: object) -> None:
    """[CLS] question [SEP] passage [SEP]; the answer may stand in the passage or at the first position."""
    context = "the old  stone bridge"
    (window,) = reading_windows(tokenizer, [example(context, "stone bridge")], max_tokens=20, stride=4)
    assert window.allowed.tolist() == [True, False, False, False, True, True, True, True, False]
    assert (window.start, window.end) == (6, 7)
    assert answer_of(window, context) == "stone bridge"
    assert {"input_ids", "attention_mask"} <= set(window.window.inputs)


def test_a_long_passage_is_cut_into_windows_that_overlap(tokenizer: object) -> None:
    """A window that has not the whole answer points at the first position; every token stands in some window."""
    context = "one two three four five six one two three four five six"
    windows = list(reading_windows(tokenizer, [example(context, "five six one")], max_tokens=11, stride=3))
    assert [window.window.row for window in windows] == [0] * len(windows)
    covered = {tuple(pair) for window in windows for pair in window.window.offsets.tolist() if pair[1]}
    assert len(covered) == 12
    found = [answer_of(window, context) for window in windows if window.start]
    assert found
    assert set(found) == {"five six one"}
    for window in windows:
        inside = window.window.offsets[window.window.offsets[:, 1] > 0]
        assert bool(window.start) == (inside[0, 0] <= 19 and inside[-1, 1] >= 31)


def test_an_answer_within_a_word_is_that_word(tokenizer: object) -> None:
    """Offsets are of code points, not of bytes."""
    context = "старый мост bridge"
    (window,) = reading_windows(tokenizer, [example(context, "idg")], max_tokens=20, stride=4)
    assert answer_of(window, context) == "bridge"


def test_no_answer_is_the_first_position(tokenizer: object) -> None:
    """A start below 0 says so."""
    (window,) = reading_windows(
        tokenizer, [ReadingExample("q", "who", "en", "the river", "en", -1, -1)], max_tokens=20, stride=4
    )
    assert (window.start, window.end) == (0, 0)


def test_every_offset_is_exact(tokenizer: object) -> None:
    """For answers drawn anywhere in passages of any script."""
    rng = np.random.default_rng(0)
    words = [*WORDS, "东京", "नदी", "نهر", "x"]
    for _ in range(40):
        picked = rng.choice(words, 12).tolist()
        context = " ".join(picked)
        first = int(rng.integers(0, 10))
        answer = " ".join(picked[first : first + 2])
        start = len(" ".join(picked[:first])) + (first > 0)
        made = ReadingExample("q", "who", "en", context, "en", start, start + len(answer))
        for window in reading_windows(tokenizer, [made], max_tokens=12, stride=4):
            assert not window.start or answer_of(window, context) == answer
