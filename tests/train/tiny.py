"""A shared data folder of a few lines, marked where it holds a benchmark, and models of two small layers."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

from openqa.corpus.mlqa import part
from openqa.train.codeswitch import LATIN
from openqa.train.corpora import LANGUAGES, QA_FILES
from openqa.train.data import ReadingSet
from openqa.train.mini import MiniModels
from openqa.train.packing import PackedTexts, PairSet

SECRET = "benchmark"
LEXICON = {
    "river": ("Fluss", "река"),
    "bridge": ("Brücke", "мост"),
    "town": ("Stadt", "город"),
    "old": ("alt", "старый"),
    "where": ("wo", "где"),
}


def squad(context: str, question: str, answer: str, *, title: str = "t", id: str = "q") -> dict[str, object]:
    """An article in SQuAD's form with one paragraph and one question; the answer stands in the context."""
    answers = [{"text": answer, "answer_start": context.index(answer)}]
    return {
        "title": title,
        "paragraphs": [{"context": context, "qas": [{"id": id, "question": question, "answers": answers}]}],
    }


def write_squad(path: Path, articles: Sequence[dict[str, object]]) -> None:
    """Writes articles as .json or .json.gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"data": list(articles)})
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def write_tsv(path: Path, rows: Sequence[tuple[str, str, str]]) -> None:
    """Writes three columns as .tsv.gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join("\t".join(row) + "\n" for row in rows).encode()))


def titles() -> list[str]:
    """A title for each of MLQA's parts, in their order."""
    return [next(f"title {n}" for n in range(99) if part(f"title {n}") == wanted) for wanted in range(4)]


def write_data(data: Path) -> Path:
    """Writes the folder: every set that training reads, and benchmarks with the word "benchmark" in every text."""
    for lang in (lang for lang in LANGUAGES if lang != "en"):
        rows = [
            (f"Sentence {n} of the long story that goes on until the end of the road.", f"{lang} {n}", "tatoeba")
            for n in range(12)
        ]
        write_tsv(data / "parallel" / f"en-{lang}.tsv.gz", [*rows, (SECRET, f"{SECRET} {lang}", "flores-devtest")])
        if lang not in ("bn", "te"):
            words = [(e, f"{latin}-{lang}" if lang in LATIN else other) for e, (latin, other) in LEXICON.items()]
            write_tsv(data / "lexicon" / f"en-{lang}.tsv.gz", [(*pair, "wiktionary") for pair in words])
    for name, lang in QA_FILES.items():
        text = f"The old river runs under the bridge near {name}."
        write_squad(data / "qa" / f"{name}.json.gz", [squad(text, f"Where is the river in {lang}?", "the bridge")])
    secret = squad(f"The {SECRET} text.", f"Which {SECRET}?", SECRET)
    write_squad(data / "qa" / "squad.en.dev.json.gz", [secret])
    write_squad(data / "qa" / "xquad" / "xquad.en.json", [secret])
    for context_lang, question_lang in (("en", "en"), ("de", "de"), ("de", "en"), ("en", "de")):
        articles = []
        for number, title in enumerate(titles()):
            word = SECRET if number > 1 else "town"
            text = f"{context_lang} old {word} {number}"
            articles.append(
                squad(
                    text,
                    f"{question_lang} {word} {number}?",
                    word,
                    title=title if context_lang == "en" else "x",
                    id=str(number),
                )
            )
        write_squad(data / "qa" / "mlqa-dev" / f"dev-context-{context_lang}-question-{question_lang}.json.gz", articles)
    return data


def packed(texts: Sequence[Sequence[int]]) -> PackedTexts:
    """Texts that are token ids already."""
    ids = np.asarray([number for text in texts for number in text], dtype=np.uint16)
    return PackedTexts(ids, np.cumsum([0, *map(len, texts)]))


def reading_set(n: int, n_pieces: int, *, context_tokens: int = 20, seed: int = 0) -> ReadingSet:
    """Examples of random ids from 5 on: questions of 1 to 6 tokens, a context each, answers of 1 to 3 tokens."""
    rng = np.random.default_rng(seed)
    questions = packed([rng.integers(5, n_pieces, rng.integers(1, 7)).tolist() for _ in range(n)])
    contexts = packed([rng.integers(5, n_pieces, context_tokens).tolist() for _ in range(n)])
    first = rng.integers(0, context_tokens - 3, n)
    return ReadingSet(questions, contexts, np.arange(n), first, first + rng.integers(0, 3, n), 1.0)


def tiny_config() -> BertConfig:
    """Two layers of 32 columns, without dropout."""
    return BertConfig(
        vocab_size=1,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def pair_set(n: int, n_pieces: int, name: str = "sentences", *, has_english: bool = True) -> PairSet:
    """Pairs without a common piece: three pieces on the left, two on the right; the last two share a group.

    The English of both sides is what stands on the left; of every third pair it is not known.
    """
    rng = np.random.default_rng(0)
    left = [rng.integers(5, n_pieces // 2, 3).tolist() for _ in range(n)]
    right = [rng.integers(n_pieces // 2, n_pieces, 2).tolist() for _ in range(n)]
    english = packed(
        [each if has_english and (row % 3 or name == "sentences") else [] for row, each in enumerate(left)]
    )
    group = np.arange(n, dtype=np.int32)
    group[-1] = group[-2]
    return PairSet(name, packed(left), packed(right), group, 0.5, english, english)


def tiny_body(n_pieces: int, config: BertConfig | None = None) -> BertModel:
    """A random body with embeddings of its own."""
    config = config or tiny_config()
    config.vocab_size = n_pieces
    return BertModel(config, add_pooling_layer=False)


def tiny_models(n_pieces: int = 60, *, seed: int = 0, config: BertConfig | None = None) -> MiniModels:
    """Random models."""
    torch.manual_seed(seed)
    width = (config or tiny_config()).hidden_size
    return MiniModels(torch.randn(n_pieces, width), tiny_body(1, config), tiny_body(1, config))
