"""Fits the weights of hybrid retrieval on MLQA dev, part 3.

One pool holds the passages of all seven languages; questions of part 3 are asked in each. Four ways to be right count
alike: among the passages of the question's language; of another language (mean over the pairs); in the whole pool, with
the answer in any language; and in the whole pool without the answer in the question's own language ("elsewhere").
Printed are R@1 + RR@10 of bm25 alone, dense alone and the best settings. Put the first into openqa/retrieve/hybrid.py.

Example:
    python scripts/fit_hybrid.py --data ../shared/data
"""

import argparse
import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.encode import load_encoder
from openqa.evaluate import load_mlqa_dev
from openqa.evaluate.parallel import ParallelQA
from openqa.index.folder import open_folder
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import build
from openqa.retrieve.bm25 import Bm25Retriever
from openqa.retrieve.dense import DenseRetriever
from openqa.types import Array, Question

BM25_WEIGHTS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
BACKGROUND_RANKS = (1, 3, 5, 10, 20, 100_000)  # the last: nothing is taken off


@dataclass(frozen=True)
class Task:
    """Questions of one kind: which rows compete, and which are right."""

    kind: str
    rows: Array  # (B,) rows of the score matrix
    competes: Array  # (B, N) bool
    is_right: Array  # (B, N) bool


def main() -> None:
    """Parses the command line, scores once for each background, tries the grid."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="mini", help="the dense encoder")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    given = parser.parse_args()
    folder = given.data / "qa" / "mlqa-dev"
    pool, fitting = load_mlqa_dev(folder, (0, 1, 2, 3)), load_mlqa_dev(folder, (3,))
    questions = [question for lang in fitting.langs for question in fitting.questions(lang, lang)]
    dense, outstanding, row = scores(pool, questions, given.encoder)
    tasks = make_tasks(pool, fitting, row)
    print("R@1 + RR@10", *(task.kind for task in tasks), sep="\t")
    report("dense alone", [quality(dense, task) for task in tasks])
    report("bm25 alone", [quality(outstanding[BACKGROUND_RANKS[-1]], task) for task in tasks])
    tried = []
    for weight, rank in itertools.product(BM25_WEIGHTS, BACKGROUND_RANKS):
        found = [quality(dense + weight * outstanding[rank], task) for task in tasks]
        tried.append((sum(found), f"bm25 {weight}, background_rank {rank}", found))
    for _, name, found in sorted(tried, reverse=True)[:10]:
        report(name, found)


def scores(pool: ParallelQA, questions: list[Question], encoder: str) -> tuple[Array, dict[int, Array], dict[str, int]]:
    """Every passage scored for every question: dense (B, N), bm25 (B, N) by background rank, and the row of each id."""
    documents = list(pool.documents())
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "index", documents, config=IndexConfig(split="document")).close()
        segments = open_folder(Path(folder) / "index").segments
        bm25, dense = Bm25Retriever(segments), DenseRetriever(segments, load_encoder(encoder))
        every = [np.arange(len(documents))] * len(questions)
        near = np.stack(dense.scores_at(dense.encode(questions), every))
        weighed = bm25.weigh(questions)
        lexical = {rank: np.stack(bm25.outstanding(weighed, every, rank)) for rank in BACKGROUND_RANKS}
    return near, lexical, {document.id: row for row, document in enumerate(documents)}


def make_tasks(pool: ParallelQA, fitting: ParallelQA, row: dict[str, int]) -> list[Task]:
    """The four kinds of questions over the rows of the pool."""
    langs = np.concatenate([[lang] * len(pool.passages(lang)) for lang in pool.langs])
    asked = [(lang, question) for lang in fitting.langs for question in fitting.questions(lang, lang)]
    kinds: dict[str, list[tuple[int, Array, Array]]] = {"same": [], "across": [], "pool": [], "elsewhere": []}
    for number, (asked_lang, question) in enumerate(asked):
        right = {
            lang: row[side.passage_ids[question.id]]
            for lang, side in fitting.sides.items()
            if question.id in side.passage_ids
        }
        for lang, gold in right.items():
            kind = "same" if lang == asked_lang else "across"
            kinds[kind].append((number, langs == lang, _marked(len(langs), [gold])))
        everything, own = np.ones(len(langs), bool), _marked(len(langs), [right[asked_lang]])
        others = [gold for lang, gold in right.items() if lang != asked_lang]
        kinds["pool"].append((number, everything, _marked(len(langs), list(right.values()))))
        if others:
            kinds["elsewhere"].append((number, ~own, _marked(len(langs), others)))
    return [Task(kind, *map(np.stack, zip(*entries, strict=True))) for kind, entries in kinds.items()]


def quality(matrix: Array, task: Task) -> float:
    """R@1 + RR@10 of the best right passage, equal scores counted against."""
    found = np.where(task.competes, matrix[task.rows], -np.inf)
    best = np.where(task.is_right, found, -np.inf).max(axis=1)
    ranks = 1 + ((found >= best[:, None]) & ~task.is_right).sum(axis=1)
    return float((ranks == 1).mean() + np.where(ranks <= 10, 1.0 / ranks, 0.0).mean())


def report(name: str, values: list[float]) -> None:
    """Prints one line of the table."""
    print(name, *(f"{value:.3f}" for value in values), sep="\t", flush=True)


def _marked(n: int, rows: list[int]) -> Array:
    mask = np.zeros(n, bool)
    mask[rows] = True
    return mask


if __name__ == "__main__":
    main()
