"""A shared data folder of a few lines, marked where it holds a benchmark, and models of two small layers."""

import gzip
import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

from openqa.corpus.mlqa import part
from openqa.train.codeswitch import LATIN
from openqa.train.corpora import LANGUAGES, QA_FILES
from openqa.train.data import ReadingSet
from openqa.train.mini import ReaderModel
from openqa.train.packing import PackedTexts, PairSet
from openqa.train.published import halves
from openqa.types import Array

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
    ids = np.asarray([number for text in texts for number in text], dtype=np.int32)
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


def pair_set(n: int, n_pieces: int, name: str = "sentences") -> PairSet:
    """Pairs without a common piece: three pieces on the left, two on the right; the last two share a group."""
    rng = np.random.default_rng(0)
    left = [rng.integers(5, n_pieces // 2, 3).tolist() for _ in range(n)]
    right = [rng.integers(n_pieces // 2, n_pieces, 2).tolist() for _ in range(n)]
    group = np.arange(n, dtype=np.int32)
    group[-1] = group[-2]
    return PairSet(name, packed(left), packed(right), group, 0.5)


def tiny_body(config: BertConfig | None = None) -> BertModel:
    """A random body without embeddings of pieces."""
    body = BertModel(config or tiny_config(), add_pooling_layer=False)
    body.set_input_embeddings(torch.nn.Identity())  # type: ignore[no-untyped-call]
    return body


def tiny_reader(n_pieces: int = 60, *, seed: int = 0, config: BertConfig | None = None) -> ReaderModel:
    """A random reader with a random table; the seed decides what learns, table and lower layers are always the same."""
    torch.manual_seed(0)
    table = torch.randn(n_pieces, (config or tiny_config()).hidden_size)
    model = ReaderModel(table, *halves(tiny_body(config), 1))
    torch.manual_seed(seed)
    for parameter in model.reader.parameters():
        parameter.data += 0.01 * torch.randn_like(parameter)
    return model


def write_published(path: Path, pieces: Sequence[str], *, layers: int = 2, width: int = 32, inner: int = 64) -> None:
    """Writes random weights in the form of the published encoder's file; some rows of pieces have no piece.

    Args:
        path: the file.
        pieces: all but the special ones.
        layers: of the body.
        width: columns D, a multiple of 32.
        inner: columns of a layer's middle, a multiple of 32.
    """
    rng, words = np.random.default_rng(0), ["<s>", "<pad>", "</s>", "<unk>", *pieces, "<mask>"]
    rows = len(words) + 3
    shapes = {"emb.word": (rows, width), "emb.pos": (64, width), "emb.type": (2, width)}
    vectors = {"emb.ln.w": width, "emb.ln.b": width}
    for layer in range(layers):
        shapes |= {f"l{layer}.{part}.w": (width, width) for part in ("q", "k", "v", "ao")}
        shapes |= {f"l{layer}.fi.w": (inner, width), f"l{layer}.fo.w": (width, inner)}
        vectors |= {f"l{layer}.{part}.b": width for part in ("q", "k", "v", "ao", "fo")} | {f"l{layer}.fi.b": inner}
        vectors |= {f"l{layer}.{part}.{end}": width for part in ("aln", "oln") for end in ("w", "b")}
    content = {name: blocks(rng.standard_normal(shape, np.float32)) for name, shape in shapes.items()}
    content |= {name: rng.standard_normal(size, np.float32).tobytes() for name, size in vectors.items()}
    counts = {name: int(np.prod(shape)) for name, shape in shapes.items()} | vectors
    text = [word.encode() for word in words]
    head = b"E5S1" + struct.pack("<I7ifi", 1, width, layers, 2, inner, rows, 64, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(words), 0, 2, 1, 3, sum(map(len, text)))
    head += np.cumsum([0, *map(len, text)]).astype("<u4").tobytes()
    head += rng.standard_normal(len(words), np.float32).tobytes() + b"".join(text)
    head += struct.pack("<iI3si", 1, 3, b"map", len(content))
    place = len(head) + sum(2 + len(name) + 21 for name in content)
    for name, values in content.items():
        kind = int(len(values) != 4 * counts[name])
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, counts[name], place, len(values))
        place += len(values)
    path.write_bytes(head + b"".join(content.values()))


def blocks(values: Array) -> bytes:
    """Q4_0: a scale in float16 and sixteen bytes for 32 values, the second half in the high bits."""
    rows = values.reshape(-1, 32)
    scales = (np.abs(rows).max(axis=1, keepdims=True) / 7).astype(np.float16)
    codes = (np.clip(np.rint(rows / scales.astype(np.float32)), -8, 7) + 8).astype(np.uint8)
    packed_codes = codes[:, :16] | codes[:, 16:] << 4
    return np.concatenate([scales.view(np.uint8), packed_codes], axis=1).tobytes()
