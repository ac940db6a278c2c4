import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from openqa.errors import ModelError
from openqa.read import MiniReader
from openqa.types import Passage, Question, Span
from tests.read.tiny import CONFIG, FakeTable, known_reader, random_reader

WHO = Question("q", "who")
TEXTS = {
    "en": "Beyoncé Knowles was born in Houston, Texas. " * 9,
    "th": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย ที่นี่มีประชากรมาก น้ำ",
    "ar": "وُلِدَ في مدينة القاهِرة، عاصمة مصر؛ سنة ١٩٥٢.",
    "hi": "महात्मा गाँधी का जन्म पोरबंदर में हुआ।",
    "zh": "东京（とうきょう）是日本的首都。人口ﬁ约１４００万。",
    "fr": "\ufeffE\u0301cole  normale\u00a0supe\u0301rieure — Paris\n\n«\u202fLa 🇫🇷\u202f»",
    "ko": "서울특별시는 대한민국의 수도이다.",
    "empty": "",
    "blank": " \n",
    "one": "Rom",
}
PASSAGES = [Passage(lang, lang, text, lang=lang) for lang, text in TEXTS.items()]


def test_expected_span_by_hand(tmp_path: Path) -> None:
    """Paris begins with 5, hilton ends with 3, [CLS] has 0: the span's score is 5 + 3; rome scores 2 + 2."""
    passages = [Passage("a", "a", "see Paris Hilton, then"), Passage("b", "b", "go to Rome")]
    reader = known_reader(tmp_path, passages, {"paris": (5.0, 0.0), "hilton,": (0.0, 3.0), "rome": (2.0, 2.0)})
    assert reader.read(WHO, passages, 2) == [Span("a", 4, 16, "Paris Hilton", 8.0), Span("b", 6, 10, "Rome", 4.0)]


def test_score_is_counted_from_no_answer(tmp_path: Path) -> None:
    """With 1 + 2 for [CLS] the span that had 4 has 4 - 3."""
    passages = [Passage("b", "b", "go to Rome")]
    reader = known_reader(tmp_path, passages, {"rome": (2.0, 2.0)})
    table = FakeTable(reader._table.matrix.copy())  # type: ignore[attr-defined]
    table.matrix[2] = (1.0, 2.0)
    assert MiniReader(reader._session, reader._tokenizer, table, CONFIG).read(WHO, passages, 1)[0].score == 1.0


def test_answer_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """In a passage of many windows the one good span is found once, at every position, with one score."""
    for place in range(0, 120, 7):
        words = ["word"] * 120
        words[place : place + 2] = ["good", "end"]
        passage = Passage("a", "a", " ".join(words))
        reader = known_reader(tmp_path, [passage], {"good": (4.0, -4.0), "end": (-4.0, 4.0)})
        best, second = reader.read(WHO, [passage], 2)
        assert (best.text, best.start, best.score) == ("good end", 5 * place, 8.0)
        assert second.score < 1.0


def test_ends_do_not_reach_into_the_question(tmp_path: Path) -> None:
    """Words of the question are no answers, however well they score."""
    passage = Passage("a", "a", "nothing here")
    reader = known_reader(tmp_path, [passage], {"who": (9.0, 9.0), "here": (1.0, 1.0)})
    assert reader.read(WHO, [passage], 1) == [Span("a", 8, 12, "here", 2.0)]


def test_ties_keep_the_order_of_the_passages(tmp_path: Path) -> None:
    """Equal scores: first the passage given first, then the earlier place."""
    passages = [Passage("z", "z", "good a good"), Passage("a", "a", "good")]
    reader = known_reader(tmp_path, passages, {"good": (1.0, 1.0), "a": (-9.0, -9.0)})
    spans = reader.read(WHO, passages, 3)
    assert [(span.passage_id, span.start, span.score) for span in spans] == [
        ("z", 0, 2.0),
        ("z", 7, 2.0),
        ("a", 0, 2.0),
    ]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_offsets_are_exact_in_every_script(tmp_path: Path, seed: int) -> None:
    """passage.text[start:end] == text, without outer space, whatever the model says."""
    reader = random_reader(tmp_path, PASSAGES, seed=seed)
    for passage in PASSAGES:
        spans = reader.read(Question("q", "where"), [passage], 50)
        assert bool(spans) == bool(passage.text.strip())
        for span in spans:
            assert passage.text[span.start : span.end] == span.text == span.text.strip() != ""
        ordered = sorted(spans, key=lambda span: span.start)
        assert all(one.end <= next_.start for one, next_ in itertools.pairwise(ordered))


def test_alone_equals_batch(tmp_path: Path) -> None:
    """Padding and neighbours change no span and no score by more than 1e-4."""
    reader = random_reader(tmp_path, PASSAGES)
    questions = [Question(str(number), text) for number, text in enumerate(["who", "where when who where", "when"])]
    lists = [PASSAGES, PASSAGES[::-1], PASSAGES[:3]]
    together = reader.read_many(questions, lists, 20)
    for question, passages, batch in zip(questions, lists, together, strict=True):
        alone = reader.read(question, passages, 20)
        assert [(span.passage_id, span.start, span.end) for span in alone] == [
            (span.passage_id, span.start, span.end) for span in batch
        ]
        np.testing.assert_allclose([span.score for span in alone], [span.score for span in batch], atol=1e-4)
        single = [span for passage in passages for span in reader.read(question, [passage], 20)]
        assert {(span.passage_id, span.start, span.end) for span in batch} <= {
            (span.passage_id, span.start, span.end) for span in single
        }


@pytest.mark.parametrize("k", [1, 2, 5, 100])
def test_at_most_k_spans_best_first(tmp_path: Path, k: int) -> None:
    """K limits the spans over all passages; smaller k is a prefix of larger k."""
    reader = random_reader(tmp_path, PASSAGES)
    spans = reader.read(WHO, PASSAGES, k)
    scores = [span.score for span in spans]
    assert len(spans) <= k
    assert scores == sorted(scores, reverse=True)
    assert spans == reader.read(WHO, PASSAGES, 100)[:k]


def test_nothing_to_read(tmp_path: Path) -> None:
    """No questions, no passages and empty passages give empty lists."""
    reader = random_reader(tmp_path, PASSAGES)
    assert reader.read_many([], [], 3) == []
    assert reader.read_many([WHO, WHO], [[], [Passage("e", "e", "")]], 3) == [[], []]


def test_a_passage_given_twice_counts_once(tmp_path: Path) -> None:
    """The same passage twice gives its spans once."""
    reader = random_reader(tmp_path, PASSAGES)
    assert reader.read(WHO, [PASSAGES[3], PASSAGES[3]], 50) == reader.read(WHO, [PASSAGES[3]], 50)


def test_long_question_is_shortened(tmp_path: Path) -> None:
    """A question over the limit reads like one of its first and last tokens."""
    reader = random_reader(tmp_path, PASSAGES)
    long = Question("q", "who where when who " + "where " * 500 + "when who when who")
    kept = Question("q", "who where when who when who when who")
    assert reader.read(long, PASSAGES, 5) == reader.read(kept, PASSAGES, 5)


def test_special_tokens_in_a_text_are_text(tmp_path: Path) -> None:
    """A passage or question cannot smuggle in a separator: a piece written out is an unknown one."""
    passage = Passage("a", "a", "here [SEP] and [CLS] there")
    reader = known_reader(tmp_path, [passage], {"here": (3.0, 3.0)})
    table = FakeTable(reader._table.matrix.copy())  # type: ignore[attr-defined]
    table.matrix[3] = (9.0, 9.0)
    spans = MiniReader(reader._session, reader._tokenizer, table, CONFIG).read(Question("q", "[SEP] who"), [passage], 1)
    assert spans == [Span("a", 0, 4, "here", 6.0)]


def test_wrong_calls_are_refused(tmp_path: Path) -> None:
    """K 0, lists of unlike length and blank questions raise."""
    reader = random_reader(tmp_path, PASSAGES)
    with pytest.raises(ValueError, match=r"^k is 0; it must be at least 1$"):
        reader.read(WHO, PASSAGES, 0)
    with pytest.raises(ValueError, match=r"^1 questions, but 2 lists of passages$"):
        reader.read_many([WHO], [[], []], 1)
    with pytest.raises(ValueError, match=r'^question "q7" is blank; ask something$'):
        reader.read(Question("q7", " \t"), PASSAGES, 1)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    """NaN in the logits and a table of another width raise ModelError."""
    reader = random_reader(tmp_path, PASSAGES)
    nan = FakeTable(np.full_like(reader._table.matrix, np.nan))  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=r'^reader "tiny" gave logits that are not finite; its weights are damaged$'):
        MiniReader(reader._session, reader._tokenizer, nan, CONFIG).read(WHO, PASSAGES, 1)
    narrow = FakeTable(np.zeros((500, 3), np.float32))
    with pytest.raises(ModelError, match=r'^reader "tiny" failed on 1 windows: '):
        MiniReader(reader._session, reader._tokenizer, narrow, CONFIG).read(WHO, [Passage("a", "a", "here")], 1)


def test_window_limit_is_respected(tmp_path: Path) -> None:
    """No sequence is longer than window_tokens."""
    reader = random_reader(tmp_path, PASSAGES)
    widths: list[int] = []

    class Watching(FakeTable):
        def rows(self, ids: np.ndarray) -> np.ndarray:
            widths.append(ids.shape[1])
            return super().rows(ids)

    config = dataclasses.replace(CONFIG, window_tokens=20, max_answer_tokens=3)
    table = Watching(reader._table.matrix)  # type: ignore[attr-defined]
    MiniReader(reader._session, reader._tokenizer, table, config).read(Question("q", "who " * 30), PASSAGES, 3)
    assert max(widths) == 20
