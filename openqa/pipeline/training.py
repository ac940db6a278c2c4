"""Training a retriever from a configuration: reads the data, mines with indexes of its own, trains stage by stage.

Every stage and every round of guided supervision has a folder in `out`; one that is done is not done again.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.encode.hub import load_hub_encoder, load_sentence_transformer
from openqa.errors import DataError
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import build
from openqa.train.negatives import Pool, guided_triples, success_at, with_negatives
from openqa.train.resuming import OnLog
from openqa.train.retrieval_examples import RetrievalExample, read_examples
from openqa.train.retriever import Start, train_stage
from openqa.train.retriever_config import Guidance, Negatives, RetrieverConfig, Stage
from openqa.types import Document, Question

Note = Callable[[str], None]
SUCCESS_CUTOFFS = (1, 5, 10, 20, 50, 100)
_RERANKED = 100  # passages of bm25 that a colbert model ranks anew, at least
_BATCH = 256


def train_retriever(config: RetrieverConfig, *, note: Note = lambda line: None, on_log: OnLog | None = None) -> Path:
    """Trains all stages and returns the folder of the last one's model.

    Run again after a stop, it goes on from the newest checkpoint.

    Args:
        config: what to train.
        note: called with a line about each step.
        on_log: called with the step, the number of steps and the loss while a stage trains.

    Returns:
        The folder `out/model`.

    Raises:
        DataError: a file is missing or damaged, or has not what its stage needs.
        ConfigError: `out` holds stages of other settings.
        ModelError: a model cannot be loaded.
        MissingExtra: sentence-transformers is not installed.
    """
    training = _Training(config, note, on_log)
    model = config.model
    for stage in config.stages:
        note(f'stage "{stage.name}": reading')
        examples = [example for file in stage.data for example in read_examples(file.path, stage.form, file.lang)]
        note(f"{len(examples):,} examples")
        train = training.guided if stage.guided else training.plain
        model = str(train(model, stage, examples))
    half, final = config.out / "model.tmp", config.out / "model"
    for path in (half, final):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(model, half)
    half.rename(final)
    return final


@dataclass(frozen=True, slots=True)
class _Training:
    config: RetrieverConfig
    note: Note
    on_log: OnLog | None

    def plain(self, model: str, stage: Stage, examples: Sequence[RetrievalExample]) -> Path:
        """Mines negatives where the stage wants them, and trains."""
        folder = self.config.out / stage.name
        if stage.negatives and not (folder / "model").is_dir():
            self.note(f"mining {stage.negatives.n} negatives a query by {' and '.join(stage.negatives.by)}")
            examples = mine(model, self.config.kind, examples, stage.negatives, self.config.seed)
        return train_stage(self._start(model), stage, examples, folder, on_log=self.on_log)

    def guided(self, model: str, stage: Stage, examples: Sequence[RetrievalExample]) -> Path:
        """Rounds of retrieving, labelling and training; every round starts from the model at the start."""
        guidance = stage.guided or Guidance()
        asked = [example for example in examples if example.answers]
        if not asked:
            raise DataError(f'stage "{stage.name}": no example has answers, by which passages are labelled')
        pool = Pool.of(examples)
        depth = max(SUCCESS_CUTOFFS[-1], *(depth for _, depth in guidance.depths()))
        rankings = self._round(0, None, asked, pool, depth)
        trained = Path(model)
        for number in range(1, guidance.rounds + 1):
            rng = np.random.default_rng(self.config.seed + number)
            triples = guided_triples(asked, rankings, pool, guidance, rng)
            self.note(f"{len(triples):,} triples")
            folder = self.config.out / stage.name / f"round-{number}"
            trained = train_stage(self._start(model), stage, triples, folder, on_log=self.on_log)
            rankings = self._round(number, trained, asked, pool, depth)
        return trained

    def _round(
        self, number: int, model: Path | None, asked: Sequence[RetrievalExample], pool: Pool, depth: int
    ) -> list[list[int]]:
        """The rankings of a round's model, and a note on how good they are."""
        rankings = rank(asked, pool, depth, None if model is None else str(model), self.config.kind)
        figures = success_at(asked, rankings, pool, SUCCESS_CUTOFFS)
        shown = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
        self.note(f"round {number}, {'bm25' if model is None else model}: {shown}")
        return rankings

    def _start(self, model: str) -> Start:
        return Start(model, self.config.kind, self.config.max_tokens, self.config.seed)


def mine(
    model: str, kind: str, examples: Sequence[RetrievalExample], wanted: Negatives, seed: int
) -> list[RetrievalExample]:
    """Returns the examples with hard negatives from each other's passages.

    With two rankers each gives its half of the ranks, by turns.

    Args:
        model: hub name or folder of the model that ranks as "model".
        kind: "dense" or "colbert".
        examples: B examples.
        wanted: who ranks, and how many.
        seed: of the draw.
    """
    pool = Pool.of(examples)
    runs = [rank(examples, pool, wanted.depth, model if name == "model" else None, kind) for name in wanted.by]
    rankings = [_by_turns(found)[: wanted.depth] for found in zip(*runs, strict=True)]
    return with_negatives(examples, rankings, pool, wanted, np.random.default_rng(seed))


def rank(examples: Sequence[RetrievalExample], pool: Pool, depth: int, model: str | None, kind: str) -> list[list[int]]:
    """Returns the rows of the pool that rank best for each query.

    Args:
        examples: B examples.
        pool: N passages.
        depth: most rows of a ranking.
        model: hub name or folder; bm25 ranks where it is None.
        kind: of the model; a "colbert" model ranks bm25's best anew.
    """
    if model is not None and kind == "colbert":
        return _late_interaction(examples, pool, rank(examples, pool, max(depth, _RERANKED), None, kind), model, depth)
    name = "bm25" if model is None else "dense"
    encoder = None if model is None else load_hub_encoder(model)
    documents = (Document(str(row), text, lang=pool.langs[row]) for row, text in enumerate(pool.texts))
    questions = [Question(str(i), example.query, example.lang) for i, example in enumerate(examples)]
    with tempfile.TemporaryDirectory(prefix="openqa-train-") as folder:
        config = IndexConfig(parts=(name,), split="document", encoder=model or "static")
        index = build(Path(folder) / "index", documents, config=config, encoder=encoder)
        batches = (questions[i : i + _BATCH] for i in range(0, len(questions), _BATCH))
        found = [ranking for batch in batches for ranking in index.search(batch, depth, name)]
    return [[int(hit.passage_id) for hit in ranking] for ranking in found]


def _late_interaction(
    examples: Sequence[RetrievalExample], pool: Pool, rankings: Sequence[Sequence[int]], model: str, depth: int
) -> list[list[int]]:
    encoder = load_sentence_transformer(model, "MultiVectorEncoder")
    rows = sorted({row for ranking in rankings for row in ranking})
    texts = [pool.texts[row] for row in rows]
    passages = dict(zip(rows, encoder.encode_document(texts, show_progress_bar=False), strict=True))
    queries = encoder.encode_query([example.query for example in examples], show_progress_bar=False)
    ranked = []
    for query, ranking in zip(queries, rankings, strict=True):
        scores = {row: float((query @ passages[row].T).amax(dim=1).sum()) for row in ranking}
        ranked.append(sorted(ranking, key=lambda row: -scores[row])[:depth])
    return ranked


def _by_turns(rankings: Sequence[Sequence[int]]) -> list[int]:
    """The rows of several rankings, the best of each first."""
    longest = max(map(len, rankings))
    turns = [ranking[place] for place in range(longest) for ranking in rankings if place < len(ranking)]
    return list(dict.fromkeys(turns))
