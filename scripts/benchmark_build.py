"""Builds indexes of growing size from generated text: time, bytes, memory of all processes, then what a reader needs.

The corpus is made by make_corpus.py, a smaller index holds its beginning. Every build and every reader runs in a
process of its own, and is watched through /proc (Linux) while it works: the resident size that the kernel notes as each
process's highest, and at every moment the sum over the main process and its workers of their proportional size (shared
pages counted once) and of their anonymous memory. The page cache of mapped files counts as resident, not as anonymous.

Example:
    python scripts/benchmark_build.py --data ../shared/data --passages 100000 1000000 --workers 2 --out work/build.json
"""

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import openqa
from openqa import Question
from openqa.corpus import read_documents
from openqa.pipeline.config import IndexConfig

SAMPLE_S = 0.2
RETRIEVERS = ("bm25", "dense", "hybrid")
QUESTION_WORDS = 6


@dataclass
class Memory:
    """What a process and its descendants have taken so far, in bytes; `workers` by process id."""

    main_peak_rss: int = 0
    workers: dict[int, int] = field(default_factory=dict)
    sum_peak_pss: int = 0
    sum_peak_anonymous: int = 0

    def sample(self, process_id: int) -> None:
        """Looks at all processes once."""
        pss = anonymous = 0
        for each in family(process_id):
            with suppress(OSError):
                sizes = {**sizes_of(Path(f"/proc/{each}/status")), **sizes_of(Path(f"/proc/{each}/smaps_rollup"))}
                pss += sizes.get("Pss", 0)
                anonymous += sizes.get("RssAnon", 0)
                peak = sizes.get("VmHWM", 0)
                if each == process_id:
                    self.main_peak_rss = max(self.main_peak_rss, peak)
                else:
                    self.workers[each] = max(self.workers.get(each, 0), peak)
        self.sum_peak_pss = max(self.sum_peak_pss, pss)
        self.sum_peak_anonymous = max(self.sum_peak_anonymous, anonymous)


def family(process_id: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text(errors="replace").rpartition(")")[2].split()[1])
    found = [process_id]
    for each in found:  # grows while it is gone through
        found += [child for child, parent in parents.items() if parent == each]
    return found


def sizes_of(file: Path) -> dict[str, int]:
    """The sizes of a status or smaps_rollup file of /proc, in bytes."""
    fields = (line.split() for line in file.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in fields if row[-1] == "kB"}


def build(corpus: Path, path: Path, n: int, workers: int, encoder: str) -> dict[str, Any]:
    """Builds an index of the first passages of a corpus, one passage a document.

    Args:
        corpus: a file of make_corpus.py.
        path: the index, a new folder.
        n: how many passages.
        workers: processes that write parts.
        encoder: of dense.
    """
    documents = islice(read_documents([corpus]), n)
    started = time.perf_counter()
    index = openqa.build(path, documents, config=IndexConfig(split="document", encoder=encoder), workers=workers)
    elapsed_s = time.perf_counter() - started
    info = index.info()
    part_bytes = {name: part.size_bytes for name, part in info.parts.items()}
    return {
        "n_passages": len(index),
        "n_segments": info.n_segments,
        "elapsed_s": elapsed_s,
        "passages_per_s": n / elapsed_s,
        "bytes": {"store": info.size_bytes - sum(part_bytes.values()), **part_bytes, "total": info.size_bytes},
    }


def query(path: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Opens an index, asks questions of every retriever, and tells time and memory of this process.

    Args:
        path: the index folder.
        texts: the questions.
    """
    started = time.perf_counter()
    index = openqa.open_index(path)
    result: dict[str, Any] = {"open_s": time.perf_counter() - started, "median_ms": {}, "first_ms": {}}
    for name in RETRIEVERS:
        times_ms = []
        for text in texts:
            started = time.perf_counter()
            index.search([Question("q", text)], 10, name)
            times_ms.append((time.perf_counter() - started) * 1e3)
        result["first_ms"][name] = times_ms[0]
        result["median_ms"][name] = statistics.median(times_ms[1:])
    sizes = sizes_of(Path("/proc/self/status"))
    return {
        **result,
        "anonymous_bytes": sizes["RssAnon"],
        "rss_bytes": sizes["VmRSS"],
        "peak_rss_bytes": sizes["VmHWM"],
    }


def watched(work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], Memory]:
    """Runs something in a new process, and returns its result and the memory that it took.

    Args:
        work: can be pickled.

    Raises:
        RuntimeError: it ended without a result.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_result, args=(sender, work))
    process.start()
    sender.close()
    memory = Memory()
    while not receiver.poll(SAMPLE_S):
        memory.sample(process.pid or 0)
    try:
        result: dict[str, Any] = receiver.recv()
    except EOFError as error:
        raise RuntimeError("the process ended without a result; its error stands above") from error
    finally:
        process.join()
    return result, memory


def _send_result(connection: Connection, work: Callable[[], dict[str, Any]]) -> None:
    connection.send(work())


def questions(corpus: Path, n: int, n_passages: int) -> list[str]:
    """The first words of passages that lie evenly in the beginning of a corpus.

    Args:
        corpus: a file of make_corpus.py.
        n: how many questions.
        n_passages: of the index.
    """
    chosen = islice(read_documents([corpus]), 0, n_passages, max(1, n_passages // n))
    return [" ".join(document.text.split()[:QUESTION_WORDS])[:60] for document in islice(chosen, n)]


def make_corpus(given: argparse.Namespace, folder: Path) -> Path:
    """Returns the corpus: the given file, or one made now by make_corpus.py.

    Args:
        given: the command line.
        folder: where to make it.
    """
    if given.corpus:
        return Path(given.corpus)
    corpus = folder / "corpus.jsonl"
    command = [sys.executable, str(Path(__file__).with_name("make_corpus.py")), "--data", str(given.data)]
    subprocess.run([*command, "--passages", str(max(given.passages)), "--out", str(corpus)], check=True)
    return corpus


def measure(corpus: Path, path: Path, n: int, given: argparse.Namespace) -> dict[str, Any]:
    """One index: built, watched, queried; a line of figures is printed for each.

    Args:
        corpus: a file of make_corpus.py.
        path: the index, a new folder.
        n: how many passages.
        given: the command line.
    """
    built, memory = watched(partial(build, corpus, path, n, given.workers, given.encoder))
    peaks = sorted(memory.workers.values(), reverse=True)[: given.workers]
    built["memory"] = {**asdict(memory), "sum_peak_rss": memory.main_peak_rss + sum(peaks)}
    print(
        f"{n:,} passages, {given.workers} workers: {built['elapsed_s']:.0f} s, {built['passages_per_s']:,.0f} a "
        f"second, {built['n_segments']} segments; "
        + ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in built["bytes"].items())
    )
    print(
        f"  peak memory: main {_mb(memory.main_peak_rss)}, workers {', '.join(map(_mb, peaks)) or 'none'}, sum "
        f"{_mb(built['memory']['sum_peak_rss'])}; at one time {_mb(memory.sum_peak_pss)} proportional, "
        f"{_mb(memory.sum_peak_anonymous)} anonymous",
        flush=True,
    )
    asked, _ = watched(partial(query, path, questions(corpus, given.questions, n)))
    times = ", ".join(f"{name} {asked['median_ms'][name]:.1f} ms" for name in RETRIEVERS)
    print(
        f"  opened in {asked['open_s'] * 1e3:.0f} ms; {times}; {_mb(asked['anonymous_bytes'])} anonymous, "
        f"{_mb(asked['rss_bytes'])} resident",
        flush=True,
    )
    return {"build": built, "query": asked}


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def main() -> None:
    """Parses the command line, makes the corpus, measures every size, says how linear it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--corpus", type=Path, help="a file of make_corpus.py; made now when not given")
    parser.add_argument("--passages", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the indexes")
    parser.add_argument("--workers", type=int, default=2, help="processes that write parts")
    parser.add_argument("--encoder", default="static", help="of dense; mini takes hours for a million passages")
    parser.add_argument("--questions", type=int, default=100, help="asked of every retriever")
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder; 4 KB a passage are needed")
    parser.add_argument("--out", type=Path, help="a JSON file for all figures")
    given = parser.parse_args()
    results = []
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        corpus = make_corpus(given, Path(folder))
        for n in sorted(given.passages):
            results.append(measure(corpus, Path(folder) / f"index-{n}", n, given))
            first = results[0]["build"]["passages_per_s"]
            results[-1]["relative_s_per_passage"] = first / results[-1]["build"]["passages_per_s"]
            print(f"  seconds a passage: {results[-1]['relative_s_per_passage']:.2f} of those at the smallest size")
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps({"workers": given.workers, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
