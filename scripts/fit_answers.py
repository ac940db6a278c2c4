"""Fits how spans become answers on MLQA dev, part 3.

One index holds the passages of all seven languages; questions of part 3 are asked in every language, and each twice: of
the whole index, and without the passage of its own language that answers it, for whoever asks is often answered in
another one. An answer is right when its F1 with a gold answer of its passage's language is at least 0.5. The weights of
retrieval and of the sentence's similarity and the penalty for spans in the question's own language maximise the share
of right first answers; the temperature minimises the log loss of their probabilities; the certainty, with which the
first passages' answer ends the reading, is the lowest that loses at most 1 right answer in 100. Put the printed values
into scripts/export_models.py and into the reader's config.json. The threshold is not fitted: right and wrong answers
have much the same scores here, and a threshold that lost no right one here lost some elsewhere; 0 is the reader's own
"no answer".

Example:
    python scripts/fit_answers.py --data ../shared/data --questions 210
"""

import argparse
import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.progress import track

from openqa.encode import load_encoder
from openqa.evaluate import load_mlqa_dev
from openqa.evaluate.parallel import ParallelQA
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import build
from openqa.pipeline.openqa import DEPTH, FIRST_READ, SPANS_GROUPED
from openqa.read import AnswerSettings, BatchReader, Evidence, answers, load_reader, sentence_similarities
from openqa.types import Array, Passage, Question, Span

WEIGHTS = (0.0, 8.0, 16.0, 24.0, 32.0, 48.0, 64.0)
PENALTIES = (0.0, 1.0, 2.0, 4.0, 6.0)
SENTENCE_WEIGHTS = (0.0, 6.0, 12.0, 24.0, 36.0, 48.0, 64.0, 96.0)
DEPTHS = (3, 5, 7, 10)
PAIRS_READ = 256
CERTAINTIES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
LOST = 0.01  # of the right answers
TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


@dataclass(frozen=True)
class Asked:
    """One question with what was retrieved and read for it; spans are those of each passage, the best first."""

    question: Question
    passages: Sequence[Passage]
    scores: dict[str, float]
    spans: Sequence[Sequence[Span]]
    similarities: Sequence[Sequence[float]]

    def first(self, depth: int) -> "Asked":
        """What the first passages alone give.

        Args:
            depth: how many.
        """
        return replace(self, passages=self.passages[:depth])


def main() -> None:
    """Parses the command line, asks, fits, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--questions", type=int, default=210, help="how many questions, over all languages")
    parser.add_argument("--reader", default="mini", help="a reader's name or folder")
    arguments = parser.parse_args()
    folder = arguments.data / "qa" / "mlqa-dev"
    everything = load_mlqa_dev(folder, parts=(0, 1, 2, 3))
    asked = ask_all(everything, load_mlqa_dev(folder, parts=(3,)), load_reader(arguments.reader), arguments.questions)
    tried = [
        AnswerSettings(retrieval_weight=weight, own_language_penalty=penalty, sentence_weight=sentence)
        for weight, penalty, sentence in itertools.product(WEIGHTS, PENALTIES, SENTENCE_WEIGHTS)
    ]
    best = max(tried, key=lambda settings: judged(asked, everything, settings)[1].mean())
    losses: dict[float, float] = {}
    for temperature in TEMPERATURES:
        _, right, probability = judged(asked, everything, replace(best, temperature=temperature))
        losses[temperature] = log_loss(right, probability)
    best = replace(best, temperature=min(losses, key=lambda temperature: losses[temperature]))
    best = replace(best, certainty=certainty(asked, everything, best))
    for depth in DEPTHS:
        found = judged([one.first(depth) for one in asked], everything, best)[1].reshape(2, -1)
        print(f"{depth} passages read: right {found[0].mean():.3f} and {found[1].mean():.3f}, n {len(asked)}")
    rivals = {
        "best, all passages read": best,
        "no penalty": replace(best, own_language_penalty=0.0),
        "no sentences": replace(best, sentence_weight=0.0),
        "no retrieval": replace(best, retrieval_weight=0.0),
        "reader alone": AnswerSettings(),
    }
    for name, settings in rivals.items():
        found = judged(asked, everything, settings)[1].reshape(2, -1)  # of the whole index, without the own passage
        print(f"{name}: right {found[0].mean():.3f} and {found[1].mean():.3f}, n {len(asked)}")
    print(
        f"retrieval_weight {best.retrieval_weight}, own_language_penalty {best.own_language_penalty}, "
        f"sentence_weight {best.sentence_weight}, "
        f"temperature {best.temperature}, certainty {best.certainty}"
    )


def ask_all(everything: ParallelQA, fitting: ParallelQA, reader: BatchReader, n: int) -> list[Asked]:
    """Retrieves and reads for questions of every language in turn: all of the whole index, then all without the
    passage of their own language that answers them.

    Args:
        everything: the passages.
        fitting: the questions.
        reader: the reader to fit.
        n: how many questions, over all languages.
    """
    per_lang = n // len(fitting.langs)
    questions = [question for lang in fitting.langs for question in fitting.questions(lang, lang, per_lang)]
    with tempfile.TemporaryDirectory() as folder:
        index = build(Path(folder) / "index", everything.documents(), config=IndexConfig(split="document"))
        deeper = index.search(questions, DEPTH + 1, "hybrid")
        own = [everything.sides[question.lang].passage_ids[question.id] for question in questions]
        without = [
            [hit for hit in ranking if hit.passage_id != gold][:DEPTH]
            for ranking, gold in zip(deeper, own, strict=True)
        ]
        rankings = [ranking[:DEPTH] for ranking in deeper] + without
        passages = [[index.passage(hit.passage_id) for hit in ranking] for ranking in rankings]
    twice = [*questions, *questions]
    scores = [{hit.passage_id: hit.score for hit in ranking} for ranking in rankings]
    spans = read_each(twice, passages, reader)
    return [Asked(*row) for row in zip(twice, passages, scores, *spans, strict=True)]


def read_each(
    questions: Sequence[Question], passages: Sequence[Sequence[Passage]], reader: BatchReader
) -> tuple[list[list[list[Span]]], list[list[list[float]]]]:
    """Reads each passage for itself, a pair of question and passage once; gives the spans and their similarities.

    Args:
        questions: B questions.
        passages: B lists of passages.
        reader: the reader.
    """
    places: dict[tuple[str, str, str], int] = {}
    pairs: list[tuple[Question, Passage]] = []
    rows = []
    for question, shown in zip(questions, passages, strict=True):
        keys = [(question.lang, question.id, passage.id) for passage in shown]
        for key, passage in zip(keys, shown, strict=True):
            if places.setdefault(key, len(pairs)) == len(pairs):
                pairs.append((question, passage))
        rows.append([places[key] for key in keys])
    asked, alone = [question for question, _ in pairs], [[passage] for _, passage in pairs]
    spans = []
    for start in track(range(0, len(pairs), PAIRS_READ), "reading"):
        end = start + PAIRS_READ
        spans.extend(reader.read_many(asked[start:end], alone[start:end], SPANS_GROUPED))
    near = sentence_similarities(asked, alone, spans, load_encoder())
    return [[spans[place] for place in row] for row in rows], [[near[place] for place in row] for row in rows]


def judged(asked: Sequence[Asked], everything: ParallelQA, settings: AnswerSettings) -> tuple[Array, Array, Array]:
    """Scores, correctness and probabilities of the first answers: three arrays (B,); none counts as wrong.

    Args:
        asked: B questions with what was read.
        everything: the gold answers in every language.
        settings: how spans become answers.
    """
    rows = []
    for one in asked:
        read = [
            pair
            for _, spans, near in zip(one.passages, one.spans, one.similarities, strict=False)
            for pair in zip(spans, near, strict=True)
        ]
        kept = sorted(read, key=lambda pair: -pair[0].score)[:SPANS_GROUPED]
        evidence = Evidence(one.question.lang, one.scores, [similarity for _, similarity in kept])
        found = answers([span for span, _ in kept], one.passages, 1, settings=settings, evidence=evidence)
        if not found:
            rows.append((-99.0, False, 0.0))
            continue
        lang = next(passage.lang for passage in one.passages if passage.id == found[0].support[0].passage_id)
        is_right = everything.is_right(one.question.id, found[0].text, lang)
        rows.append((found[0].score, is_right, found[0].probability))
    score, right, probability = zip(*rows, strict=True)
    return np.asarray(score), np.asarray(right), np.asarray(probability)


def certainty(asked: Sequence[Asked], everything: ParallelQA, settings: AnswerSettings) -> float:
    """Returns the lowest certainty that loses few right answers, and prints what each would do.

    Args:
        asked: B questions with what was read.
        everything: the gold answers in every language.
        settings: how spans become answers.
    """
    _, right, _ = judged(asked, everything, settings)
    _, right_early, probability = judged([one.first(FIRST_READ) for one in asked], everything, settings)
    chosen = 1.0
    for tried in reversed(CERTAINTIES):
        ends = probability >= tried
        found = np.where(ends, right_early, right).mean()
        print(f"certainty {tried}: {ends.mean():.3f} of the questions end early, right {found:.3f}")
        chosen = tried if found >= right.mean() * (1 - LOST) else chosen
    return chosen


def log_loss(right: Array, probability: Array) -> float:
    """Mean negative log likelihood of the answers' correctness.

    Args:
        right: (B,) bool.
        probability: (B,) within [0, 1].
    """
    p = np.clip(np.where(right, probability, 1 - probability), 1e-6, 1)
    return float(-np.log(p).mean())


if __name__ == "__main__":
    main()
