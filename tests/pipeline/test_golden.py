"""An index of each format that was ever released is opened, answers as it did then, and can be changed."""

import json
import shutil
from pathlib import Path

import pytest

import openqa
from openqa import Document
from openqa.index.generation import FORMAT
from tests.pipeline.golden import ENCODER, GOLDEN, answers

each_format = pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("format-*.json")))


def copied(name: str, tmp_path: Path) -> Path:
    """A copy that may be written."""
    return Path(shutil.copytree(GOLDEN / name, tmp_path / "index"))


def test_this_format_has_a_golden_index() -> None:
    """A new format comes with one."""
    assert (GOLDEN / f"format-{FORMAT}.json").is_file()


@each_format
def test_it_answers_as_it_did(name: str, tmp_path: Path) -> None:
    """The same rankings, scores to four places, and the same passages."""
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert len(expected["passages"]) > 20
    with openqa.open_index(copied(name, tmp_path), "full", encoder=ENCODER) as index:
        found = answers(index)
    assert found["n_passages"] == expected["n_passages"]
    assert found["passages"] == expected["passages"]
    for retriever, lists in expected["rankings"].items():
        for mine, theirs in zip(found["rankings"][retriever], lists, strict=True):
            assert [hit[0] for hit in mine] == [hit[0] for hit in theirs], retriever
            assert [hit[1] for hit in mine] == pytest.approx([hit[1] for hit in theirs], abs=2e-4)


@each_format
def test_it_can_be_changed(name: str, tmp_path: Path) -> None:
    """Added to, deleted from, merged, and sound after all that."""
    with openqa.open_index(copied(name, tmp_path), encoder=ENCODER) as index:
        n_passages = len(index)
        assert index.add([Document("new", "A zeppelin moored at the tower.", lang="en")]).n_documents == 1
        index.delete(["new"])
        before = answers(index)
        index.merge(everything=True)
        assert answers(index) == before
        assert len(index) == n_passages
        assert index.verify() == []
