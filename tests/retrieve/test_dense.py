"""dense: exact search equal to brute force, whatever the batch, the blocks and the segments; every refusal."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.durable import write_array
from openqa.errors import EncoderMismatch, IndexFolderError, ModelError
from openqa.retrieve import vectors
from openqa.retrieve.compiled import compiled
from openqa.retrieve.dense import DensePart, DenseRetriever
from openqa.retrieve.vectors import Vectors
from openqa.types import Array, Question
from tests import reference
from tests.retrieve.encoders import BrokenEncoder, LetterEncoder
from tests.retrieve.segments import FakeSegment, text_passage, write_segment

NOT_FINITE = (
    'encoder "letters" gave NaN or infinite numbers for passage "b"; use another encoder, or leave that passage out'
)
TEXTS = ("red fox", "blue fox", "green tree", "der fox", "sea", "", "a fox at sea")


def build(folder: Path, encoder: LetterEncoder, n_segments: int = 2) -> list[FakeSegment]:
    passages = [text_passage(f"p{i}", text) for i, text in enumerate(TEXTS)]
    return [write_segment(folder, f"s{i}", [DensePart(encoder)], [passages[i::n_segments]]) for i in range(n_segments)]


def unit_rows(rng: np.random.Generator, n: int, dim: int) -> Array:
    rows: Array = rng.standard_normal((n, dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def check(found: list[tuple[Array, Array]], matrix: Array, queries: Array, k: int) -> None:
    for (rows, scores), query in zip(found, queries, strict=True):
        expected = np.array(reference.inner_products(matrix, query))
        kth = np.sort(expected)[::-1][: min(k, len(expected))]
        assert (np.diff(rows) > 0).all()
        assert scores == pytest.approx(expected[rows], abs=1e-12)
        assert np.sort(scores)[::-1][:k] == pytest.approx(kth, abs=1e-12)
        assert len(rows) >= len(kth)


@pytest.mark.parametrize("numbers", [0, 10**12])
@pytest.mark.parametrize("k", [1, 10, 5000])
def test_equals_brute_force(monkeypatch: pytest.MonkeyPatch, numbers: int, k: int) -> None:
    """Several blocks and segments, one question and many, compiled and not."""
    monkeypatch.setattr(vectors, "COMPILED_NUMBERS", numbers)
    monkeypatch.setattr(vectors, "QUESTIONS_AT_ONCE", 7)
    rng = np.random.default_rng(1)
    matrix = unit_rows(rng, 3000, 24).astype(np.float16)
    matrix[2000:2010] = matrix[5]
    queries = unit_rows(rng, 20, 24)
    queries[3] = matrix[5]
    store = Vectors([matrix[:1100], matrix[1100:1100], matrix[1100:]], 24)
    found = store.top_rows(queries, k)
    check(found, matrix, queries, k)
    alone = [store.top_rows(queries[i : i + 1], k)[0] for i in range(20)]
    assert all((a[0] == b[0]).all() and (a[1] == b[1]).all() for a, b in zip(found, alone, strict=True))


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_equals_brute_force_on_small_ones(data: st.DataObject) -> None:
    """Few small whole numbers, so that ties abound; empty segments; k over n."""
    n, dim = data.draw(st.integers(0, 12)), data.draw(st.integers(1, 4))
    number = st.integers(-2, 2)
    matrix = np.array(data.draw(st.lists(st.lists(number, min_size=dim, max_size=dim), min_size=n, max_size=n)))
    matrix = matrix.reshape(n, dim).astype(np.float16)
    queries = np.array(data.draw(st.lists(st.lists(number, min_size=dim, max_size=dim), max_size=3)), np.float32)
    queries = queries.reshape(-1, dim)
    cut, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, 15))
    found = Vectors([matrix[:cut], matrix[cut:]], dim).top_rows(queries, k)
    check(found, matrix, queries, k)


def test_widen_is_exact_for_every_finite_fp16() -> None:
    """All 63,488 finite numbers, subnormals and both zeros among them."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    wide = np.empty(len(halves), np.float32)
    compiled().widen(halves.view(np.uint16), wide.view(np.uint32))
    assert (wide.view(np.uint32) == halves.astype(np.float32).view(np.uint32)).all()
    assert len(halves) == 63_488


def test_search_ranks_by_product_then_id(tmp_path: Path) -> None:
    """Equal vectors stand in the order of their ids, over segments."""
    encoder = LetterEncoder()
    found = DenseRetriever(build(tmp_path, encoder), encoder).search([Question("q", "red fox")], 7)[0]
    matrix = encoder.encode_passages(TEXTS).astype(np.float16)
    products = reference.inner_products(matrix, encoder.encode_queries(["red fox"])[0])
    expected = reference.best_first({f"p{i}": product for i, product in enumerate(products)}, 7)
    assert [hit.passage_id for hit in found] == [hit.passage_id for hit in expected]
    assert [hit.passage_id for hit in found][:2] == ["p0", "p3"]
    assert found[0].score == expected[0].score


def test_title_is_encoded_with_the_text(tmp_path: Path) -> None:
    """A passage with a title gets the vector of title, space and text."""
    encoder = LetterEncoder()
    segment = write_segment(tmp_path, "s", [DensePart(encoder)], [[text_passage("a", "fox", title="red")]])
    stored = np.load(segment.part_path("dense") / "vectors.npy")
    assert stored.dtype == np.float16
    assert (stored == encoder.encode_passages(["red fox"]).astype(np.float16)).all()


def test_empty_cases(tmp_path: Path) -> None:
    """No questions, no segments, an empty segment, k over n."""
    encoder = LetterEncoder()
    retriever = DenseRetriever(build(tmp_path / "a", encoder), encoder)
    question = Question("q", "fox")
    assert retriever.search([], 3) == []
    assert DenseRetriever([], encoder).search([question], 3) == [[]]
    empty = write_segment(tmp_path / "b", "s", [DensePart(encoder)], [[]])
    assert DenseRetriever([empty], encoder).search([question], 3) == [[]]
    assert len(retriever.search([question], 100)[0]) == 7
    with pytest.raises(ValueError, match=r"^k must be at least 1, got 0$"):
        retriever.search([question], 0)


def test_another_width_is_refused(tmp_path: Path) -> None:
    """The message names both widths, the index and its encoder."""
    segments = build(tmp_path / "wiki", LetterEncoder(768, "intfloat/multilingual-e5-base"))
    with pytest.raises(EncoderMismatch) as error:
        DenseRetriever(segments, LetterEncoder(384))
    assert str(error.value) == (
        f'queries have dimension 384, index "{tmp_path / "wiki"}" has 768; it was built with '
        f'"intfloat/multilingual-e5-base"; encode with that, or write the vectors anew: '
        f"openqa parts INDEX rebuild dense"
    )


def test_another_encoder_of_the_same_width_is_refused(tmp_path: Path) -> None:
    """Vectors of two encoders do not compare, even where their widths are equal."""
    segments = build(tmp_path / "wiki", LetterEncoder(identity="one@1"))
    with pytest.raises(EncoderMismatch) as error:
        DenseRetriever(segments, LetterEncoder(identity="two@1"))
    assert str(error.value) == (
        f'queries are encoded by "two@1", index "{tmp_path / "wiki"}" was built with "one@1"; '
        f"encode with that, or write the vectors anew: openqa parts INDEX rebuild dense"
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("nan", NOT_FINITE),
        ("large", NOT_FINITE),
        (
            "narrow",
            'encoder "letters" gave vectors of shape (2, 15) for 2 passages, (2, 16) is needed; '
            "use an encoder that keeps to its own dim",
        ),
        (
            "few",
            'encoder "letters" gave vectors of shape (1, 16) for 2 passages, (2, 16) is needed; '
            "use an encoder that keeps to its own dim",
        ),
    ],
)
def test_wrong_passage_vectors_are_refused(tmp_path: Path, fault: str, message: str) -> None:
    """What an encoder gets wrong is never stored."""
    with pytest.raises(ModelError) as error:
        write_segment(
            tmp_path, "s", [DensePart(BrokenEncoder(fault=fault))], [[text_passage("a", "x"), text_passage("b", "y")]]
        )
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        ("nan", ModelError, 'encoder "letters" gave NaN or infinite numbers for question "2"; use another encoder'),
        ("narrow", EncoderMismatch, "queries have dimension 15, index "),
        ("few", ModelError, 'encoder "letters" gave vectors of shape (1, 16) for 2 questions, (2, 16) is needed'),
    ],
)
def test_wrong_question_vectors_are_refused(tmp_path: Path, fault: str, kind: type[Exception], message: str) -> None:
    """What an encoder gets wrong is never searched."""
    retriever = DenseRetriever(build(tmp_path, LetterEncoder()), BrokenEncoder(fault=fault))
    with pytest.raises(kind) as error:
        retriever.search([Question("1", "x"), Question("2", "y")], 3)
    assert str(error.value).startswith(message)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """Vectors of another shape, a broken description, a newer format."""
    encoder = LetterEncoder()
    segments = build(tmp_path, encoder)
    folder = segments[0].part_path("dense")
    kept = (folder / "vectors.npy").read_bytes()
    write_array(folder / "vectors.npy", np.zeros((3, 16), np.float16))
    with pytest.raises(IndexFolderError, match=r"vectors.npy: holds float16 \(3, 16\), float16 \(4, 16\) is needed"):
        DenseRetriever(segments, encoder)
    (folder / "vectors.npy").write_bytes(kept)
    (folder / "encoder.json").write_text('{"format": 9}')
    with pytest.raises(IndexFolderError, match=r"encoder.json: is of format 9, this version reads 1; install a newer"):
        DenseRetriever(segments, encoder)
    (folder / "encoder.json").write_text("{")
    with pytest.raises(IndexFolderError, match=r"encoder.json: is damaged"):
        DenseRetriever(segments, encoder)


def test_config_names_the_encoder() -> None:
    """Format, identity and width."""
    assert DensePart(LetterEncoder()).config() == {"format": 1, "encoder": "letters", "dim": 16}
