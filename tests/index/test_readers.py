"""Readers search without pause while a writer commits: no error, generations only rise, every answer is one of them.

The writer notes what each generation must answer before it commits it. A question that every passage answers brings the
whole generation, ids and texts, so an answer that mixes two generations is in no note.
"""

import hashlib
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

import openqa
from openqa.index.collect import collect
from openqa.index.deletions import delete_from_folder
from openqa.index.generation import generation_numbers, generation_path, read_generation
from openqa.index.merging import merge_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.pipeline.config import IndexConfig
from openqa.retrieve.bm25 import Bm25Part
from openqa.retrieve.dense import DensePart
from openqa.types import Part, Passage, Question
from tests.fakes import document
from tests.retrieve.encoders import LetterEncoder

ENCODER = LetterEncoder()
PARTS: list[Part] = [Bm25Part(), DensePart(ENCODER)]
SMALL = WriteOptions(segment_size=6, chunk_size=6)
ASKED = [Question("all", "common", "en")]
KEPT_GENERATIONS = 25  # older ones are made to look an hour old, so that the collector takes them


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one, so that commits follow each other fast."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        yield Path(name)


def digest(found: Iterable[tuple[str, str]]) -> str:
    """A hash of passage ids and texts."""
    return hashlib.sha256("\n".join(f"{name}\t{text}" for name, text in sorted(found)).encode()).hexdigest()


def answers(path: Path, stop: Event) -> list[tuple[int, str]]:
    """Searches until told to stop, and once more; each answer with its generation, repeated ones left out."""
    index = openqa.open_index(path, encoder=ENCODER)
    given: list[tuple[int, str]] = []
    for n in range(10**9):
        is_last = stop.is_set()
        if n % 5 == 4:
            index = openqa.open_index(path, encoder=ENCODER)
        else:
            index.refresh()
        for retriever in ("bm25", "dense"):
            (ranking,) = index.search(ASKED, 10_000, retriever)
            found = digest((hit.passage_id, index.passage(hit.passage_id).text) for hit in ranking)
            assert len(ranking) == len(index)
            answer = index.info().generation, found
            if given[-1:] != [answer]:
                given.append(answer)
        if is_last:
            break
    return given


def answer_elsewhere(path: Path, stop: Event, connection: Connection) -> None:
    """A reader process: its answers, or what went wrong."""
    try:
        connection.send(answers(path, stop))
    except Exception as error:
        connection.send(f"{type(error).__name__}: {error}")
        raise


class NotingWriter:
    """Changes an index at random; `expected` is the answer that each generation must give."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.expected: dict[int, str] = {}
        self._rng = random.Random(seed)
        self._n_made = 0
        self._generation = 0
        self._model: dict[str, list[Passage]] = {}
        first = self._new(10)
        self._note(first)
        settings = IndexConfig().model_dump(exclude={"parts"})
        build_folder(path, list(first.values()), PARTS, settings=settings, options=SMALL)
        self._committed(1, first)

    def commit(self) -> None:
        """One command that commits."""
        commands = (self._add, self._replace, self._delete, self._delete_passages, self._merge)
        weights = (3, 2, 2, 1, 3) if len(self._model) < 12 else (0, 1, 4, 2, 3)
        generation = self._generation
        while self._generation == generation:
            self._rng.choices(commands, weights)[0]()
        if generation % 10 == 0:
            let_time_pass(self.path)

    def _new(self, n: int, names: Iterable[str] = ()) -> dict[str, list[Passage]]:
        """New documents, or new content for some; no text comes twice."""
        made = {}
        for name in list(names) or [f"d{self._n_made + i}" for i in range(n)]:
            self._n_made += 1
            texts = [f"common text {self._n_made} {i}" for i in range(self._rng.randint(1, 3))]
            made[name] = document(name, *texts, lang="en")
        return made

    def _some(self, n: int) -> list[str]:
        return self._rng.sample(sorted(self._model), min(len(self._model), n))

    def _add(self) -> None:
        new = self._new(self._rng.randint(1, 4))
        after = {**self._model, **new}
        self._note(after)
        self._committed(add_to_folder(self.path, list(new.values()), PARTS, options=SMALL).generation, after)

    def _replace(self) -> None:
        new = {**self._new(2, self._some(2)), **self._new(1)}
        after = {**self._model, **new}
        self._note(after)
        summary = add_to_folder(self.path, list(new.values()), PARTS, replace=True, options=SMALL)
        self._committed(summary.generation, after)

    def _delete(self) -> None:
        names = self._some(self._rng.randint(1, 4))
        after = {name: passages for name, passages in self._model.items() if name not in names}
        self._note(after)
        self._committed(delete_from_folder(self.path, documents=names).generation, after)

    def _delete_passages(self) -> None:
        gone = {self._model[name][-1].id for name in self._some(3)}
        kept = {name: [p for p in passages if p.id not in gone] for name, passages in self._model.items()}
        after = {name: passages for name, passages in kept.items() if passages}
        self._note(after)
        self._committed(delete_from_folder(self.path, passages=gone).generation, after)

    def _merge(self) -> None:
        everything = self._rng.random() < 0.5
        size = self._rng.choice((6, 20, 1000))
        self._note(self._model)
        self._committed(
            merge_folder(self.path, PARTS, segment_size=size, everything=everything).generation, self._model
        )

    def _note(self, after: Mapping[str, list[Passage]]) -> None:
        """Says what the next generation answers, before it is there."""
        found = [(passage.id, passage.text) for passages in after.values() for passage in passages]
        self.expected[self._generation + 1] = digest(found)

    def _committed(self, generation: int, after: dict[str, list[Passage]]) -> None:
        assert generation in (self._generation, self._generation + 1)
        self._generation, self._model = generation, after


def let_time_pass(path: Path, n_young: int = KEPT_GENERATIONS) -> None:
    """Makes all but the newest generations, and what only they name, look an hour old."""
    numbers = generation_numbers(path)
    young = [read_generation(path, number) for number in numbers[-n_young:]]
    named = {segment.name for generation in young for segment in generation.segments}
    old = [generation_path(path, number) for number in numbers[:-n_young]]
    old += [entry for entry in (path / "segments").iterdir() if entry.name not in named]
    for entry in old:
        os.utime(entry, (time.time() - 3600, time.time() - 3600))


def check(given: list[tuple[int, str]] | str, expected: Mapping[int, str]) -> None:
    """Every answer is that of its generation, and generations only rise, to the last one."""
    assert not isinstance(given, str), given
    generations = [generation for generation, _ in given]
    assert generations == sorted(set(generations))
    assert generations[-1] == max(expected)
    assert {generation: answer for generation, answer in given if expected[generation] != answer} == {}


@pytest.mark.parametrize("n_commits", [300, pytest.param(10_000, marks=pytest.mark.exhaustive)])
def test_readers_see_whole_generations_only(folder: Path, n_commits: int) -> None:
    """A reader process and a reader thread beside a writer that adds, replaces, deletes, merges and collects."""
    writer = NotingWriter(folder / "index", seed=n_commits)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=answer_elsewhere, args=(writer.path, stop, sender), daemon=True)
    process.start()
    with ThreadPoolExecutor(1) as threads:
        thread = threads.submit(answers, writer.path, stop)
        try:
            for _ in range(n_commits):
                writer.commit()
        finally:
            stop.set()
        given = [thread.result(), receiver.recv()]
    process.join()
    for each in given:
        check(each, writer.expected)
    assert len(writer.expected) == n_commits + 1
    assert len({generation for each in given for generation, _ in each}) > 10
    assert len(generation_numbers(writer.path)) < KEPT_GENERATIONS + 30


def test_a_reader_outlives_the_files_of_its_generation(folder: Path) -> None:
    """What a reader has open answers on when its files are collected; what it has not yet opened moves it on."""
    writer = NotingWriter(folder / "index", seed=0)
    index = openqa.open_index(writer.path, encoder=ENCODER)
    (before,) = index.search(ASKED, 100, "bm25")
    texts = [index.passage(hit.passage_id).text for hit in before]
    for n in range(2):
        add_to_folder(writer.path, [document(f"new{n}", "common", lang="en")], PARTS)
        merge_folder(writer.path, PARTS, segment_size=1000, everything=True)
    delete_from_folder(writer.path, documents=["new0"])
    let_time_pass(writer.path, n_young=1)
    collect(writer.path)
    assert len(list((writer.path / "segments").iterdir())) == 1
    assert index.search(ASKED, 100, "bm25") == [before]
    assert [index.passage(hit.passage_id).text for hit in before] == texts
    assert index.info().generation == 1
    (found,) = index.search(ASKED, 100, "dense")
    assert {hit.passage_id for hit in found} == {hit.passage_id for hit in before} | {"new1#0"}
    assert index.info().generation == 6
