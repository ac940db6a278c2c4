"""Index.sync: an index follows a folder, file by file, all at once or not at all."""

import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import openqa
from openqa import Index, IndexConfig
from openqa.corpus import Fields, read_documents
from openqa.errors import ConfigError, DataError, IndexFolderError
from openqa.index.folder import open_folder
from openqa.index.lock import writer_lock
from openqa.pipeline.sync import SyncSummary
from openqa.types import Array, Question
from tests.corpus.test_dump import page
from tests.corpus.test_dump import write as write_dump
from tests.pipeline.fakes import WordEncoder

TEXTS = {"paris.txt": "Paris is in France.", "sub/rome.md": "# Rome\n\nRome is in Italy.", "oslo.txt": "Oslo is north."}


def folder_of(path: Path, texts: dict[str, str]) -> Path:
    """A folder of text files."""
    for name, text in texts.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return path


def jsonl(path: Path, records: dict[str, str]) -> Path:
    """A file of JSON Lines; compressed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in records.items())
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path


def empty_index(path: Path) -> Index:
    """An index of bm25 without documents, in English."""
    return openqa.build(path, [], config=IndexConfig(parts=("bm25",), lang="en", split="document"))


def ids(index: Index) -> set[str]:
    """All passages that are not deleted."""
    index.refresh()
    segments = open_folder(index.path).segments
    rows = [(s, range(len(s)) if s.live_rows is None else s.live_rows) for s in segments]
    return {passage.id for s, some in rows for passage in s.store.passages(list(some))}


def files(summary: SyncSummary) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int]:
    """What has happened to the files."""
    return summary.added, summary.changed, summary.removed, summary.n_unchanged


def test_an_index_follows_a_folder(tmp_path: Path) -> None:
    """Files that are added, changed and removed, in one generation each time; no change makes none."""
    docs = folder_of(tmp_path / "docs", TEXTS)
    with empty_index(tmp_path / "index") as index:
        summary = index.sync(docs)
        assert files(summary) == (("oslo.txt", "paris.txt", "sub/rome.md"), (), (), 0)
        assert (summary.generation, ids(index)) == (2, set(TEXTS))
        assert files(index.sync(str(docs))) == ((), (), (), 3)
        assert index.info().generation == 2
        (docs / "oslo.txt").unlink()
        folder_of(docs, {"paris.txt": "Paris lies on the Seine.", "sub/bern.txt": "Bern is in Switzerland."})
        summary = index.sync(docs)
        assert files(summary) == (("sub/bern.txt",), ("paris.txt",), ("oslo.txt",), 1)
        assert (summary.n_read_documents, summary.n_removed_documents) == (2, 1)
        assert summary.written is not None
        assert (summary.written.n_documents, summary.written.n_replaced_documents) == (2, 1)
        assert ids(index) == {"paris.txt", "sub/rome.md", "sub/bern.txt"}
        assert index.passage("paris.txt").text == "Paris lies on the Seine."
        assert (index.info().folders, index.verify()) == ((str(docs.resolve()),), [])


def test_an_index_that_was_built_from_the_folder_is_not_written_anew(tmp_path: Path) -> None:
    """The first sync finds all documents there, and notes the files."""
    from openqa.corpus import read_documents

    docs = folder_of(tmp_path / "docs", TEXTS)
    config = IndexConfig(parts=("bm25",), lang="en")
    with openqa.build(tmp_path / "index", read_documents([docs]), config=config) as index:
        summary = index.sync(docs)
        assert summary.written is not None
        assert (summary.written.n_passages, summary.written.n_skipped_documents, len(index)) == (0, 3, 3)
        assert files(index.sync(docs)) == ((), (), (), 3)


def test_only_what_has_changed_in_a_file_is_written(tmp_path: Path) -> None:
    """Of JSON Lines, compressed too: one record new, one changed, one gone, one as it was."""
    docs = tmp_path / "docs"
    jsonl(docs / "a.jsonl.gz", {"1": "one", "2": "two", "3": "three"})
    jsonl(docs / "b.jsonl", {"4": "four"})
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        jsonl(docs / "a.jsonl.gz", {"1": "one", "2": "zwei", "5": "five"})
        summary = index.sync(docs)
        assert files(summary) == ((), ("a.jsonl.gz",), (), 1)
        assert summary.written is not None
        assert (summary.written.n_skipped_documents, summary.written.n_documents) == (1, 2)
        assert ids(index) == {"1", "2", "4", "5"}
        assert index.passage("2").text == "zwei"


def test_a_document_that_moves_to_another_file_stays(tmp_path: Path) -> None:
    """Whether its old file goes or stays."""
    docs = tmp_path / "docs"
    jsonl(docs / "a.jsonl", {"1": "one", "2": "two"})
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        jsonl(docs / "a.jsonl", {"1": "one"})
        jsonl(docs / "b.jsonl", {"2": "two"})
        assert (index.sync(docs).n_removed_documents, ids(index)) == (0, {"1", "2"})
        (docs / "a.jsonl").rename(docs / "c.jsonl")
        summary = index.sync(docs)
        assert files(summary) == (("c.jsonl",), (), ("a.jsonl",), 1)
        assert (summary.n_removed_documents, ids(index), len(index)) == (0, {"1", "2"}, 2)


def test_two_folders_do_not_take_from_each_other(tmp_path: Path) -> None:
    """A document of both stays until neither has it; documents that were added otherwise stay."""
    one, two = tmp_path / "one", tmp_path / "two"
    jsonl(one / "a.jsonl", {"1": "one", "2": "two"})
    jsonl(two / "a.jsonl", {"2": "two", "3": "three"})
    with empty_index(tmp_path / "index") as index:
        index.add([openqa.Document("0", "zero")])
        index.sync(one)
        index.sync(two)
        jsonl(one / "a.jsonl", {"1": "one"})
        index.sync(one)
        assert ids(index) == {"0", "1", "2", "3"}
        jsonl(two / "a.jsonl", {"3": "three"})
        index.sync(two)
        assert ids(index) == {"0", "1", "3"}


def test_a_dry_run_only_tells(tmp_path: Path) -> None:
    """What would be done, with the index as it was, even while another one writes."""
    docs = folder_of(tmp_path / "docs", TEXTS)
    with empty_index(tmp_path / "index") as index, writer_lock(tmp_path / "index"):
        summary = index.sync(docs, dry_run=True)
        assert (len(summary.added), summary.n_read_documents, summary.written, summary.generation) == (3, 3, None, 1)
        with pytest.raises(IndexFolderError, match="is being written by another process"):
            index.sync(docs)
        assert (len(index), index.info().folders) == (0, ())


def test_files_are_known_by_their_bytes(tmp_path: Path) -> None:
    """A new time is no change; the same size and time with other bytes is; so are other options of reading."""
    docs = folder_of(tmp_path / "docs", TEXTS)
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        os.utime(docs / "paris.txt", (1, 1))
        assert files(index.sync(docs))[:3] == ((), (), ())
        state = (docs / "paris.txt").stat()
        (docs / "paris.txt").write_text("Paris is in Prance.")
        os.utime(docs / "paris.txt", ns=(state.st_atime_ns, state.st_mtime_ns))
        assert files(index.sync(docs))[:3] == ((), ("paris.txt",), ())
        assert len(index.sync(docs, lang="fr").changed) == 3
        assert index.passage("oslo.txt").lang == "fr"


def test_what_has_no_text_is_no_document(tmp_path: Path) -> None:
    """A file that becomes empty, and a record without text, take their documents out of the index."""
    docs = folder_of(tmp_path / "docs", TEXTS)
    records = jsonl(tmp_path / "records" / "a.jsonl", {"1": "one", "2": "two"})
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        index.sync(records.parent)
        (docs / "oslo.txt").write_text(" \n")
        summary = index.sync(docs)
        assert summary.left_out == (("oslo.txt", "is empty; give a file with text"),)
        assert summary.n_removed_documents == 1
        jsonl(records, {"1": "one", "2": " "})
        index.sync(records.parent)
        assert ids(index) == {"paris.txt", "sub/rome.md", "1"}
        assert files(index.sync(docs))[:3] == ((), (), ())


def test_an_error_in_one_file_leaves_all_as_it_was(tmp_path: Path) -> None:
    """It is told before anything is written, by file and line."""
    docs = tmp_path / "docs"
    jsonl(docs / "a.jsonl", {"1": "one"})
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        jsonl(docs / "a.jsonl", {"1": "uno"})
        (docs / "b.jsonl").write_text('{"id": "2"}\n')
        with pytest.raises(DataError) as error:
            index.sync(docs)
        assert str(error.value).startswith(f'{docs / "b.jsonl"}:1: passage has no "text" (found: "id")')
        assert (index.passage("1").text, index.info().generation) == ("one", 2)


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    """Both new, or one known: which of the two the index has would depend on their order."""
    docs = tmp_path / "docs"
    jsonl(docs / "a.jsonl", {"1": "one", "2": "two"})
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        jsonl(docs / "b.jsonl", {"3": "three", "2": "zwei"})
        with pytest.raises(DataError) as error:
            index.sync(docs)
        assert str(error.value) == (
            f'{docs / "b.jsonl"}: document id "2" stands in {docs / "a.jsonl"} too; '
            f"every document needs an id of its own"
        )
        jsonl(docs / "b.jsonl", {"3": "three", "4": "vier"})
        jsonl(docs / "c.jsonl", {"4": "four"})
        with pytest.raises(DataError, match=r'c\.jsonl: document id "4" stands in .*b\.jsonl too'):
            index.sync(docs)
        jsonl(docs / "c.jsonl", {"5": "five", "6": "six"})
        (docs / "c.jsonl").write_text((docs / "c.jsonl").read_text() * 2)
        with pytest.raises(DataError, match='document id "5" occurs twice in the input'):
            index.sync(docs)
        assert ids(index) == {"1", "2"}


def test_a_folder_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    """Missing, empty as an unmounted disk is, of other files, all its files empty; nothing is deleted."""
    docs = folder_of(tmp_path / "docs", TEXTS)
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        with pytest.raises(DataError) as error:
            index.sync(docs / "none")
        assert str(error.value) == (
            f"{docs / 'none'}: is not a folder that can be read; give the folder that holds the documents"
        )
        docs.rename(tmp_path / "away")
        docs.mkdir()
        with pytest.raises(DataError, match="holds no documents of a known kind"):
            index.sync(docs)
        for name in TEXTS:
            folder_of(docs, {name: ""})
        with pytest.raises(DataError) as error:
            index.sync(docs)
        assert str(error.value) == f"{docs}: holds no documents; give a folder with at least one"
        with pytest.raises(ConfigError, match='lang is "turkish"'):
            index.sync(docs, lang="turkish")
        assert (len(index), index.info().generation) == (3, 2)


def test_files_that_are_read_no_more_do_not_take_their_documents_along(tmp_path: Path) -> None:
    """JSON Lines in a folder of texts hide these; that is refused, for the texts are still there."""
    docs = folder_of(tmp_path / "docs", TEXTS)
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        jsonl(docs / "notes.jsonl", {"1": "one"})
        with pytest.raises(DataError) as error:
            index.sync(docs)
        assert str(error.value) == (
            f"{docs / 'oslo.txt'}: was read last time and is still there, but the folder is now one of other files "
            f"(JSON Lines go before text, corpus.jsonl before others); keep one kind in a folder"
        )
        assert len(index) == 3


@dataclass
class DyingEncoder(WordEncoder):
    """Dies when it comes to the Seine, if it is to."""

    is_dying: bool = False

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """As ever, before that."""
        if self.is_dying and any("Seine" in text for text in texts):
            raise ZeroDivisionError
        return super().encode_passages(texts)


def dense_index(path: Path, encoder: WordEncoder) -> Index:
    """An index of vectors, one passage a segment."""
    config = IndexConfig(parts=("dense",), lang="en", split="document", segment_size=1)
    return openqa.build(path, [], config=config, encoder=encoder)


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    """What is committed would not be what is noted of it; the next sync takes it as it is then."""
    docs = tmp_path / "docs"
    jsonl(docs / "a.jsonl", {"1": "one"})
    file = jsonl(docs / "b.jsonl", {"2": "two"})

    def change(n_read: int) -> None:
        jsonl(file, {"2": "zwei!"})

    with empty_index(tmp_path / "index") as index:
        with pytest.raises(DataError) as error:
            index.sync(docs, on_read=change)
        assert str(error.value) == (
            f"{file}: has changed while the folder was read, nothing was committed; run sync again when its files are "
            f"complete"
        )
        assert (len(index), index.info().folders) == (0, ())
        index.sync(docs)
        assert index.passage("2").text == "zwei!"


def test_a_stopped_sync_goes_on_or_takes_the_folder_as_it_is_now(tmp_path: Path) -> None:
    """A nightly run is never refused because of the one before."""
    docs = folder_of(tmp_path / "docs", {**TEXTS, "paris.txt": "Paris lies on the Seine."})
    encoder = DyingEncoder()
    with dense_index(tmp_path / "index", encoder) as index:
        for _ in range(2):
            encoder.is_dying = True
            with pytest.raises(ZeroDivisionError):
                index.sync(docs)
        (docs / "oslo.txt").write_text("Oslo is in Norway.")
        with pytest.raises(ZeroDivisionError):
            index.sync(docs)
        encoder.is_dying = False
        told: list[int] = []
        index.sync(docs, on_progress=told.append)
        assert (ids(index), told, index.verify()) == (set(TEXTS), [1, 2, 3], [])


def test_a_file_that_cannot_be_read_keeps_what_was_read_of_it(tmp_path: Path) -> None:
    """It is named; its documents stay until it can be read again or has gone; other files are brought up to date."""
    docs = folder_of(tmp_path / "docs", {**TEXTS, "new.csv": "city,note\nRome,\n1,2,3\n"})
    with empty_index(tmp_path / "index") as index:
        summary = index.sync(docs)
        assert [(found.name, found.why[:22]) for found in summary.left_out] == [("new.csv", "line 3: has 3 cells, t")]
        assert ids(index) == set(TEXTS)
        (docs / "oslo.txt").write_bytes(b"\xff half written")
        folder_of(docs, {"paris.txt": "Paris lies on the Seine.", "new.csv": "city,note\nRome,old\n"})
        summary = index.sync(docs)
        assert [found.name for found in summary.left_out] == ["oslo.txt"]
        assert files(summary) == ((), ("new.csv", "paris.txt"), (), 2)
        assert ids(index) == {*TEXTS, "new.csv#rows=1-1"}
        folder_of(docs, {"oslo.txt": "Oslo is in Norway."})
        summary = index.sync(docs)
        assert (files(summary), summary.left_out) == (((), ("oslo.txt",), (), 3), ())
        assert index.passage("oslo.txt").text == "Oslo is in Norway."


def test_the_form_of_tables_is_an_option_of_the_reading(tmp_path: Path) -> None:
    """Another form changes the table and nothing else."""
    docs = folder_of(tmp_path / "docs", {**TEXTS, "a.csv": "city,river\nRome,Tiber\n"})
    with empty_index(tmp_path / "index") as index:
        index.sync(docs)
        summary = index.sync(docs, fields=Fields(tables="{city} is on the {river}."))
        assert index.passage("a.csv#rows=1-1").text == "Rome is on the Tiber."
        assert files(index.sync(docs, fields=Fields(tables="{city} is on the {river}."))) == ((), (), (), 4)
        assert summary.written is not None


@dataclass
class CountingEncoder(WordEncoder):
    """Remembers how many texts it was given."""

    n_encoded: int = 0

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Counts them."""
        self.n_encoded += len(texts)
        return super().encode_passages(texts)


def test_from_one_snapshot_of_a_wiki_to_the_next(tmp_path: Path) -> None:
    """Only what has changed is encoded again; the index ranks as one that is built of the newer snapshot alone."""
    docs, encoder = tmp_path / "docs", CountingEncoder()
    docs.mkdir()
    old = [page(n, f"Title {n}", f"The river {n} runs north of town {n % 7}.") for n in range(40)]
    new = [*old[3:], page(50, "New", "A new river runs south.")]
    new[5] = page(8, "Title 8", "The river 8 has moved to the east.")
    write_dump(docs / "trwiki-20231101-pages-articles.xml.bz2", *old)
    config = IndexConfig(lang="en", split="document")
    with openqa.build(tmp_path / "index", [], config=config, encoder=encoder) as index:
        index.sync(docs)
        (docs / "trwiki-20231101-pages-articles.xml.bz2").unlink()
        write_dump(docs / "trwiki-20251101-pages-articles.xml.bz2", *new)
        before = encoder.n_encoded
        summary = index.sync(docs)
        assert encoder.n_encoded - before == 2
        assert summary.n_removed_documents == 3
        fresh = openqa.build(tmp_path / "fresh", read_documents([docs]), config=config, encoder=encoder)
        questions = [Question(str(n), text) for n, text in enumerate(["river 8 east", "new river south", "town 3"])]
        for retriever in ("bm25", "dense", "hybrid"):
            assert index.search(questions, 5, retriever) == fresh.search(questions, 5, retriever)
        fresh.close()
