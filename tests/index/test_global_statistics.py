"""An index of many segments ranks exactly as one segment: the same ids, and scores to 1e-6."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from openqa.corpus.squad import read_squad
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import open_folder
from openqa.index.merging import merge_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.types import Part, Passage, Question

DATA = Path(os.environ.get("OPENQA_DATA") or Path(__file__).parents[3] / "shared" / "data")
REAL = {"en": "squad.en.dev", "fr": "piaf.fr.train", "zh": "drcd.zh.train", "th": "iapp.th.valid", "ar": "arcd.ar.test"}
PARTS: list[Part] = [Bm25Part()]
WORDS = {
    "en": ("house", "houses", "river", "green", "running", "Istanbul", "light"),
    "tr": ("ev", "evler", "nehir", "yeşil", "koşuyor", "Istanbul", "ışık"),
    "zh": ("房子", "河流", "绿色", "光", "伊斯坦布尔", "Istanbul", "房"),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: a hundred segments are thousands of fsyncs."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        yield Path(name)


def small_passages(n: int, seed: int = 0) -> list[Passage]:
    """Passages of a few words in three languages, of very different lengths, with many ties."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        lang = ("en", "tr", "zh")[int(rng.integers(3)) if i < n - 20 else 2]  # languages are spread unevenly
        text = " ".join(rng.choice(WORDS[lang], int(rng.integers(1, 30)) // int(rng.integers(1, 10))))
        made.append(Passage(f"p{(i * 7919) % n:05}", f"p{(i * 7919) % n:05}", text, lang=lang))
    return made


def build(path: Path, passages: Iterable[Passage], segment_size: int) -> Path:
    """An index of passages that are documents of their own."""
    options = WriteOptions(segment_size=segment_size, chunk_size=min(segment_size, 1000))
    build_folder(path, ([passage] for passage in passages), PARTS, options=options)
    return path


def check_equal(path: Path, other: Path, questions: Sequence[Question], ks: Sequence[int] = (1, 10, 1000)) -> None:
    """The same ids in the same order, scores to 1e-6."""
    ours, theirs = (Bm25Retriever(open_folder(each).segments) for each in (path, other))
    for k in ks:
        for found, expected in zip(ours.search(questions, k), theirs.search(questions, k), strict=True):
            assert [hit.passage_id for hit in found] == [hit.passage_id for hit in expected]
            assert np.allclose([h.score for h in found], [h.score for h in expected], rtol=1e-6, atol=0)


def small_questions() -> list[Question]:
    """Words alone and together, in one language and in several, known and not."""
    texts = [word for words in WORDS.values() for word in words]
    texts += [" ".join(words[n : n + 3]) for words in WORDS.values() for n in range(5)]
    texts += ["Istanbul river nehir 河流", "unknown house", "unknown", "light light light ışık"]
    return [Question(str(n), text, "en") for n, text in enumerate(texts)]


@pytest.mark.parametrize("segment_size", [1, 7, 100])
def test_many_segments_rank_as_one(folder: Path, segment_size: int) -> None:
    """Whatever the size of the segments, down to one passage each, rankings are those of a single segment."""
    passages = small_passages(60 if segment_size == 1 else 300)
    many = build(folder / "many", passages, segment_size)
    one = build(folder / "one", passages, 100_000)
    assert len(open_folder(many).segments) == -(-len(passages) // segment_size)
    assert len(open_folder(one).segments) == 1
    check_equal(many, one, small_questions())


def test_order_of_passages_leaves_no_trace(folder: Path) -> None:
    """The same passages in another order, one language after the other, rank the same."""
    passages = small_passages(300)
    shuffled = build(folder / "shuffled", passages, 40)
    by_language = build(folder / "sorted", sorted(passages, key=lambda p: (p.lang, len(p.text), p.id)), 90)
    check_equal(shuffled, by_language, small_questions())


def test_adds_deletions_and_merges_rank_as_one_segment(folder: Path) -> None:
    """An index that has been added to, deleted from and merged ranks as one segment of what is left."""
    passages = small_passages(300)
    path = build(folder / "many", passages[:100], 30)
    options = WriteOptions(segment_size=20, chunk_size=6)
    for start in range(100, 300, 50):
        add_to_folder(path, [[passage] for passage in passages[start : start + 50]], PARTS, options=options)
    gone = {passage.id for passage in passages[::3] if passage.lang != "zh"} | {p.id for p in passages[-12:]}
    delete_from_folder(path, passages=gone)
    left = [passage for passage in passages if passage.id not in gone]
    one = build(folder / "one", left, 100_000)
    check_equal(path, one, small_questions())
    for segment_size in (60, 10_000):
        merge_folder(path, PARTS, segment_size=segment_size, everything=True)
        check_equal(path, one, small_questions())
    assert len(open_folder(path).segments) == 1


@pytest.mark.data
def test_real_text_ranks_as_one_segment(folder: Path) -> None:
    """Passages and questions of reading sets in five languages: many segments, one segment, and one after deletions."""
    if not DATA.is_dir():
        pytest.skip(f"the shared data folder is not at {DATA}; set OPENQA_DATA")
    sets = [read_squad(DATA / "qa" / f"{name}.json.gz", lang) for lang, name in REAL.items()]
    by_language = [each.documents[:200] for each in sets]
    documents = [document for group in zip(*by_language, strict=False) for document in group]
    passages = [Passage(d.id, d.id, d.text, d.title, d.lang) for d in documents]
    questions = [asked.question for each in sets for asked in each.questions[:400:25]]
    assert len(passages) > 500
    assert len(questions) == 16 * len(sets)
    many = build(folder / "many", passages, 90)
    one = build(folder / "one", passages, 100_000)
    check_equal(many, one, questions, (10, 1000))
    delete_from_folder(many, documents=[passage.id for passage in passages[::5]])
    left = build(folder / "left", [passage for n, passage in enumerate(passages) if n % 5], 100_000)
    check_equal(many, left, questions, (10, 1000))
