"""Time of one question on the demo's index: `openqa ask` from a cold shell, and warm in one process.

Warm, the demo's 60 questions are asked one after the other, as the settings say and once more with all passages read.

Example:
    python scripts/benchmark_ask.py --runs 9
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from openqa.pipeline.demo import demo_index, demo_questions
from openqa.pipeline.openqa import OpenQA
from openqa.read import load_reader
from openqa.types import Answer


def main() -> None:
    """Parses the command line, builds the demo's index, asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="processes that are timed, after one that is not")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo"
        index = demo_index(path)
        command = [sys.executable, "-m", "openqa.cli", "ask", str(path), "Who discovered penicillin?"]
        times_s = []
        for _ in range(runs + 1):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times_s.append(time.perf_counter() - started)
        kept = times_s[1:]
        print(f"cold: median {statistics.median(kept):.2f} s of {runs} runs, {min(kept):.2f} to {max(kept):.2f} s")
        early, every = load_reader(), load_reader()
        every.config = replace(every.config, certainty=1.0)
        (early_s, found), (every_s, expected) = (asked(OpenQA(index, reader)) for reader in (early, every))
        same = sum(
            [answer.text for answer in one[:1]] == [answer.text for answer in other[:1]]
            for one, other in zip(found, expected, strict=True)
        )
        print(f"warm: mean {early_s * 1e3:.0f} ms; {every_s * 1e3:.0f} ms where all passages are read")
        print(f"the first answer is the same for {same} of {len(found)} questions")


def asked(qa: OpenQA) -> tuple[float, list[list[Answer]]]:
    """Mean time of the demo's questions, in seconds, and their answers.

    Args:
        qa: over the demo's index.
    """
    times_s, found = [], []
    qa.ask("Who discovered penicillin?")
    for demo in demo_questions():
        started = time.perf_counter()
        found.append(qa.ask(demo.question.text, lang=demo.question.lang))
        times_s.append(time.perf_counter() - started)
    return statistics.mean(times_s), found


if __name__ == "__main__":
    main()
