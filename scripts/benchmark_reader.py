"""Times the bundled reader beside transformers in fp32 with the same weights, and scores both; prints ratios.

The peer is the reader that scripts/export_transformers.py writes, with the same windows, in batches of the same size.
Questions are those of MLQA dev part 2, a fixed sample of every pair of its seven languages, each with the passage that
answers it; passages are windowed as both do it, most are one window. F1 is by MLQA's rules; the difference is what
8-bit products cost.

Example:
    python scripts/benchmark_reader.py --data ../shared/data --peer work/mini-reader-hf
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np

from openqa.evaluate import load_mlqa_dev, paired_bootstrap, score_answers
from openqa.pipeline.evaluation import best_spans
from openqa.read import load_reader
from openqa.read.hub import HubReader
from openqa.train.reader_models import load_model, load_tokenizer
from openqa.types import Array, Passage, Question, Reader
from scripts.benchmark_encoder import least_s

SELECTION_PART = 2


def main() -> None:
    """Parses the command line, reads by both, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--peer", required=True, help="folder of scripts/export_transformers.py")
    parser.add_argument("--sample", type=int, default=10, help="questions of each pair of languages")
    parser.add_argument("--rounds", type=int, default=2, help="the least time of so many counts")
    given = parser.parse_args()
    data = load_mlqa_dev(given.data / "qa" / "mlqa-dev", parts=(SELECTION_PART,))
    cells = [(asked, shown) for asked in data.langs for shown in data.langs]
    questions = [data.questions(*cell, given.sample) for cell in cells]
    passages = [data.gold_passages(some, cell[1]) for some, cell in zip(questions, cells, strict=True)]
    own = load_reader()
    peer = HubReader(load_model(given.peer).eval(), load_tokenizer(given.peer), own.config)
    f1 = {}
    for name, reader in (("openqa", own), ("fp32", peer)):
        f1[name] = np.concatenate(
            [scores(reader, some, shown, cell[1]) for some, shown, cell in zip(questions, passages, cells, strict=True)]
        )
    compared = paired_bootstrap(f1["openqa"], f1["fp32"])
    low, high = compared.difference.low, compared.difference.high
    print(
        f"F1 of {len(f1['openqa'])} questions: openqa {f1['openqa'].mean():.1f}, fp32 {f1['fp32'].mean():.1f}, ", end=""
    )
    print(f"difference {compared.difference.mean:+.2f} (95 % interval {low:+.2f} to {high:+.2f})", flush=True)
    every = [question for some in questions for question in some]
    shown = [[passage] for some in passages for passage in some]
    own_s, peer_s = (least_s(partial(reader.read_many, every, shown, 1), given.rounds) for reader in (own, peer))
    rates = f"openqa {len(every) / own_s:.1f} a second, fp32 {len(every) / peer_s:.1f}"
    print(f"{len(every)} passages read, {rates}: {peer_s / own_s:.2f} x")


def scores(reader: Reader, questions: list[Question], passages: list[Passage], lang: str) -> Array:
    """F1 of each question: (n,).

    Args:
        reader: either.
        questions: n questions.
        passages: what answers each.
        lang: of the passages.
    """
    texts = best_spans(reader, questions, passages)
    predictions = {question.id: text for question, text in zip(questions, texts, strict=True)}
    return score_answers(predictions, questions, lang=lang, normalization="mlqa")["F1"].scores


if __name__ == "__main__":
    main()
