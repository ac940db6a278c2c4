"""Measures the analyzers of openqa/text: R@1 of a plain BM25 in the language of the passages, and words a second.

BM25 is written out by its formula (k1 0.9, b 0.4, Lucene's idf, exact lengths, ties by the order of the passages);
the sets are those of the shared data folder, the figures of Lucene's analyzers on XQuAD those of Anserini 1.7.1.

    python scripts/benchmark_analysis.py --data ../shared/data xquad-tr thquad
"""

import argparse
import math
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np

from openqa.files import read_json
from openqa.text.analysis import Analyzer, analyzer
from openqa.text.sentences import n_words
from openqa.types import Array

LUCENE = {
    "ar": 0.888, "de": 0.899, "el": 0.855, "en": 0.930, "es": 0.919, "hi": 0.909,
    "ro": 0.868, "ru": 0.915, "th": 0.917, "tr": 0.892, "vi": 0.907, "zh": 0.934,
}  # fmt: skip
SETS = {
    **{f"xquad-{lang}": (f"xquad/xquad.{lang}.json", lang) for lang in LUCENE},
    **{
        f"mlqa-{lang}": (f"mlqa-dev/dev-context-{lang}-question-{lang}.json.gz", lang)
        for lang in ("ar", "de", "en", "es", "hi", "vi", "zh")
    },
    "arcd": ("arcd.ar.train.json.gz", "ar"),
    "cmrc": ("cmrc2018.zh.train.json.gz", "zh"),
    "drcd": ("drcd.zh.train.json.gz", "zh"),
    "iapp": ("iapp.th.valid.json.gz", "th"),
    "jaquad": ("jaquad.ja.train.json.gz", "ja"),
    "piaf": ("piaf.fr.train.json.gz", "fr"),
    "pquad": ("pquad.fa.train.json.gz", "fa"),
    "squad": ("squad.en.dev.json.gz", "en"),
    "thquad": ("thquad.tr.train.json.gz", "tr"),
    "tydiqa-id": ("tydiqa-goldp.id.train.json.gz", "id"),
    "tydiqa-ko": ("tydiqa-goldp.ko.train.json.gz", "ko"),
    "tydiqa-sw": ("tydiqa-goldp.sw.train.json.gz", "sw"),
}
MOST_PASSAGES = 3000
MOST_QUESTIONS = 1500
K1, B = 0.9, 0.4


def load(path: Path) -> tuple[list[str], list[tuple[str, int]]]:
    """Returns the distinct paragraphs of a SQuAD file, and (question, number of its paragraph), sampled by seed 1."""
    rows: dict[str, int] = {}
    questions: list[tuple[str, int]] = []
    for article in read_json(path)["data"]:
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            if context in rows or len(rows) < MOST_PASSAGES:
                row = rows.setdefault(context, len(rows))
                questions += [(qa["question"], row) for qa in paragraph["qas"]]
    if len(questions) > MOST_QUESTIONS:
        questions = random.Random(1).sample(questions, MOST_QUESTIONS)
    return list(rows), questions


def impacts(documents: list[list[str]]) -> dict[str, tuple[Array, Array]]:
    """Returns for each term the rows it stands in, and what it adds to their scores."""
    lengths = np.array([len(terms) for terms in documents], dtype=np.float64)
    norm = K1 * (1 - B + B * lengths / lengths.mean())
    postings: dict[str, list[tuple[int, int]]] = {}
    for row, terms in enumerate(documents):
        for term, tf in Counter(terms).items():
            postings.setdefault(term, []).append((row, tf))
    weighted = {}
    for term, posting in postings.items():
        rows, tfs = np.array(posting).T
        idf = math.log(1 + (len(documents) - len(rows) + 0.5) / (len(rows) + 0.5))
        weighted[term] = (rows, idf * tfs / (tfs + norm[rows]))
    return weighted


def recall_at_1(analyzer: Analyzer, passages: list[str], questions: list[tuple[str, int]]) -> float:
    """Returns the share of questions whose own paragraph comes first."""
    weighted = impacts([analyzer.terms(passage) for passage in passages])
    found = 0
    for question, gold in questions:
        scores = np.zeros(len(passages))
        for term in analyzer.terms(question):
            if term in weighted:
                rows, weights = weighted[term]
                scores[rows] += weights
        found += scores[gold] > 0 and int(scores.argmax()) == gold
    return found / len(questions)


def words_per_second(analyzer: Analyzer, passages: list[str]) -> float:
    """Returns the speed over texts whose words are known already."""
    started = time.perf_counter()
    for passage in passages:
        analyzer.terms(passage)
    elapsed_s = time.perf_counter() - started
    return sum(n_words(passage, analyzer.name) for passage in passages) / elapsed_s


def main() -> None:
    """Prints one line a set: Lucene's R@1 where it is known, ours, the default analyzer's, and the speed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), help=f"any of {', '.join(SETS)}; all by default")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    arguments = parser.parse_args()
    print(f"{'set':10} passages questions lucene   ours default  words/s")
    for name in arguments.sets:
        file, lang = SETS[name]
        passages, questions = load(arguments.data / "qa" / file)
        ours, default = (recall_at_1(analyzer(tag), passages, questions) for tag in (lang, "und"))
        lucene = f"{LUCENE[lang]:.3f}" if name.startswith("xquad") else "-"
        speed = words_per_second(analyzer(lang), passages)
        row = f"{name:10} {len(passages):8} {len(questions):9} {lucene:>6} {ours:6.3f} {default:7.3f}"
        print(f"{row} {speed:8,.0f}", flush=True)


if __name__ == "__main__":
    main()
