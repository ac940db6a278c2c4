"""What a build would come to, told from a sample of its documents before it starts."""

import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from openqa.corpus.documents import read_documents
from openqa.corpus.meter import InputMeter, LeftOut
from openqa.encode import load_encoder
from openqa.pipeline.config import Recipe
from openqa.pipeline.index import build
from openqa.pipeline.passages import document_passages

SAMPLE_DOCUMENTS = 20_000
BUILT_PASSAGES = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build would come to.

    Attributes:
        n_sampled: documents that were read for it.
        is_whole: they are all that there are.
        n_documents: in all, about; None where the input does not tell how much it holds.
        n_passages: of them.
        size_bytes: of the index.
        seconds: that one process would take.
        passages_per_document: in the sample.
        left_out: files that cannot be read, among those of the sample.
    """

    n_sampled: int
    is_whole: bool
    n_documents: int | None
    n_passages: int | None
    size_bytes: int | None
    seconds: float | None
    passages_per_document: float
    left_out: tuple[LeftOut, ...]


def estimate(recipe: Recipe) -> Estimate:
    """Reads the first documents of a recipe, builds an index of some of them in a temporary folder, and extrapolates.

    Args:
        recipe: what is to be built; nothing of it is written.

    Raises:
        DataError: a path is missing, of no known layout or without documents, or one of the first records is wrong.
        ConfigError: the encoder is unknown.
    """
    meter = InputMeter()
    found = read_documents(recipe.documents, lang=recipe.config.lang, fields=recipe.fields, meter=meter)
    sample = list(islice(found, SAMPLE_DOCUMENTS))
    is_whole = next(found, None) is None
    passages = document_passages(iter(sample), recipe.config.splitting(), recipe.config.lang)
    n_passages = sum(len(some) for some in passages)
    share = 1.0 if is_whole else meter.share()
    scale = 1 / share if share else None
    tried = sample[: max(1, len(sample) * BUILT_PASSAGES // n_passages)]
    encoder = load_encoder(recipe.config.encoder) if "dense" in recipe.config.parts else None
    with tempfile.TemporaryDirectory(prefix="openqa-estimate-") as folder:
        build(Path(folder) / "warm", tried[:1], config=recipe.config, encoder=encoder).close()  # loads and compiles
        started = time.perf_counter()
        with build(Path(folder) / "index", tried, config=recipe.config, encoder=encoder) as index:
            took_s = time.perf_counter() - started
            n_tried, tried_bytes = len(index), index.info().size_bytes
    per_passage = n_passages * scale / n_tried if scale else None
    return Estimate(
        n_sampled=len(sample),
        is_whole=is_whole,
        n_documents=round(len(sample) * scale) if scale else None,
        n_passages=round(n_passages * scale) if scale else None,
        size_bytes=round(tried_bytes * per_passage) if per_passage else None,
        seconds=took_s * per_passage if per_passage else None,
        passages_per_document=n_passages / len(sample),
        left_out=tuple(meter.left_out),
    )
