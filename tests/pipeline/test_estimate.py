import json
from pathlib import Path

import pytest

from openqa.errors import DataError
from openqa.pipeline import estimate as estimating
from openqa.pipeline.config import IndexConfig, Recipe
from openqa.pipeline.estimate import estimate


def corpus(path: Path, n: int) -> Path:
    """JSON Lines of texts of different lengths."""
    lines = [json.dumps({"id": str(row), "text": f"Word {row} of the text. " * (1 + row % 40)}) for row in range(n)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def recipe(path: Path) -> Recipe:
    return Recipe(path.parent / "index", (path,), IndexConfig(parts=("bm25",), lang="en"))


def test_a_small_corpus_is_counted(tmp_path: Path) -> None:
    """All of it is read: documents and passages are what a build would have, and nothing is written."""
    found = estimate(recipe(corpus(tmp_path / "a.jsonl", 300)))
    assert (found.is_whole, found.n_documents, found.n_sampled) == (True, 300, 300)
    assert found.n_passages == round(found.passages_per_document * 300)
    assert found.size_bytes is not None
    assert found.size_bytes > 10_000
    assert found.seconds is not None
    assert not (tmp_path / "index").exists()


def test_a_large_corpus_is_extrapolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first documents, by the share of the file that they took."""
    monkeypatch.setattr(estimating, "SAMPLE_DOCUMENTS", 2_000)
    found = estimate(recipe(corpus(tmp_path / "a.jsonl", 10_000)))
    assert (found.is_whole, found.n_sampled) == (False, 2_000)
    assert found.n_documents is not None
    assert 8_000 < found.n_documents < 12_000


def test_wrong_input_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    """As the build itself would refuse it."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "1"}\n')
    with pytest.raises(DataError, match='passage has no "text"'):
        estimate(recipe(path))
