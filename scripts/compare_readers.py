"""Compares cross-entropy, self-distillation and self-distillation with mAP@k from one start, over several seeds.

Every reader learns from XQuAD's articles of parts 0, 1 and 2, and is measured on the gold passages of part 3, every
question language with every passage language. XLT is the mean of the diagonal, G-XLT of all pairs. Runs that are done
are not done again. Nothing that is trained here may be shipped: it has seen XQuAD.

Example:
    python scripts/compare_readers.py --model work/mini-reader-hf --xquad ../shared/data/qa/xquad --out work/compare
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from openqa.evaluate import load_xquad, paired_bootstrap
from openqa.evaluate.intervals import bootstrap, signed_rank
from openqa.evaluate.plots import plot_matrix
from openqa.pipeline.evaluation import reading_tables
from openqa.read import load_reader
from openqa.train.cross_lingual import LANGUAGES
from openqa.train.reader import train_reader
from openqa.train.reader_config import ReaderConfig, ReaderData
from openqa.types import Array

TRAIN_PARTS, TEST_PARTS = (0, 1, 2), (3,)
METHODS: dict[str, dict[str, Any]] = {
    "cross-entropy": {"loss": "cross-entropy"},
    "self-distillation": {"coefficient": "none"},
    "self-distillation-map": {},
}
SIZES: dict[str, dict[str, Any]] = {
    "small": {"languages": 2, "questions": 300, "epochs": 2, "max_tokens": 256, "stride": 96},
    "full": {"languages": 5, "questions": -1, "epochs": 3, "max_tokens": 384, "stride": 128},
}


def main() -> None:
    """Parses the command line, trains and measures what is not there yet, and prints the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="hub name or folder of the reader at the start")
    parser.add_argument("--xquad", type=Path, default=Path("../shared/data/qa/xquad"), help="XQuAD's folder")
    parser.add_argument("--size", choices=sorted(SIZES), default="small", help="full: the paper's settings, for a GPU")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each method")
    parser.add_argument("--sample", type=int, default=150, help="fixed questions of each pair of languages; 0 for all")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    given = parser.parse_args()
    runs = {"start": [measured(given.out / "start", given.model, given)]}
    for method in METHODS:
        runs[method] = []
    for seed in range(given.seeds):
        for method in METHODS:
            folder = given.out / f"{method}-{seed}"
            model = train_reader(config_of(method, seed, given, folder), on_log=log_every_hundred(folder.name))
            runs[method].append(measured(folder, str(model), given))
            print(report(runs), flush=True)


def config_of(method: str, seed: int, given: argparse.Namespace, folder: Path) -> ReaderConfig:
    """The training of one run.

    Args:
        method: a key of METHODS.
        seed: of sampling, order and dropout.
        given: the command line.
        folder: for the run.
    """
    size = dict(SIZES[given.size])
    data = ReaderData(
        path=given.xquad,
        form="xquad",
        parts=TRAIN_PARTS,
        languages=size.pop("languages"),
        questions=size.pop("questions"),
    )
    return ReaderConfig(model=given.model, out=folder, data=(data,), seed=seed, **size, **METHODS[method])


def measured(folder: Path, model: str, given: argparse.Namespace) -> dict[str, Array]:
    """F1 of a reader, by question: the mean over its pairs of languages, and over those of one language.

    Args:
        folder: of the run; keeps the figures.
        model: hub name or folder.
        given: the command line.
    """
    path = folder / f"f1-{given.sample}.json"
    if not path.exists():
        data = load_xquad(given.xquad, LANGUAGES, TEST_PARTS)
        table = reading_tables(data, load_reader(model), normalization="squad", n_questions=given.sample or None)["F1"]
        folder.mkdir(parents=True, exist_ok=True)
        plot_matrix(table, folder / "f1.png", title=f"{folder.name}: F1")
        figures: dict[str, dict[str, list[float]]] = {"G-XLT": {}, "XLT": {}}
        for (asked, shown), result in table.results.items():
            for question_id, score in zip(result.question_ids, result.scores, strict=True):
                figures["G-XLT"].setdefault(question_id, []).append(float(score))
                if asked == shown:
                    figures["XLT"].setdefault(question_id, []).append(float(score))
        means = {name: {id: float(np.mean(scores)) for id, scores in found.items()} for name, found in figures.items()}
        path.write_text(json.dumps(means), encoding="utf-8")
    found = json.loads(path.read_text(encoding="utf-8"))
    return {name: np.array([scores[id] for id in sorted(scores)]) for name, scores in found.items()}


def report(runs: dict[str, list[dict[str, Array]]]) -> str:
    """The figures of all runs so far: means over seeds with intervals over questions, spread, differences.

    Args:
        runs: by method, one for each seed.
    """
    lines = []
    base = runs["cross-entropy"]
    for name in ("XLT", "G-XLT"):
        lines.append(f"{name}, F1")
        for method, found in runs.items():
            if not found:
                continue
            mean = np.mean([run[name] for run in found], axis=0)
            interval = bootstrap(mean)
            spread = np.std([run[name].mean() for run in found])
            line = f"  {method:22} {interval.mean:5.1f} ({interval.low:.1f} to {interval.high:.1f})"
            line += f", {len(found)} seeds, spread {spread:.2f}"
            if method in METHODS and method != "cross-entropy" and base:
                n = min(len(base), len(found))
                pair = [np.mean([run[name] for run in some[:n]], axis=0) for some in (found, base)]
                difference = paired_bootstrap(*pair).difference
                line += (
                    f"; against cross-entropy {difference.mean:+.2f} ({difference.low:+.2f} to {difference.high:+.2f})"
                )
                line += f", signed rank p {signed_rank(*pair):.3f}"
            lines.append(line)
    return "\n".join(lines)


def log_every_hundred(name: str) -> Any:
    """What prints the loss now and then.

    Args:
        name: of the run.
    """

    def on_log(step: int, steps: int, loss: float) -> None:
        if step % 100 == 0:
            print(f"{name}: step {step} of {steps}, loss {loss:.3f}", flush=True)

    return on_log


if __name__ == "__main__":
    main()
