"""bm25: equal to the formula, whatever the segments, chunks, analyzers, ties and pruning."""

import json
import math
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.durable import write_array
from openqa.errors import EncoderMismatch, IndexFolderError
from openqa.retrieve import collection
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.retrieve.collection import idf, lucene_lengths
from openqa.text.analysis import analyzer_by_name, analyzer_name
from openqa.types import Passage, Question, Ranking
from tests import reference
from tests.retrieve.segments import FakeSegment, text_passage, write_segment

WORDS = ("one", "two", "three", "four", "five", "six", "seven")


def build(folder: Path, *segments: Sequence[Passage]) -> list[FakeSegment]:
    return [write_segment(folder, f"s{i}", [Bm25Part()], [passages]) for i, passages in enumerate(segments)]


def ask(retriever: Bm25Retriever, text: str, k: int = 10, lang: str = "und") -> Ranking:
    return retriever.search([Question("q", text, lang)], k)[0]


def bags(passages: Sequence[Passage]) -> list[reference.BagOfWords]:
    analyzers = {p.lang: analyzer_by_name(analyzer_name(p.lang)) for p in passages}
    return [reference.BagOfWords(p.id, tuple(analyzers[p.lang].terms(f"{p.title} {p.text}"))) for p in passages]


def close(found: Ranking, expected: Ranking) -> bool:
    return [h.passage_id for h in found] == [h.passage_id for h in expected] and np.allclose(
        [h.score for h in found], [h.score for h in expected], rtol=1e-6, atol=0
    )


def test_score_is_the_formula(tmp_path: Path) -> None:
    """A score written out: two passages, one word of the question in one of them."""
    retriever = Bm25Retriever(build(tmp_path, [text_passage("a", "x y"), text_passage("b", "y y y z")]))
    expected = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5)) * 1 / (1 + 0.9 * (1 - 0.4 + 0.4 * 2 / 3))
    assert ask(retriever, "x")[0].passage_id == "a"
    assert ask(retriever, "x")[0].score == pytest.approx(expected, rel=1e-7)


def test_title_is_indexed_with_the_text(tmp_path: Path) -> None:
    """A word of the title finds the passage, and counts in its length."""
    passages = [text_passage("a", "x", title="head line"), text_passage("b", "y")]
    found = ask(Bm25Retriever(build(tmp_path, passages)), "head x")
    assert close(found, reference.best_first(reference.bm25(bags(passages), ["head", "x"]), 10))


def test_repeated_word_counts_twice(tmp_path: Path) -> None:
    """A word that stands twice in the question adds its score twice."""
    retriever = Bm25Retriever(build(tmp_path, [text_passage("a", "x y"), text_passage("b", "y z")]))
    assert ask(retriever, "x x")[0].score == pytest.approx(2 * ask(retriever, "x")[0].score, rel=1e-12)


def test_ties_go_by_passage_id_in_code_points(tmp_path: Path) -> None:
    """Equal passages stand in the order of their ids, wherever they are and whatever k cuts off."""
    names = ["b", "é", "a", "Z", "10", "9", "z\u0301", "一"]
    segments = build(tmp_path, [text_passage(n, "x") for n in names[:5]], [text_passage(n, "x") for n in names[5:]])
    retriever = Bm25Retriever(segments)
    for k in range(1, 9):
        assert [hit.passage_id for hit in ask(retriever, "x", k)] == sorted(names)[:k]


@pytest.mark.parametrize("compiled_rows", [0, 10**9])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_equals_the_reference(
    compiled_rows: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Random passages, questions, k and cuts into segments: the formula's ranking and scores, compiled and not."""
    text = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
    texts = data.draw(st.lists(text, min_size=1, max_size=40))
    names = data.draw(st.permutations([f"p{i:02}" for i in range(len(texts))]))
    passages = [text_passage(name, text) for name, text in zip(names, texts, strict=True)]
    cut = data.draw(st.integers(0, len(passages)))
    question = data.draw(st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=8))
    k = data.draw(st.integers(1, 45))
    folder = tmp_path_factory.mktemp("bm25")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collection, "COMPILED_ROWS", compiled_rows)
        whole = ask(Bm25Retriever(build(folder / "whole", passages)), " ".join(question), k)
        parted = ask(Bm25Retriever(build(folder / "cut", passages[:cut], passages[cut:])), " ".join(question), k)
    shutil.rmtree(folder)
    assert whole == parted
    expected = reference.bm25(bags(passages), question)
    assert [hit.score for hit in whole] == pytest.approx(sorted(expected.values(), reverse=True)[:k], rel=1e-6)
    assert all(hit.score == pytest.approx(expected[hit.passage_id], rel=1e-6) for hit in whole)
    assert whole == sorted(whole, key=lambda hit: (-hit.score, hit.passage_id))


def test_pruning_is_exact_on_a_larger_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled and numpy search agree to the last bit over windows, segments, long tails and many ties."""
    rng = np.random.default_rng(3)
    words = np.array([f"w{i}" for i in range(300)])
    weights = 1 / np.arange(1, 301)
    texts = [" ".join(rng.choice(words, rng.integers(1, 40), p=weights / weights.sum())) for _ in range(7000)]
    texts[100:200] = texts[5000:5100]
    names = rng.permutation(7000)
    passages = [text_passage(f"p{name:05}", text) for name, text in zip(names, texts, strict=True)]
    retriever = Bm25Retriever(build(tmp_path, passages[:6000], passages[6000:]))
    questions = [Question(str(i), " ".join(rng.choice(words, rng.integers(1, 9)))) for i in range(150)]
    questions += [Question(str(i), texts[i]) for i in range(100, 120)]
    for k in (1, 10, 1000):
        monkeypatch.setattr(collection, "COMPILED_ROWS", 10**9)
        expected = retriever.search(questions, k)
        monkeypatch.setattr(collection, "COMPILED_ROWS", 0)
        assert retriever.search(questions, k) == expected
        assert [hit for question in questions[:30] for hit in retriever.search([question], k)[0]] == [
            hit for ranking in expected[:30] for hit in ranking
        ]
    assert close(expected[0], reference.best_first(reference.bm25(bags(passages), questions[0].text.split()), 1000))


def test_several_analyzers_are_merged_by_share(tmp_path: Path) -> None:
    """Each analyzer scores its own passages; a score is divided by the sum of the question's idf there."""
    english = [text_passage("e1", "the houses of london", "en"), text_passage("e2", "paris", "en")]
    turkish = [
        text_passage("t1", "london evleri", "tr"),
        text_passage("t2", "london", "tr"),
        text_passage("t3", "su", "tr"),
    ]
    retriever = Bm25Retriever(build(tmp_path, [english[0], turkish[0], turkish[1]], [turkish[2], english[1]]))
    expected: dict[str, float] = {}
    for group, lang in ((english, "en"), (turkish, "tr")):
        query = analyzer_by_name(lang).terms("London houses")
        attainable = reference.bm25_attainable(bags(group), query)
        expected |= {name: score / attainable for name, score in reference.bm25(bags(group), query).items()}
    assert close(ask(retriever, "London houses"), reference.best_first(expected, 10))


def test_generated_queries_count_by_their_weight(tmp_path: Path) -> None:
    """Terms of generated queries count in their language's analyzer, in tf, length and df, by the weight at search."""
    passages = [text_passage("a", "green house", "en"), text_passage("b", "red", "en"), text_passage("c", "", "en")]
    queries = [[Question("", "green", "en"), Question("", "haus haus", "de")], [Question("", "haus", "de")], []]
    folder = tmp_path / "segments" / "s" / "bm25"
    folder.mkdir(parents=True)
    Bm25Part().write_chunk(folder, passages, generated=queries)
    segment = FakeSegment(folder.parent, ("a", "b", "c"))
    english = analyzer_by_name("en").terms
    for weight in (0.0, 0.25, 1.0, 3.0):
        en = [
            reference.BagOfWords("a", tuple(english("green house")), tuple(english("green"))),
            reference.BagOfWords("b", ("red",)),
            reference.BagOfWords("c", ()),
        ]
        de = [reference.BagOfWords("a", (), ("haus", "haus")), reference.BagOfWords("b", (), ("haus",))]
        retriever = Bm25Retriever([segment], generated_weight=weight)
        for text in ("green house", "haus", "red haus"):
            expected: dict[str, float] = {}
            groups = [(en, "en")] + [(de, "de")] * (weight > 0)
            for group, lang in groups:
                query = analyzer_by_name(lang).terms(text)
                divisor = reference.bm25_attainable(group, query, weight) if len(groups) > 1 else 1.0
                for name, score in reference.bm25(group, query, generated_weight=weight).items():
                    expected[name] = max(expected.get(name, 0.0), score / divisor)
            assert close(ask(retriever, text), reference.best_first(expected, 10)), (weight, text)


def test_weight_zero_is_an_index_without_generated_queries(tmp_path: Path) -> None:
    """With weight 0 rankings and scores are those of the passages alone."""
    passages = [text_passage(str(i), f"{WORDS[i % 7]} {WORDS[i % 5]}", "en") for i in range(30)]
    plain = Bm25Retriever(build(tmp_path / "plain", passages))
    folder = tmp_path / "segments" / "s" / "bm25"
    folder.mkdir(parents=True)
    queries = [[Question("", "seven seven one", "en")] if i % 3 else [] for i in range(30)]
    Bm25Part().write_chunk(folder, passages, generated=queries)
    augmented = Bm25Retriever([FakeSegment(folder.parent, tuple(p.id for p in passages))], generated_weight=0.0)
    questions = [Question("q", " ".join(WORDS[:n])) for n in range(8)]
    assert augmented.search(questions, 20) == plain.search(questions, 20)


def test_a_word_of_weight_zero_scores_zero_and_is_no_division_by_zero(tmp_path: Path) -> None:
    """With b = 1 or k1 = 0 an empty passage is not found by a word of a generated query that counts nothing."""
    folder = tmp_path / "s" / "bm25"
    folder.mkdir(parents=True)
    passages = [text_passage("a", ""), text_passage("b", "one")]
    Bm25Part().write_chunk(folder, passages, generated=[[Question("", "one")], []])
    segments = [FakeSegment(folder.parent, ("a", "b"))]
    for k1, b in ((0.9, 1.0), (0.0, 0.4)):
        found = ask(Bm25Retriever(segments, k1=k1, b=b, generated_weight=0.0), "one")
        assert [hit.passage_id for hit in found] == ["b"]


def test_outstanding_without_a_background_is_the_share_of_what_is_attainable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fewer hits than the background rank the score over the question's idf is left, unknown words included."""
    passages = [text_passage(str(i), f"{WORDS[i % 7]} {WORDS[i % 5]}") for i in range(40)]
    retriever = Bm25Retriever(build(tmp_path, passages[:25], passages[25:]))
    weighed = retriever.weigh([Question("q", "one two nine")])
    attainable = reference.bm25_attainable(bags(passages), ["one", "two", "nine"])
    for compiled_rows in (0, 10**9):
        monkeypatch.setattr(collection, "COMPILED_ROWS", compiled_rows)
        rows, scores = retriever.top_rows(weighed, 40)[0]
        expected = np.zeros(40)
        expected[rows] = scores / attainable
        assert retriever.outstanding(weighed, [np.arange(40)], 41)[0] == pytest.approx(expected, rel=1e-12)


def test_outstanding_is_the_share_above_an_ordinary_passage_of_the_language(tmp_path: Path) -> None:
    """The score at the background rank of each analyzer is taken off its passages, and nothing falls below 0."""
    english = [
        text_passage(f"e{i}", text, "en") for i, text in enumerate(("red red", "red sea", "red old house", "sky"))
    ]
    turkish = [text_passage("t0", "red", "tr"), text_passage("t1", "su", "tr")]
    retriever = Bm25Retriever(build(tmp_path, english, turkish))
    expected = np.zeros(6)
    for group, lang, rows, rank in ((english, "en", (0, 1, 2), 2), (turkish, "tr", (4,), 2)):
        query = analyzer_by_name(lang).terms("red")
        scores = reference.bm25(bags(group), query)
        background = sorted(scores.values())[-rank] if len(scores) >= rank else 0.0
        for row in rows:
            score = scores[[*english, *turkish][row].id]
            expected[row] = max(0.0, score - background) / reference.bm25_attainable(bags(group), query)
    found = retriever.outstanding(retriever.weigh([Question("q", "red")]), [np.arange(6)], 2)[0]
    assert found == pytest.approx(expected)
    assert found[0] > 0
    assert found[1] == found[2] == 0
    assert found[4] > found[0]


def test_lucene_lengths() -> None:
    """Lengths up to 40 are kept, beyond that four significant bits above 24 are."""
    lengths = np.array([0, 1, 23, 24, 39, 40, 41, 42, 56, 57, 59, 60, 100, 1000])
    assert lucene_lengths(lengths).tolist() == [0, 1, 23, 24, 39, 40, 40, 42, 56, 56, 56, 60, 96, 984]


def test_lucene_length_norm_rounds_the_passage_not_the_average(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With length_norm="lucene" a passage of 41 words is scored as one of 40."""
    passages = [text_passage("a", "x " + "y " * 40), text_passage("b", "z")]
    retriever = Bm25Retriever(build(tmp_path, passages), length_norm="lucene")
    expected = math.log(1 + 1.5 / 1.5) / (1 + 0.9 * (0.6 + 0.4 * 40 / 21))
    for compiled_rows in (0, 10**9):
        monkeypatch.setattr(collection, "COMPILED_ROWS", compiled_rows)
        assert ask(retriever, "x")[0].score == pytest.approx(expected, rel=1e-6)


def test_idf_is_above_zero_for_a_word_in_every_passage() -> None:
    """ln(1 + 0.5 / (N + 0.5)) for a word that all hold."""
    assert idf(4, np.array([4]))[0] == pytest.approx(math.log(1 + 0.5 / 4.5))


def test_empty_cases(tmp_path: Path) -> None:
    """No segments, no passages, empty texts, unknown words, no questions: no hits and no error."""
    empty = Bm25Retriever([])
    nothing = Bm25Retriever(build(tmp_path / "0", []))
    blank = Bm25Retriever(build(tmp_path / "1", [text_passage("a", "")]))
    for retriever in (empty, nothing, blank):
        assert retriever.search([], 3) == []
        assert retriever.search([Question("1", "x"), Question("2", "")], 3) == [[], []]
        weighed = retriever.weigh([Question("1", "x")])
        assert retriever.outstanding(weighed, [np.empty(0, np.int64)], 3)[0].tolist() == []


def test_batch_laws(tmp_path: Path) -> None:
    """Aligned with the input, alone or together, at most k distinct hits, k over n."""
    passages = [text_passage(str(i), f"{WORDS[i % 7]} {WORDS[i % 5]}") for i in range(12)]
    retriever = Bm25Retriever(build(tmp_path, passages))
    a, b = [Question("1", "one two"), Question("2", "")], [Question("3", "nothing here"), Question("4", "one")]
    assert retriever.search(a + b, 5) == retriever.search(a, 5) + retriever.search(b, 5)
    hits = retriever.search(a, 100)[0]
    assert len({hit.passage_id for hit in hits}) == len(hits) <= 12


@pytest.mark.parametrize("k", [0, -3])
def test_k_below_one_is_refused(tmp_path: Path, k: int) -> None:
    """Hits are counted from one."""
    with pytest.raises(ValueError, match=rf"^k must be at least 1, got {k}$"):
        Bm25Retriever([]).search([Question("1", "x")], k)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"k1": -1.0},
            "k1 and generated_weight must be at least 0 and b within [0, 1], got k1 -1.0, b 0.4, generated_weight 1.0",
        ),
        ({"length_norm": "byte"}, 'length_norm must be one of exact, lucene, got "byte"'),
    ],
)
def test_settings_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    """Settings that no formula allows."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Bm25Retriever([], **options)  # type: ignore[arg-type]


def test_question_of_100_000_characters(tmp_path: Path) -> None:
    """A very long question is answered."""
    passages = [text_passage(str(i), f"{WORDS[i % 7]} {WORDS[i % 5]}") for i in range(50)]
    text = " ".join(f"one w{i}" for i in range(10_000))[:100_000]
    assert ask(Bm25Retriever(build(tmp_path, passages)), text, 3)[0].passage_id


def test_half_a_surrogate_pair_is_a_word_like_any_other(tmp_path: Path) -> None:
    """A lone surrogate, which a JSON escape can hold, breaks neither building nor asking."""
    retriever = Bm25Retriever(build(tmp_path, [text_passage("a", "x\ud800y z")]))
    assert ask(retriever, "z")[0].passage_id == "a"
    ask(retriever, "x\ud800y")


def test_another_analyzer_version_is_refused(tmp_path: Path) -> None:
    """An index of an analyzer that has changed names it."""
    segments = build(tmp_path / "wiki", [text_passage("a", "x", "tr")])
    path = segments[0].part_path("bm25") / "statistics.json"
    content = json.loads(path.read_text())
    content["analyzers"][0]["version"] = 99
    path.write_text(json.dumps(content))
    with pytest.raises(EncoderMismatch) as error:
        Bm25Retriever(segments)
    version = analyzer_by_name("tr").version
    assert str(error.value) == (
        f'index "{tmp_path / "wiki"}" was built with analyzer "tr" of version 99, this openqa has version {version}; '
        f"build the index again"
    )


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """A file that is missing, of another size or of a newer format is named."""
    segments = build(tmp_path, [text_passage("a", "x y")])
    folder = segments[0].part_path("bm25")
    kept = (folder / "rows.npy").read_bytes()
    write_array(folder / "rows.npy", np.zeros(3, np.int64))
    with pytest.raises(
        IndexFolderError, match=r"rows.npy: holds int64 \(3,\), int32 \(3,\) is needed; the file is damaged"
    ):
        Bm25Retriever(segments)
    (folder / "rows.npy").write_bytes(kept)
    (folder / "statistics.json").write_text('{"format": 7}')
    with pytest.raises(
        IndexFolderError, match=r"statistics.json: is of format 7, this version reads 1; install a newer"
    ):
        Bm25Retriever(segments)
    (folder / "statistics.json").write_text('{"format": 1}')
    with pytest.raises(IndexFolderError, match=r"statistics.json: is damaged"):
        Bm25Retriever(segments)


@pytest.mark.parametrize("compiled_rows", [0, 10**9])
@pytest.mark.parametrize("wrong", [-5, 3, 2**31 - 1])
def test_wrong_rows_never_leave_the_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_rows: int, wrong: int
) -> None:
    """A damaged posting list gives an answer or an error, not a crash."""
    monkeypatch.setattr(collection, "COMPILED_ROWS", compiled_rows)
    segments = build(tmp_path, [text_passage("a", "x y"), text_passage("b", "x z"), text_passage("c", "x")])
    write_array(segments[0].part_path("bm25") / "rows.npy", np.full(5, wrong, np.int32))
    with suppress(IndexFolderError):
        assert len(ask(Bm25Retriever(segments), "x y z")) <= 3
