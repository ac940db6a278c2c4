"""Parts combined from others: the bytes of what is written in one go, whatever the cuts and the rows left out."""

import json
import pickle
import shutil
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.durable import map_array, write_array
from openqa.errors import IndexFolderError
from openqa.retrieve import combine, postings, postings_writer
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.retrieve.dense import DensePart
from openqa.retrieve.postings import open_postings
from openqa.text.analysis import analyzer_by_name
from openqa.types import Array, Part, PartSource, Passage, Question
from tests.retrieve.encoders import LetterEncoder
from tests.retrieve.segments import FakeSegment, part_bytes, text_passage

WORDS = ("one", "two", "three", "four", "ev", "evler", "", "東京都", "x" * 70)
LANGS = ("en", "tr", "ja", "und")

Augmented = tuple[Passage, list[Question]]


@pytest.fixture(autouse=True)
def few_postings_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every test go through several ranges of hashes and several pieces of bounds."""
    monkeypatch.setattr(combine, "POSTINGS_AT_ONCE", 5)
    monkeypatch.setattr(postings_writer, "POSTINGS_AT_ONCE", 5)


def texts() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@st.composite
def augmented(draw: st.DrawFn) -> list[Augmented]:
    """Passages in several languages; half of the time some have generated queries."""
    langs = st.sampled_from(LANGS)
    queries = st.lists(st.builds(Question, st.just(""), texts(), langs), max_size=2 * draw(st.integers(0, 1)))
    found = draw(st.lists(st.tuples(texts(), langs, queries), max_size=12))
    return [(text_passage(str(i), text, lang), own) for i, (text, lang, own) in enumerate(found)]


def write(folder: Path, some: Sequence[Augmented]) -> PartSource:
    """Writes a chunk of bm25 in one go."""
    folder.mkdir(parents=True)
    Bm25Part().write_chunk(folder, [passage for passage, _ in some], generated=[queries for _, queries in some])
    return PartSource(folder, len(some))


def join(part: Part, folder: Path, sources: Sequence[PartSource]) -> PartSource:
    """Combines into a new folder."""
    folder.mkdir(parents=True)
    part.combine(folder, sources)
    return PartSource(folder, sum(s.n_rows if s.kept is None else len(s.kept) for s in sources))


def cuts(data: st.DataObject, n: int) -> list[tuple[int, int]]:
    places = sorted({0, n, *data.draw(st.lists(st.integers(0, n), max_size=4))})
    return list(pairwise(places))


def kept_rows(data: st.DataObject, n: int) -> Array | None:
    mask = data.draw(st.none() | st.lists(st.booleans(), min_size=n, max_size=n))
    return None if mask is None else np.flatnonzero(mask)


def check_any_cut(data: st.DataObject, folder: Path) -> None:
    """Chunks of any size, some combined before, rows left out anywhere: the bytes of the kept passages alone."""
    passages = data.draw(augmented())
    sources: list[PartSource] = []
    left: list[Augmented] = []
    for i, (start, end) in enumerate(cuts(data, len(passages))):
        some = passages[start:end]
        source = write(folder / f"chunk{i}", some)
        if data.draw(st.booleans()):
            middle = data.draw(st.integers(0, len(some)))
            halves = [write(folder / f"half{i}{j}", own) for j, own in enumerate((some[:middle], some[middle:])) if own]
            source = join(Bm25Part(), folder / f"segment{i}", halves)
            assert part_bytes(source.folder) == part_bytes(folder / f"chunk{i}")
        source = source._replace(kept=kept_rows(data, len(some)))
        sources.append(source)
        left += some if source.kept is None else [some[row] for row in source.kept]
    found = join(Bm25Part(), folder / "found", sources)
    assert part_bytes(found.folder) == part_bytes(write(folder / "expected", left).folder)
    open_postings(found.folder, len(left))


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_bm25_bytes_do_not_depend_on_the_cuts(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Random passages, languages, generated queries, chunks and dropped rows."""
    folder = tmp_path_factory.mktemp("combine")
    check_any_cut(data, folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("forged", [lambda term: 7, lambda term: len(term) % 3 << 62])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_different_terms_of_one_hash_stay_apart(
    forged: Callable[[bytes], int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With a hash that many terms share the bytes are as independent of the cuts as ever."""
    folder = tmp_path_factory.mktemp("collide")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings, "term_hash", forged)
        check_any_cut(data, folder)
    shutil.rmtree(folder)


def test_terms_of_one_hash_are_found_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question finds the passages of its own word, not of another one with the same hash."""
    monkeypatch.setattr(postings, "term_hash", lambda term: 7)
    names = ("one", "two", "three", "four", "five", "six")
    chunks = [write(tmp_path / f"c{i}", [(text_passage(name, name), [])]) for i, name in enumerate(names)]
    join(Bm25Part(), tmp_path / "s" / "bm25", chunks)
    retriever = Bm25Retriever([FakeSegment(tmp_path / "s", names)])
    for name in names:
        assert [hit.passage_id for hit in retriever.search([Question("q", name)], 9)[0]] == [name]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_dense_bytes_do_not_depend_on_the_cuts(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The vectors of the kept rows, one below the other."""
    folder = tmp_path_factory.mktemp("combine")
    part = DensePart(LetterEncoder())
    found = data.draw(st.lists(texts(), min_size=1, max_size=12))
    passages = [text_passage(str(i), text) for i, text in enumerate(found)]
    sources: list[PartSource] = []
    left: list[Passage] = []
    for i, (start, end) in enumerate(cuts(data, len(passages))):
        (folder / str(i)).mkdir()
        part.write_chunk(folder / str(i), passages[start:end])
        kept = kept_rows(data, end - start)
        sources.append(PartSource(folder / str(i), end - start, kept))
        left += passages[start:end] if kept is None else [passages[start + row] for row in kept]
    join(part, folder / "found", sources)
    if left:
        (folder / "expected").mkdir()
        part.write_chunk(folder / "expected", left)
        assert part_bytes(folder / "found") == part_bytes(folder / "expected")
    else:
        assert map_array(folder / "found" / "vectors.npy").shape == (0, 16)
    shutil.rmtree(folder)


def test_parts_can_be_pickled() -> None:
    """Worker processes get parts as bytes."""
    assert pickle.loads(pickle.dumps(Bm25Part())).config() == Bm25Part().config()
    assert pickle.loads(pickle.dumps(DensePart(LetterEncoder()))).config() == DensePart(LetterEncoder()).config()


def test_an_analyzer_goes_with_its_last_row(tmp_path: Path) -> None:
    """Statistics of what is left: no analyzer, no array of generated queries without a row that needs it."""
    passages = [
        (text_passage("a", "house", "en"), [Question("", "haus", "de")]),
        (text_passage("b", "houses", "en"), [Question("", " ", "tr")]),
    ]
    both = write(tmp_path / "both", passages)
    one = join(Bm25Part(), tmp_path / "one", [both._replace(kept=np.array([1]))])
    names = [[entry.name for entry in open_postings(*source[:2])[0].analyzers] for source in (both, one)]
    assert names == [["de", "en"], ["en"]]
    assert len(open_postings(*one[:2])[0].tf_generated) == 0
    none = join(Bm25Part(), tmp_path / "none", [both._replace(kept=np.empty(0, np.int64))])
    assert part_bytes(none.folder) == part_bytes(join(Bm25Part(), tmp_path / "nothing", []).folder)


def test_bounds_are_the_pairs_that_no_other_beats(tmp_path: Path) -> None:
    """For every term the pairs of tf and length of which no posting has a higher tf and no greater length."""
    rng = np.random.default_rng(5)
    some = [" ".join(rng.choice(WORDS[:4], rng.integers(1, 30))) for _ in range(60)]
    source = write(tmp_path / "s", [(text_passage(str(i), text), []) for i, text in enumerate(some)])
    found, bounds = open_postings(source.folder, 60)
    for term in range(len(found.term_hashes)):
        own = slice(*found.posting_starts[term : term + 2])
        pairs = set(zip(found.tf_body[own].tolist(), found.lengths[found.rows[own]].tolist(), strict=True))
        best = {(t, n) for t, n in pairs if not any(u >= t and m <= n and (u, m) != (t, n) for u, m in pairs)}
        pieces = slice(*bounds.starts[term : term + 2])
        stored = list(zip(bounds.tfs[pieces].tolist(), bounds.lengths[pieces].tolist(), strict=True))
        assert set(stored) == best
        assert len(stored) == len(best)


@given(some=augmented())
@settings(max_examples=60, deadline=None)
def test_bounds_hold_with_generated_queries(some: list[Augmented], tmp_path_factory: pytest.TempPathFactory) -> None:
    """For every posting there is a pair of no lower tf, and of no greater length than the row has in the analyzer."""
    folder = tmp_path_factory.mktemp("bounds")
    found, bounds = open_postings(*write(folder / "s", some)[:2])
    shutil.rmtree(folder)
    for number in range(len(found.analyzers)):
        lengths = np.where(found.row_analyzers == number, found.lengths, 0)
        for term in range(*found.analyzer_terms(number)):
            pieces = slice(*bounds.starts[term : term + 2])
            for posting in range(*found.posting_starts[term : term + 2]):
                tf = int(found.tf_body[posting]) + int(found.tf_generated[posting] if len(found.tf_generated) else 0)
                reaches = (bounds.tfs[pieces] >= tf) & (bounds.lengths[pieces] <= lengths[found.rows[posting]])
                assert reaches.any()


def test_two_versions_of_an_analyzer_are_refused(tmp_path: Path) -> None:
    """Parts of different analyses cannot become one."""
    sources = [write(tmp_path / name, [(text_passage("a", "x", "tr"), [])]) for name in "ab"]
    path = sources[1].folder / "statistics.json"
    content = json.loads(path.read_text())
    content["analyzers"][0]["version"] = 99
    path.write_text(json.dumps(content))
    with pytest.raises(IndexFolderError) as error:
        join(Bm25Part(), tmp_path / "c", sources)
    assert str(error.value) == (
        f'analyzer "tr" has versions {analyzer_by_name("tr").version} and 99 in what is to be merged; '
        f"rebuild the part bm25 first"
    )


WRONG: list[tuple[str, list[int]]] = [
    ("rows", [0, 1, 2, 3]),
    ("rows", [0, -1, 2, 1]),
    ("posting_starts", [0, 3, 1, 4]),
    ("posting_starts", [0, 1, 2, 2**60]),
    ("posting_starts", [1, 1, 2, 4]),
    ("term_starts", [0, 2, 1, 3]),
    ("term_starts", [-4, 1, 2, 3]),
    ("row_analyzers", [0, 1, 0]),
    ("term_hashes", [3, 2, 1]),
]


@pytest.mark.parametrize(("name", "values"), WRONG)
def test_a_damaged_source_is_refused(tmp_path: Path, name: str, values: list[int]) -> None:
    """Numbers that lead out of their arrays, or terms out of order, are never merged."""
    passages = [text_passage("a", "x y"), text_passage("b", "x"), text_passage("c", "z")]
    source = write(tmp_path / "s", [(passage, []) for passage in passages])
    path = source.folder / f"{name}.npy"
    write_array(path, np.array(values, map_array(path).dtype))
    with pytest.raises(IndexFolderError) as error:
        join(Bm25Part(), tmp_path / "c", [source])
    assert str(error.value) == (
        f"{tmp_path / 's'}: its files contradict each other; restore them from a copy or build the index again"
    )


def test_vectors_of_another_shape_are_refused(tmp_path: Path) -> None:
    """A source must have as many vectors as rows."""
    part = DensePart(LetterEncoder())
    (tmp_path / "s").mkdir()
    part.write_chunk(tmp_path / "s", [text_passage("a", "x")])
    with pytest.raises(IndexFolderError, match=r"vectors.npy: holds float16 \(1, 16\), float16 \(2, 16\) is needed"):
        join(part, tmp_path / "c", [PartSource(tmp_path / "s", 2)])


def test_generated_queries_are_counted_with_the_passages(tmp_path: Path) -> None:
    """As many lists of queries as passages, or none at all."""
    with pytest.raises(ValueError, match=r"^generated queries for 1 passages, 2 passages were given$"):
        Bm25Part().write_chunk(tmp_path, [text_passage("a", "x"), text_passage("b", "y")], generated=[[]])
