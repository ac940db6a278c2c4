"""Builds one index of real passages in eight languages and times it: build, bytes, memory, warm search and ask.

Example:
    python scripts/benchmark_index.py --data ../shared/data
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import openqa
from openqa import IndexConfig
from openqa.corpus import read_documents, squad_questions
from openqa.types import Question

FILES = (
    "squad.en.train",
    "jaquad.ja.train",
    "drcd.zh.train",
    "piaf.fr.train",
    "pquad.fa.train",
    "iapp.th.train",
    "tydiqa-goldp.sw.train",
    "thquad.tr.train",
)


def main() -> None:
    """Parses the command line, builds, searches, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--encoder", default="static", help="of dense; mini encodes 50,000 passages in half an hour")
    parser.add_argument("--questions", type=int, default=200, help="how many English questions are asked")
    arguments = parser.parse_args()
    paths = [arguments.data / "qa" / f"{name}.json.gz" for name in FILES]
    every = squad_questions(paths[0], "en")
    questions = [question for question, _ in every[:: len(every) // arguments.questions]]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        config = IndexConfig(encoder=arguments.encoder)
        index = openqa.build(Path(folder) / "index", read_documents(paths), config=config)
        elapsed_s = time.perf_counter() - started
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        size_mb = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
        print(f"{len(index):,} passages: built in {elapsed_s:.0f} s, {size_mb:.0f} MB, peak memory {peak_mb:.0f} MB")
        for name in ("bm25", "dense", "hybrid"):
            search = partial(index.search, k=10, retriever=name)
            print(f"{name}: {median_ms(search, questions):.1f} ms")
        qa = openqa.OpenQA(index)
        print(f"ask: {median_ms(qa.answer, questions[:30]):.0f} ms")


def median_ms(call: Callable[[list[Question]], object], questions: list[Question]) -> float:
    """Returns the median time of one call, after a first one that is not counted.

    Args:
        call: takes a batch; it gets one question at a time.
        questions: at least one.
    """
    call(questions[:1])
    times_s = []
    for question in questions:
        started = time.perf_counter()
        call([question])
        times_s.append(time.perf_counter() - started)
    return statistics.median(times_s) * 1e3


if __name__ == "__main__":
    main()
