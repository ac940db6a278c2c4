"""Kills a writer at random moments, a thousand times, and looks each time whether the index is whole.

In each round a process runs a random command (build, add, replace, delete, merge) on an index of tiny segments and is
killed (SIGKILL) after a random time. Then the index is opened with every byte verified, and it must be exactly what it
was before the command, or what it is after it: all ids and texts, the counts, and rankings of bm25 and dense that equal
those of a fresh build of the same passages. Often the same command is then run again, to be killed again or to go on
to its end. A command that ended before it was killed must have been committed.

Commands run in forks of one warm process, so a round takes a tenth of a second; now and then one has two workers.
What a round does follows from seed and round, where exactly it is hit does not.

Example:
    python scripts/torture_kill.py --rounds 1000 --seed 7
"""

import argparse
import math
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

import numpy as np

from openqa.index.deletions import delete_from_folder
from openqa.index.folder import Snapshot, open_folder
from openqa.index.generation import generation_numbers
from openqa.index.merging import merge_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.retrieve.dense import DensePart, DenseRetriever
from openqa.types import Array, Part, Passage, Question, Ranking

Model: TypeAlias = Mapping[str, tuple[Passage, ...]]  # documents by id: what an index must hold

WORDS = {
    "en": ("house", "houses", "river", "bridge", "small", "running", "green", "light", "stone", "winter"),
    "tr": ("ev", "evler", "nehir", "köprü", "küçük", "yeşil", "ışık", "taş", "kış", "London"),
}
SEGMENT_SIZE, CHUNK_SIZE = 8, 3
GROUP_ROUNDS = 25  # after so many rounds a new index is begun
WORKERS_EVERY = 50  # of so many rounds one has two workers, which takes a second to start
MOST_DOCUMENTS = 60
POLL_S = 0.0002
WORKERS_END_S = 20.0
MOST_S = 120.0  # for a command that is not to be killed


class WrongState(Exception):
    """The index is neither what it was nor what it should be, or a command failed."""


@dataclass(frozen=True, slots=True)
class HashEncoder:
    """A bag of words as a unit vector, each word at a place that its checksum gives."""

    identity: str = "hash@1"
    dim: int = 24

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions: (B, D) float32."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Unit rows for passages: (N, D) float32."""
        vectors = np.full((len(texts), self.dim), 0.01, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.split():
                row[zlib.crc32(word.encode("utf-8")) % self.dim] += 1.0
        unit: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its kind decides which of the fields count."""

    kind: str
    source: str
    documents: tuple[tuple[Passage, ...], ...] = ()
    names: tuple[str, ...] = ()
    passage_names: tuple[str, ...] = ()
    segment_size: int = 8
    everything: bool = False
    workers: int = 1
    restart: bool = False


@dataclass(slots=True)
class Tally:
    """What has happened: `n_old` and `n_new` count the generations that were found after a kill that hit."""

    n_rounds: int = 0
    n_commands: int = 0
    n_run_again: int = 0
    n_old: int = 0
    n_new: int = 0


def parts() -> list[Part]:
    """The parts of every index here."""
    return [Bm25Part(), DensePart(HashEncoder())]


def carry_out(path: Path, command: Command) -> None:
    """Runs a command on an index folder to its end."""
    options = WriteOptions(SEGMENT_SIZE, CHUNK_SIZE, workers=command.workers, restart=command.restart)
    if command.kind == "build":
        build_folder(path, command.documents, parts(), options=options)
    elif command.kind in ("add", "replace"):
        is_replacing = command.kind == "replace"
        add_to_folder(path, command.documents, parts(), replace=is_replacing, source=command.source, options=options)
    elif command.kind == "delete":
        delete_from_folder(path, documents=command.names, passages=command.passage_names, missing_ok=True)
    else:
        merge_folder(path, parts(), segment_size=command.segment_size, everything=command.everything)


def outcome(model: Model | None, command: Command) -> Model | None:
    """What an index must hold after a command."""
    if command.kind in ("build", "add", "replace"):
        return {**(model or {}), **{document[0].document_id: document for document in command.documents}}
    left = {name: passages for name, passages in (model or {}).items() if name not in command.names}
    kept = {name: tuple(p for p in passages if p.id not in command.passage_names) for name, passages in left.items()}
    return {name: passages for name, passages in kept.items() if passages}


def draw_command(model: Model | None, source: str, rng: random.Random) -> Command:
    """Returns a random command that fits an index; `source` names it, and the documents that it brings."""
    new = tuple(draw_document(f"d{source}-{n}", rng) for n in range(rng.randint(1, 20)))
    if model is None:
        return Command("build", source, new, restart=True)
    kinds = ("delete", "merge") if len(model) > MOST_DOCUMENTS else ("add", "replace", "delete", "merge")
    kind = rng.choice(kinds)
    names = rng.sample(sorted(model), min(len(model), rng.randint(0, 12)))
    if kind == "merge":
        return Command(kind, source, segment_size=rng.choice((8, 60, 1000)), everything=rng.random() < 0.5)
    if kind == "delete":
        some = [passage.id for name in rng.sample(sorted(model), len(names)) for passage in model[name][:1]]
        return Command(kind, source, names=tuple(names), passage_names=(*some, "unknown"))
    known = tuple(model[name] if kind == "add" else draw_document(name, rng) for name in names)
    mixed = [*new, *known]
    rng.shuffle(mixed)
    return Command(kind, source, tuple(mixed))


def draw_document(name: str, rng: random.Random) -> tuple[Passage, ...]:
    """Returns one to three passages of a few words, all in one of the languages."""
    lang = rng.choice(sorted(WORDS))
    texts = [" ".join(rng.choices(WORDS[lang], k=rng.randint(1, 9))) for _ in range(rng.randint(1, 3))]
    return tuple(Passage(f"{name}#{n}", name, text, lang=lang) for n, text in enumerate(texts))


class Writer:
    """A warm process that runs each command in a fork of its own."""

    def __init__(self, folder: Path) -> None:
        """Starts it; to become warm it writes an index in the folder."""
        context = multiprocessing.get_context("spawn")
        self._groups: list[int] = []
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, folder))
        self._process.start()
        other.close()
        self._connection.recv()

    def run(self, path: Path, command: Command, kill_after_s: float | None) -> tuple[bool, float]:
        """Runs a command; True when it was killed before its end, and the seconds until it ended.

        `kill_after_s` is infinite to kill it when a new generation is seen, None to let it end.
        """
        before = generation_numbers(path)
        self._connection.send((path, command))
        process_id = self._connection.recv()
        if command.workers > 1:
            self._groups.append(process_id)
        started = time.monotonic()
        if kill_after_s == math.inf:
            while not self._connection.poll(POLL_S) and generation_numbers(path) == before:
                pass
            kill_after_s = 0.0
        if not self._connection.poll(MOST_S if kill_after_s is None else kill_after_s):
            os.kill(process_id, signal.SIGKILL)
        self._connection.recv()
        self._connection.send("reap")
        code = self._connection.recv()
        if code not in (0, -signal.SIGKILL) or (code and kill_after_s is None):
            raise WrongState(f"the command failed with exit code {code}; its error stands above")
        return code != 0, time.monotonic() - started

    def await_workers(self) -> None:
        """Waits until no worker process of any command is left; one that goes on for long is killed and an error."""
        give_up = time.monotonic() + WORKERS_END_S
        while self._groups:
            if not _living(self._groups[-1]):
                self._groups.pop()
            elif time.monotonic() > give_up:
                os.killpg(self._groups[-1], signal.SIGKILL)
                raise WrongState(f"{WORKERS_END_S} s after a command was killed its worker processes are still there")
            else:
                time.sleep(0.05)

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()


def _serve(connection: Connection, folder: Path) -> None:
    """Takes commands from a connection; answers each with the id of its process, then with how that ended."""
    carry_out(folder / "warm", Command("build", "", tuple(draw_document(f"w{n}", random.Random(n)) for n in range(9))))
    connection.send("warm")
    while request := connection.recv():
        process_id = os.fork()
        if not process_id:
            os.setpgid(0, 0)  # so that its workers can be told from others
            carry_out(*request)
            os._exit(0)
        connection.send(process_id)
        os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOWAIT)
        connection.send("ended")
        connection.recv()  # the number is its own until here, so no other process can be killed by it
        connection.send(os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]))


def _living(group: int) -> bool:
    """Whether a process group has a process that has not ended."""
    states = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            states.append(file.read_text(errors="replace").rpartition(")")[2].split())
    return any(int(own_group) == group and state not in "ZX" for state, _, own_group, *_ in states)


@dataclass
class Torture:
    """Rounds of commands and kills, on one index after the other; what they do follows from the seed."""

    folder: Path
    seed: int
    writer: Writer
    tally: Tally = field(default_factory=Tally)
    model: Model | None = None
    usual_s: dict[tuple[str, int], float] = field(default_factory=dict)

    def round(self, number: int) -> None:
        """One command, killed, looked at, and perhaps run again."""
        rng = random.Random(f"{self.seed}/{number}")
        path = self.folder / f"index-{number // GROUP_ROUNDS}"
        if number % GROUP_ROUNDS == 0:
            self.model = None
            shutil.rmtree(self.folder / f"index-{number // GROUP_ROUNDS - 1}", ignore_errors=True)
        command = draw_command(self.model, str(number), rng)
        if number % WORKERS_EVERY == WORKERS_EVERY // 2:
            command = replace(command, workers=2)
        after = outcome(self.model, command)
        anywhere, late = rng.uniform(0.0, 1.3), rng.uniform(0.8, 1.3)
        moments: list[float | None] = [*rng.sample((anywhere, late, math.inf), rng.randint(1, 2))]
        moments += [None] * (rng.random() < 0.75)
        for run, kill_at in enumerate(moments):
            state = self._run(path, command, after, kill_at)
            self.tally.n_commands += 1
            self.tally.n_run_again += run > 0
            if state is after:
                self.model = after
            if state is after and command.kind == "build":
                break  # an index that stands is no place to build
            command = replace(command, restart=False)
        self.writer.await_workers()
        self.tally.n_rounds += 1

    def _run(self, path: Path, command: Command, after: Model | None, kill_at: float | None) -> Model | None:
        """Runs a command, killed at a share of its usual time or at a commit (inf); returns what is there now."""
        key = command.kind, command.workers
        usual_s = self.usual_s.get(key, 2.0 if command.workers > 1 else 0.05)
        generation = generation_numbers(path)[-1:]
        is_killed, elapsed_s = self.writer.run(path, command, None if kill_at is None else kill_at * usual_s)
        self.usual_s[key] = 1.1 * usual_s if is_killed else (usual_s + elapsed_s) / 2
        state = check(path, self.model if is_killed else after, after, self.folder / "fresh")
        is_new = generation_numbers(path)[-1:] != generation
        self.tally.n_new += is_killed and is_new
        self.tally.n_old += is_killed and not is_new
        return state


def check(path: Path, before: Model | None, after: Model | None, fresh: Path) -> Model | None:
    """Makes sure that an index is in one of two states, and returns which; for a fresh build it takes a folder."""
    if before is None and not generation_numbers(path):
        return None
    snapshot = open_folder(path, verify="full")
    held = stored(snapshot)
    state = next((model for model in (after, before) if model == held), None)
    if state is None:
        raise WrongState(f"it holds {_difference(held, after)}; before the command: {_difference(held, before)}")
    if (len(snapshot), snapshot.generation.n_documents) != (sum(map(len, state.values())), len(state)):
        raise WrongState(f"it counts {snapshot.generation.n_documents} documents, and holds {len(state)}")
    shutil.rmtree(fresh, ignore_errors=True)
    build_folder(fresh, list(state.values()), parts())
    expected = rankings(open_folder(fresh))
    for name, ranking in rankings(snapshot).items():
        if not is_close(ranking, expected[name]):
            raise WrongState(f"{name} ranks {ranking}, a fresh build {expected[name]}")
    return state


def stored(snapshot: Snapshot) -> Model:
    """Every passage of a snapshot that is not deleted, by document."""
    held: dict[str, tuple[Passage, ...]] = {}
    for segment in snapshot.segments:
        deleted = set(segment.deleted_rows.tolist())
        for passage in segment.store.passages([row for row in range(len(segment)) if row not in deleted]):
            held[passage.document_id] = (*held.get(passage.document_id, ()), passage)
            if snapshot.passage(passage.id) != passage:
                raise WrongState(f'passage "{passage.id}" is there twice')
    return held


def rankings(snapshot: Snapshot) -> dict[str, Ranking]:
    """Some rankings by bm25 and dense; the name of each tells how it came about."""
    texts = [" ".join(words[n : n + 3]) for words in WORDS.values() for n in (0, 3, 6)]
    questions = [Question(text, text) for text in texts]
    bm25 = Bm25Retriever(snapshot.segments).search(questions, 10)
    dense = DenseRetriever(snapshot.segments, HashEncoder()).search(questions, 10)
    names = [f"{name} {text}" for name in ("bm25", "dense") for text in texts]
    return dict(zip(names, [*bm25, *dense], strict=True))


def is_close(found: Ranking, expected: Ranking) -> bool:
    """Whether two rankings have the same ids in the same order, and scores equal to 1e-6."""
    same_ids = [hit.passage_id for hit in found] == [hit.passage_id for hit in expected]
    return same_ids and np.allclose([hit.score for hit in found], [hit.score for hit in expected], 1e-6, 1e-9)


def _difference(held: Model, model: Model | None) -> str:
    wanted = model or {}
    other = [name for name in held.keys() & wanted.keys() if held[name] != wanted[name]]
    return f"without {sorted(wanted.keys() - held.keys())}, with {sorted(held.keys() - wanted.keys())}, other {other}"


def torture(n_rounds: int, seed: int, folder: Path, *, progress_every: int = 0) -> Tally:
    """Runs rounds and returns what happened in them.

    Args:
        n_rounds: how many.
        seed: decides what is done.
        folder: empty; the last index stays in it.
        progress_every: print a line after so many rounds; 0 for never.

    Raises:
        WrongState: an index was not what it had to be; the message names the round.
    """
    work = Torture(folder, seed, Writer(folder))
    try:
        for number in range(n_rounds):
            try:
                work.round(number)
            except Exception as error:
                raise WrongState(f"seed {seed}, round {number}: {type(error).__name__}: {error}") from error
            if progress_every and (number + 1) % progress_every == 0:
                print(work.tally, flush=True)
    finally:
        work.writer.close()
    return work.tally


def main() -> None:
    """Parses the command line, runs, prints the tally; exit code 1 on failure, and the index is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder, such as /dev/shm")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir=given.folder))
    try:
        tally = torture(given.rounds, given.seed, folder, progress_every=100)
    except WrongState as error:
        print(f"FAILED: {error}\nthe index is kept in {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder)
    print(
        f"{tally.n_rounds} rounds, {tally.n_commands} commands ({tally.n_run_again} of them run again), "
        f"{tally.n_old + tally.n_new} kills that hit: {tally.n_old} left the old state, {tally.n_new} the new one; "
        f"no failure"
    )


if __name__ == "__main__":
    main()
