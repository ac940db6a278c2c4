"""Measures bm25 search beside bm25s (numba backend): same passages, same terms, one thread; prints ratios.

Run: python scripts/benchmark_bm25.py [--passages 200000] [--data ../shared/data]

Two inputs. "drawn": passages of 60 to 140 words drawn independently from the word frequencies of the English SQuAD
training passages, and questions of six words drawn from a passage each, stop words not among them; "real": the SQuAD
training passages themselves, and the first six words of its questions. Both systems get the terms of openqa's English
analyzer, without stop words, and answer one question at a time, from text.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import bm25s
import numpy as np

from openqa.files import read_json
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.text.analysis import analyzer
from openqa.types import Array, PartSource, Passage, Question

WORDS = 6
CHUNK = 2000
SEGMENT = 100_000


class Segment:
    """A segment in a temporary folder."""

    def __init__(self, folder: Path, texts: Sequence[str], first: int) -> None:
        self._folder = folder
        self._first = first
        self._n = len(texts)
        sources = []
        for start in range(0, len(texts), CHUNK):
            chunk = texts[start : start + CHUNK]
            sources.append(PartSource(folder / f"chunk-{start}", len(chunk)))
            sources[-1].folder.mkdir(parents=True)
            passages = [Passage(str(first + start + i), "d", text, lang="en") for i, text in enumerate(chunk)]
            Bm25Part().write_chunk(sources[-1].folder, passages)
        Bm25Part().combine(folder, sources)

    def __len__(self) -> int:
        return self._n

    @property
    def deleted_rows(self) -> Array:
        """None is deleted."""
        return np.empty(0, np.int64)

    def part_path(self, part: str) -> Path:
        """The only part."""
        return self._folder

    def passage_ids(self, rows: Array) -> list[str]:
        """The row's number in the whole."""
        return [str(self._first + int(row)) for row in rows]


def squad_texts(data: Path) -> tuple[list[str], list[str]]:
    """The passages and questions of the English training set."""
    articles = read_json(data / "qa" / "squad.en.train.json.gz")["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    return [p["context"] for p in paragraphs], [qa["question"] for p in paragraphs for qa in p["qas"]]


def drawn_texts(texts: Sequence[str], n: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Passages drawn word by word from the frequencies of some texts, and questions from the passages."""
    words, counts = np.unique(np.array(" ".join(texts).split()), return_counts=True)
    lengths = rng.integers(60, 141, n)
    drawn = words[rng.choice(len(words), lengths.sum(), p=counts / counts.sum())]
    passages = [" ".join(part) for part in np.split(drawn, np.cumsum(lengths)[:-1])]
    terms = analyzer("en").terms
    asked = [[word for word in passages[i].split() if terms(word)] for i in rng.choice(n, 1000)]
    return passages, [" ".join(rng.choice(words, WORDS, replace=False)) for words in asked]


def least_ms(search: Callable[[str], object], questions: Sequence[str], rounds: int) -> float:
    """Milliseconds a question: the least total of a few rounds."""
    totals = []
    for _ in range(rounds):
        start = time.process_time()
        for question in questions:
            search(question)
        totals.append(time.process_time() - start)
    return min(totals) / len(questions) * 1e3


def compare(name: str, texts: Sequence[str], questions: Sequence[str], rounds: int) -> None:
    """Builds both indexes, checks that scores agree, prints both times and their ratio."""
    terms = analyzer("en").terms
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        segments = [
            Segment(Path(folder) / str(first), texts[first : first + SEGMENT], first)
            for first in range(0, len(texts), SEGMENT)
        ]
        build_s = time.perf_counter() - start
        size_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*.npy"))
        retriever = Bm25Retriever(segments)
        peer = bm25s.BM25(k1=0.9, b=0.4, method="lucene", backend="numba")
        start = time.perf_counter()
        peer.index([terms(text) for text in texts], show_progress=False)
        peer_build_s = time.perf_counter() - start
        questions = [question for question in questions if terms(question)]

        def ask(question: str) -> list[float]:
            return [hit.score for hit in retriever.search([Question("q", question, "en")], 10)[0]]

        def ask_peer(question: str) -> list[float]:
            scores: list[float] = peer.retrieve([terms(question)], k=10, show_progress=False).scores[0].tolist()
            return scores

        apart = max(
            float(np.abs(np.array(ask(q)) - np.array(ask_peer(q))[: len(ask(q))]).max()) for q in questions[:100]
        )
        own, other = least_ms(ask, questions, rounds), least_ms(ask_peer, questions, rounds)
    print(
        f"{name}: {len(texts)} passages, {len(questions)} questions; "
        f"openqa {own:.3f} ms, bm25s {other:.3f} ms a question, bm25s / openqa {other / own:.2f}; "
        f"scores at most {apart:.1e} apart; build from text openqa {build_s:.0f} s ({size_bytes / 1e6:.0f} MB), "
        f"bm25s {peer_build_s:.0f} s"
    )


def main() -> None:
    """Runs both inputs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=200_000)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("OPENQA_DATA", "../shared/data")))
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    texts, questions = squad_texts(given.data)
    real = [" ".join(questions[i].split()[:WORDS]) for i in rng.choice(len(questions), 1000)]
    compare("real", texts, real, given.rounds)
    compare("drawn", *drawn_texts(texts, given.passages, rng), given.rounds)


if __name__ == "__main__":
    main()
