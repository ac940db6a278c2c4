"""Index: delete, replace, merge, parts, snapshot, repair, and readers that stay open meanwhile."""

import logging
import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import openqa
from openqa import Document, Index, IndexConfig, Question
from openqa.durable import remove
from openqa.errors import ConfigError, DataError, EncoderMismatch, IndexFolderError
from openqa.index.collect import collect
from openqa.index.lock import writer_lock
from openqa.types import Array, Ranking
from tests.pipeline.fakes import MEANINGS, WordEncoder, WordReader, documents

ENCODER = WordEncoder(same=MEANINGS)
OSLO = Document("oslo", "Oslo is the capital of Norway.", lang="en")


def bm25_index(path: Path) -> Index:
    """An index of the four documents with bm25 alone."""
    return openqa.build(path, documents(), parts=("bm25",))


def question(text: str) -> Question:
    """A question in English."""
    return Question("q", text, "en")


def ids(index: Index, text: str, retriever: str = "bm25") -> list[str]:
    """The passages found for a question."""
    return [hit.passage_id for hit in index.search([question(text)], 10, retriever)[0]]


def same(one: Ranking, other: Ranking) -> bool:
    """Equal ids, and scores equal to 1e-6."""
    if [hit.passage_id for hit in one] != [hit.passage_id for hit in other]:
        return False
    return all(abs(a.score - b.score) <= 1e-6 for a, b in zip(one, other, strict=True))


def test_what_is_deleted_is_found_no_more(tmp_path: Path) -> None:
    """By document and by passage; the index ranks as one that was built without it."""
    with openqa.build(tmp_path / "index", documents(), encoder=ENCODER) as index:
        summary = index.delete(["rome"], ["tokyo#0"])
        assert (summary.n_documents, summary.n_passages, summary.n_missing, summary.generation) == (2, 2, 0, 2)
        assert (len(index), index.info().n_documents) == (2, 2)
        with pytest.raises(KeyError):
            index.passage("rome#0")
        left = [document for document in documents() if document.id in ("paris", "mond")]
        with openqa.build(tmp_path / "fresh", left, encoder=ENCODER) as fresh:
            for retriever in ("bm25", "dense", "hybrid"):
                asked = [question("capital of Italy")]
                assert same(index.search(asked, 5, retriever)[0], fresh.search(asked, 5, retriever)[0])


def test_delete_refuses_what_is_not_there(tmp_path: Path) -> None:
    """Nothing is deleted then, unless it may be missing; a bare string is not a list of ids."""
    path = tmp_path / "index"
    with bm25_index(path) as index:
        with pytest.raises(DataError) as error:
            index.delete(["rome", "nowhere"])
        assert str(error.value) == (
            f'index "{path}" has no document "nowhere"; nothing was deleted; leave out what is not there, or say that '
            f"it may be missing (--missing-ok, missing_ok=True)"
        )
        assert len(index) == 4
        with pytest.raises(TypeError) as wrong:
            index.delete("rome")
        assert str(wrong.value) == 'ids must be an iterable of strings, got "rome"; give ["rome"]'
        assert index.delete(["rome", "nowhere"], missing_ok=True).n_missing == 1
        assert len(index) == 3


def test_add_replaces_where_it_may(tmp_path: Path) -> None:
    """The new content is found, the old one is not; unchanged documents are skipped."""
    new = [Document("rome", "Rome lies on the Tiber.", lang="en"), documents()[0], OSLO]
    with bm25_index(tmp_path / "index") as index:
        summary = index.add(new, replace=True)
        assert (summary.n_documents, summary.n_skipped_documents, summary.n_replaced_documents) == (2, 1, 1)
        assert (ids(index, "Italy"), ids(index, "Tiber"), len(index)) == ([], ["rome#0"], 5)


def test_segments_are_merged_by_themselves(tmp_path: Path) -> None:
    """The tenth small one is merged with the others; the summary is that of the add, the index is at what stands."""
    with openqa.build(tmp_path / "index", [], parts=("bm25",)) as index:
        counts = []
        for n in range(12):
            index.add([Document(f"d{n}", f"Passage number {n}.", lang="en")])
            counts.append(index.info().n_segments)
        assert counts == [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]
        assert (len(index), ids(index, "passage 7")[0]) == (12, "d7#0")


def test_delete_merges_too(tmp_path: Path) -> None:
    """A segment of which more than a fifth is deleted is written without it."""
    with bm25_index(tmp_path / "index") as index:
        index.delete(["rome"])
        info = index.info()
        assert (info.n_deleted_passages, info.n_passages, info.n_segments, info.generation) == (0, 3, 1, 3)
        assert not index.verify()


def test_a_merge_that_fails_does_not_fail_the_add(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Here the disk takes no file as large as the merged one; the log says so, and the next merge does it."""
    text = "word " * 4000
    with openqa.build(tmp_path / "index", [], parts=("bm25",), config=IndexConfig(split="document")) as index:
        for n in range(9):
            index.add([Document(f"d{n}", text, lang="en")])
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            assert index.add([Document("d9", text, lang="en")]).n_documents == 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (len(index), index.info().n_segments, index.verify()) == (10, 10, [])
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert record.getMessage().startswith(f'index "{tmp_path / "index"}": its segments were not merged (')
        assert record.getMessage().endswith("); what was committed stands, openqa merge tries again")
        assert (index.merge().n_segments, len(index), index.verify()) == (1, 10, [])


def test_merge_into_as_few_as_can_be(tmp_path: Path) -> None:
    """Rankings stay what they are."""
    asked = [question("capital of Norway")]
    with bm25_index(tmp_path / "index") as index:
        index.add([OSLO])
        before = index.search(asked, 5, "bm25")[0]
        summary = index.merge(everything=True)
        assert (summary.n_merged_segments, summary.n_new_segments, summary.n_segments) == (2, 1, 1)
        assert index.info().n_segments == 1
        assert same(index.search(asked, 5, "bm25")[0], before)
        assert index.merge().n_merged_segments == 0


def test_parts_come_and_go_without_the_corpus(tmp_path: Path) -> None:
    """An index of bm25 gets dense, and ranks as one that was built with both; then bm25 is dropped."""
    path = tmp_path / "index"
    bm25_index(path).close()
    with (
        openqa.open_index(path, encoder=ENCODER) as index,
        openqa.build(tmp_path / "both", documents(), encoder=ENCODER) as both,
    ):
        index.add([OSLO])
        both.add([OSLO])
        told: list[int] = []
        index.add_part("dense", on_progress=told.append)
        assert (index.parts, told[-1], index.default_retriever) == (("bm25", "dense"), 5, "hybrid")
        asked = [question("Hauptstadt France")]
        for retriever in ("bm25", "dense", "hybrid"):
            assert index.search(asked, 5, retriever) == both.search(asked, 5, retriever)
        index.drop_part("bm25")
        assert (index.parts, index.default_retriever, index.verify()) == (("dense",), "dense", [])
        index.add([Document("bern", "Bern is the capital of Switzerland.", lang="en")])
        assert ids(index, "Switzerland", "dense")[0] == "bern#0"


def test_a_part_is_rebuilt_with_another_encoder(tmp_path: Path) -> None:
    """The other one finds nothing in it before, and searches it after."""
    other = WordEncoder("other@2", same=MEANINGS)
    openqa.build(tmp_path / "index", documents(), encoder=ENCODER).close()
    with openqa.open_index(tmp_path / "index", encoder=other) as index:
        with pytest.raises(EncoderMismatch):
            ids(index, "capital", "dense")
        index.rebuild_part("dense")
        assert index.info().parts["dense"].config["encoder"] == "other@2"
        assert "paris#0" in ids(index, "Hauptstadt", "dense")
        assert len(index) == 4


def test_a_damaged_part_is_rebuilt(tmp_path: Path) -> None:
    """From an index that is open; the passages are its source."""
    with bm25_index(tmp_path / "index") as index:
        for file in (tmp_path / "index").rglob("bm25/*"):
            remove(file)
            file.write_bytes(b"x")
        assert index.verify()
        index.rebuild_part("bm25")
        assert (index.verify(), ids(index, "Italy")) == ([], ["rome#0"])


def test_wrong_parts_are_refused(tmp_path: Path) -> None:
    """Word for word, with the command that is right."""
    path = tmp_path / "index"
    with bm25_index(path) as index:
        with pytest.raises(IndexFolderError) as error:
            index.add_part("bm25")
        assert str(error.value) == (
            f'index "{path}" has part "bm25" already; write it anew with openqa parts {path} rebuild bm25'
        )
        with pytest.raises(IndexFolderError) as error:
            index.rebuild_part("dense")
        assert str(error.value) == (
            f'index "{path}" has no part "dense" (it has: bm25); add it with openqa parts {path} add dense'
        )
        with pytest.raises(IndexFolderError) as error:
            index.drop_part("dense")
        assert str(error.value) == f'index "{path}" has no part "dense" to drop (it has: bm25)'
        with pytest.raises(IndexFolderError) as error:
            index.drop_part("bm25")
        assert str(error.value) == (
            f'index "{path}" has no part but "bm25"; without one it cannot be searched: add another one first'
        )
        for change in (index.add_part, index.rebuild_part, index.drop_part):
            with pytest.raises(ConfigError, match='unknown part "bm26"; known: bm25, dense; did you mean "bm25"'):
                change("bm26")
        with pytest.raises(ConfigError) as unknown:
            index.rebuild_part("bm25", encoder="mini")
        assert str(unknown.value) == 'part "bm25" has no encoder; name none, or write part dense'
        with pytest.raises(ConfigError, match='unknown encoder "mimi"; known: mini, static; did you mean "mini"'):
            index.add_part("dense", encoder="mimi")
        assert index.info().generation == 1


def test_several_workers_write_the_same_index(tmp_path: Path) -> None:
    """Also parts and adds; the encoder travels to them."""
    with (
        openqa.build(tmp_path / "one", documents(), encoder=ENCODER) as one,
        openqa.build(tmp_path / "two", documents(), encoder=ENCODER, workers=2) as two,
    ):
        for index, workers in ((one, 1), (two, 2)):
            index.add([OSLO], workers=workers)
            index.rebuild_part("dense", workers=workers)
        entries = [[segment.files for segment in index._view.snapshot.generation.segments] for index in (one, two)]
    assert entries[0] == entries[1]
    with pytest.raises(ValueError, match="workers of at least 1"):
        openqa.build(tmp_path / "three", documents(), encoder=ENCODER, workers=0)
    with pytest.raises(TypeError, match="worker"):
        openqa.build(tmp_path / "three", documents(), encoder=ENCODER, worker=2)  # type: ignore[call-arg]


@dataclass
class DyingEncoder(WordEncoder):
    """Dies when it comes to the Moon."""

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """As long as there is no Moon."""
        if any("Mond" in text for text in texts):
            raise ZeroDivisionError
        return super().encode_passages(texts)


def test_a_stopped_build_goes_on_or_starts_over(tmp_path: Path) -> None:
    """Other documents are refused, unless it is told to start over."""
    path, config = tmp_path / "index", IndexConfig(parts=("dense",), segment_size=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            openqa.build(path, documents(), config=config, encoder=DyingEncoder())
    with pytest.raises(IndexFolderError, match=r'document 1 was "paris", now it is "rome"; .* \(restart=True\)'):
        openqa.build(path, documents()[1:], config=config, encoder=WordEncoder())
    told: list[int] = []
    read: list[int] = []
    with openqa.build(
        path, documents(), config=config, encoder=WordEncoder(), on_progress=told.append, on_read=read.append
    ) as index:
        assert (len(index), told, read) == (4, [1, 2, 3, 4], [1, 2, 3, 4])
    shutil.rmtree(path)
    with pytest.raises(ZeroDivisionError):
        openqa.build(path, documents(), config=config, encoder=DyingEncoder())
    with openqa.build(path, documents()[1:], config=config, encoder=WordEncoder(), restart=True) as index:
        assert len(index) == 3


def test_a_snapshot_is_an_index(tmp_path: Path) -> None:
    """What is changed afterwards does not reach it."""
    with bm25_index(tmp_path / "index") as index:
        index.add([OSLO])
        assert index.snapshot(str(tmp_path / "copy")) == 2
        index.delete(["oslo"])
    with openqa.open_index(tmp_path / "copy", "full") as copy:
        assert (len(copy), ids(copy, "Norway")) == (5, ["oslo#0"])


def test_repair_goes_back_and_the_index_with_it(tmp_path: Path) -> None:
    """An index that is open moves on to what stands."""
    with bm25_index(tmp_path / "index") as index:
        index.add([OSLO])
        file = index._view.snapshot.segments[1].folder / "passages.jsonl"
        content = file.read_bytes()
        remove(file)
        file.write_bytes(content.replace(b"Norway", b"Narway"))
        summary = index.repair()
        assert (summary.restored, summary.generation, summary.n_passages_before, summary.n_passages) == (1, 3, 5, 4)
        assert (len(index), index.verify(), index.info().generation) == (4, [], 3)


def test_a_reader_never_fails_because_its_files_have_gone(tmp_path: Path) -> None:
    """It moves on by itself, where a retriever is opened only after its generation was collected."""
    path = tmp_path / "index"
    bm25_index(path).close()
    with openqa.open_index(path) as reader, openqa.open_index(path) as writer:
        qa = openqa.OpenQA(reader, WordReader({"Norway": 1.0}), retriever="bm25")
        writer.add([OSLO])
        writer.merge(everything=True)
        writer.delete(["rome"])
        collect(path, keep_s=0)
        assert reader.passage("rome#0").text == "Rome is the capital of Italy."
        assert ids(reader, "capital of Norway") == ["oslo#0", "paris#0"]
        assert reader.info().generation == writer.info().generation
        (answer,) = qa.ask("capital of Norway", lang="en")
        assert (answer.text, answer.support[0].passage_id) == ("Norway", "oslo#0")


def test_what_has_gone_for_good_is_an_error(tmp_path: Path) -> None:
    """No newer generation stands: the message names the file."""
    with bm25_index(tmp_path / "index") as index:
        for file in (tmp_path / "index").rglob("bm25/*"):
            remove(file)
        with pytest.raises(IndexFolderError, match=r"bm25/[a-z_.]+: is (damaged|missing)"):
            ids(index, "capital")


def test_passages_come_from_the_generation_that_was_ranked(tmp_path: Path) -> None:
    """In the order of the hits."""
    with bm25_index(tmp_path / "index") as index:
        rankings, passages = index.search_passages([question("capital of Italy"), question("xyzzy")], 2, "bm25")
        assert [[hit.passage_id for hit in ranking] for ranking in rankings] == [["rome#0", "paris#0"], []]
        assert [[passage.id for passage in found] for found in passages] == [["rome#0", "paris#0"], []]


def test_changes_are_refused_while_another_one_writes(tmp_path: Path) -> None:
    """At once; searches go on."""
    with bm25_index(tmp_path / "index") as index:
        with writer_lock(tmp_path / "index"):
            for change in (
                lambda: index.delete(["rome"]),
                lambda: index.merge(everything=True),
                lambda: index.drop_part("bm25"),
                lambda: index.rebuild_part("bm25"),
                index.repair,
            ):
                with pytest.raises(IndexFolderError, match="is being written by another process or thread"):
                    change()
            assert index.snapshot(tmp_path / "copy") == 1
        assert ids(index, "Italy")


def test_an_index_on_read_only_storage_is_searched(tmp_path: Path) -> None:
    """Nothing is written by opening and searching, whoever asks."""
    path = tmp_path / "index"
    bm25_index(path).close()
    (path / "LOCK").unlink()
    entries = [path, *path.rglob("*")]
    before = {entry: entry.stat().st_mtime_ns for entry in entries}
    for entry in entries:
        entry.chmod(0o555 if entry.is_dir() else 0o444)
    try:
        with openqa.open_index(path, "full") as index:
            assert ids(index, "Italy") == ["rome#0"]
            assert index.verify() == []
    finally:
        for entry in entries:
            entry.chmod(0o755)
    assert {entry: entry.stat().st_mtime_ns for entry in [path, *path.rglob("*")]} == before


def test_a_writer_goes_on_from_what_others_have_committed(tmp_path: Path) -> None:
    """Here another one has added a part, and synced a folder, since it was opened."""
    path, docs = tmp_path / "index", tmp_path / "docs"
    docs.mkdir()
    (docs / "bern.txt").write_text("Bern is the capital of Switzerland.")
    bm25_index(path).close()
    with openqa.open_index(path, encoder=ENCODER) as one, openqa.open_index(path, encoder=ENCODER) as other:
        other.add_part("dense")
        other.sync(docs)
        collect(path, keep_s=0)
        assert one.sync(docs).n_unchanged == 1
        one.add([OSLO])
        other.drop_part("bm25")
        one.merge(everything=True)
        assert (one.parts, len(one), one.info().n_segments) == (("dense",), 6, 1)
