"""OpenQA end to end: XQuAD's questions in twelve languages over one index of one language's passages among many others.

The index holds XQuAD's 240 passages of one language and every passage of the training sets of that language, one
passage a paragraph (English: SQuAD train and TyDi QA, 22,800 in all). Each question is asked as `openqa ask` asks it,
and its first answer, or none, is scored by SQuAD's rules: EM and F1 by question language, for each retriever.
What was built and asked is kept in `--out`: run it again after a stop.

Example:
    python scripts/reproduce_openqa.py --data ../shared/data --out work/openqa-en
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from openqa.corpus import read_documents
from openqa.evaluate import bootstrap, load_xquad, score_answers
from openqa.evaluate.intervals import bootstrap_cells
from openqa.evaluate.xquad import LANGS
from openqa.index.generation import generation_numbers
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import Index, build, open_index
from openqa.pipeline.openqa import OpenQA
from openqa.read import BatchReader, load_reader
from openqa.train.corpora import QA_FILES
from openqa.types import Array, Document, Passage, Question, Span

RETRIEVERS = ("bm25", "dense", "hybrid")


def main() -> None:
    """Parses the command line, builds, asks what has not been asked yet, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--lang", default="en", choices=LANGS, help="language of the passages")
    parser.add_argument("--questions", type=int, default=200, help="fixed questions in each language")
    parser.add_argument("--retrievers", default=",".join(RETRIEVERS), help="joined by commas")
    parser.add_argument("--out", type=Path, required=True, help="folder for the index and the answers")
    given = parser.parse_args()
    xquad = load_xquad(given.data / "qa" / "xquad")
    documents = [*xquad.documents(given.lang), *distractors(given.data, given.lang)]
    print(f"{len(documents):,} passages in {given.lang}", flush=True)
    index = build_once(given.out / "index", documents)
    reader = ReadOnce(load_reader())
    for retriever in given.retrievers.split(","):
        scores: dict[str, list[Array]] = {"EM": [], "F1": []}
        for lang in LANGS:
            questions = xquad.questions(lang, given.lang, given.questions)
            path = given.out / f"{retriever}-{lang}-{len(questions)}.json"
            if not path.exists():
                asked = [Question(question.id, question.text, lang) for question in questions]
                found = OpenQA(index, reader, retriever=retriever).answer(asked, k=1)
                texts = {question.id: best[0].text if best else "" for question, best in zip(asked, found, strict=True)}
                path.write_text(json.dumps(texts, ensure_ascii=False, indent=0), encoding="utf-8")
            predictions = json.loads(path.read_text(encoding="utf-8"))
            scored = score_answers(predictions, questions, lang=given.lang, data="xquad-open")
            for name, result in scored.items():
                scores[name].append(result.scores)
            print(f"{retriever} {lang}: " + report(scores["EM"][-1], scores["F1"][-1]), flush=True)
        every, other = range(len(LANGS)), [row for row, lang in enumerate(LANGS) if lang != given.lang]
        for name, rows in (("all languages", every), (f"all but {given.lang}", other)):
            means = {key: interval([found[row] for row in rows]) for key, found in scores.items()}
            print(f"{retriever} {name}: " + ", ".join(f"{key} {text}" for key, text in means.items()), flush=True)


def distractors(data: Path, lang: str) -> Iterator[Document]:
    """Yields the paragraphs of the training sets of a language, without titles, as XQuAD's have none.

    Args:
        data: the shared data folder.
        lang: of the passages.
    """
    seen = set()
    for name in sorted(name for name, file_lang in QA_FILES.items() if file_lang == lang):
        for document in read_documents([data / "qa" / f"{name}.json.gz"]):
            if document.text not in seen:
                seen.add(document.text)
                yield Document(f"{name}/{len(seen)}", document.text, lang=lang)


def build_once(path: Path, documents: Sequence[Document]) -> Index:
    """The index; built, or gone on with, where it is not whole.

    Args:
        path: its folder.
        documents: one passage each.
    """
    if generation_numbers(path):
        return open_index(path)
    return build(path, documents, config=IndexConfig(split="document"))


class ReadOnce:
    """A reader that remembers: retrievers find the same passages for a question.

    Args:
        reader: reads what is new.
    """

    def __init__(self, reader: BatchReader) -> None:
        self.config = reader.config
        self._reader = reader
        self._known: dict[tuple[str, str, int], list[Span]] = {}

    def read(self, question: Question, passages: Sequence[Passage], k: int) -> list[Span]:
        """At most k spans over all passages, best first."""
        return self.read_many([question], [passages], k)[0]

    def read_many(
        self, questions: Sequence[Question], passages_per_question: Sequence[Sequence[Passage]], k: int
    ) -> list[list[Span]]:
        """At most k spans for each question in its own passages, best first."""
        asked = [(q, p) for q, shown in zip(questions, passages_per_question, strict=True) for p in shown]
        new = [(q, p) for q, p in asked if (q.text, p.id, k) not in self._known]
        spans = self._reader.read_many([q for q, _ in new], [[p] for _, p in new], k)
        self._known.update(((q.text, p.id, k), found) for (q, p), found in zip(new, spans, strict=True))
        return [
            sorted((span for p in shown for span in self._known[q.text, p.id, k]), key=lambda span: -span.score)[:k]
            for q, shown in zip(questions, passages_per_question, strict=True)
        ]


def report(exact: Array, f1: Array) -> str:
    """EM and F1 with their intervals.

    Args:
        exact: (n,) of one language.
        f1: (n,).
    """
    found = {name: bootstrap(scores) for name, scores in (("EM", exact), ("F1", f1))}
    return ", ".join(f"{name} {each.mean:.1f} ({each.low:.1f} to {each.high:.1f})" for name, each in found.items())


def interval(scores: Sequence[Array]) -> str:
    """The mean over languages with its interval, the same questions drawn in all.

    Args:
        scores: for each language (n,), the same questions.
    """
    every = np.stack(scores)
    found = bootstrap_cells(every, np.ones_like(every, bool))
    return f"{found.mean:.1f} ({found.low:.1f} to {found.high:.1f})"


if __name__ == "__main__":
    main()
