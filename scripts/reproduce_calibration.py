"""How far an answer's probability can be believed, on MLQA dev part 2: also where nothing in the index answers.

One index holds the passages of all seven languages. Questions of part 2 are asked in every language; then the passages
of part 2's articles are deleted, and the same questions are asked again, which nothing answers now. Printed are the
share of right answers (F1 at least 0.5 in the passage's language; none is wrong), the precision of the most probable
half of the answers, and the expected calibration error; for the questions with an answer, and for both kinds together.

Example:
    python scripts/reproduce_calibration.py --data ../shared/data --questions 140 --plot reliability.png
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from openqa.evaluate import load_mlqa_dev
from openqa.evaluate.calibration import plot_reliability, precision_at_coverage, reliability
from openqa.evaluate.parallel import ParallelQA
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import Index, build
from openqa.pipeline.openqa import OpenQA
from openqa.types import Array, Question

HALF = 0.5


def main() -> None:
    """Parses the command line, asks twice, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--questions", type=int, default=140, help="how many questions, over all languages")
    parser.add_argument("--plot", type=Path, help="where to write the reliability diagram of both kinds together")
    given = parser.parse_args()
    folder = given.data / "qa" / "mlqa-dev"
    everything, asked = load_mlqa_dev(folder, parts=(0, 1, 2, 3)), load_mlqa_dev(folder, parts=(2,))
    per_lang = given.questions // len(asked.langs)
    questions = [question for lang in asked.langs for question in asked.questions(lang, lang, per_lang)]
    with tempfile.TemporaryDirectory() as scratch:
        index = build(Path(scratch) / "index", everything.documents(), config=IndexConfig(split="document"))
        with_answer = answered(index, questions, asked)
        index.delete(passage.id for lang in asked.langs for passage in asked.passages(lang))
        without = answered(index, questions, asked)
    probability, right = (np.concatenate(pair) for pair in zip(with_answer, without, strict=True))
    report("with an answer in the index", *with_answer)
    report("with and without", probability, right)
    print(f"without: mean probability {without[0].mean():.3f}, {(without[0] == 0).mean():.3f} get no answer")
    if given.plot:
        plot_reliability(reliability(probability, right), given.plot, title="MLQA dev part 2, half of it unanswerable")


def answered(index: Index, questions: Sequence[Question], gold: ParallelQA) -> tuple[Array, Array]:
    """Probability and correctness of the first answers: two arrays (B,); none is wrong, with probability 0.

    Args:
        index: what is asked.
        questions: B questions.
        gold: the answers in every language.
    """
    probability, right = np.zeros(len(questions)), np.zeros(len(questions), bool)
    for row, found in enumerate(OpenQA(index).answer(questions, k=1)):
        if found:
            lang = index.passage(found[0].support[0].passage_id).lang
            probability[row] = found[0].probability
            right[row] = gold.is_right(questions[row].id, found[0].text, lang)
    return probability, right


def report(name: str, probability: Array, right: Array) -> None:
    """Prints a line.

    Args:
        name: what was asked.
        probability: (B,).
        right: (B,) bool.
    """
    half = precision_at_coverage(probability, right, HALF)
    error = reliability(probability, right).calibration_error
    print(f"{name}: n {len(right)}, right {right.mean():.3f}, the more probable half {half:.3f}, error {error:.3f}")


if __name__ == "__main__":
    main()
