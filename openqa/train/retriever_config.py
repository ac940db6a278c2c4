"""How a retriever is trained: a TOML file of a model and of stages, one after the other.

model = "sentence-transformers/all-MiniLM-L6-v2"    # a hub name, or a folder relative to this file
kind = "dense"                                      # or "colbert"
out = "../models/mine"

[[stages]]
name = "questions"
form = "squad"                                      # of the data: jsonl, squad, parallel, nli, sts
data = ["squad.json", { path = "jaquad.json", lang = "ja" }]
loss = "contrastive"                                # or distillation, similarity, scores
negatives = { by = ["bm25", "model"], n = 4 }
"""

from pathlib import Path
from typing import Any

from pydantic import model_validator

from openqa.errors import ConfigError, unknown_name
from openqa.settings import Settings, beside, check_range, read_settings
from openqa.train.retrieval_examples import FORMS

KINDS = ("dense", "colbert")
LOSSES = ("contrastive", "distillation", "similarity", "scores")
MINERS = ("bm25", "model")


class DataFile(Settings):
    """A file to learn from.

    Attributes:
        path: relative to the configuration's folder.
        lang: BCP 47, of lines that do not name their own language.
    """

    path: Path
    lang: str = "und"


class Negatives(Settings):
    """Hard negatives: passages that rank high and hold no answer.

    Attributes:
        by: who ranks: "bm25", and "model", the model as it is when the stage begins.
        n: negatives for each query.
        depth: ranks they are drawn from.
        skip: ranks from the top that are left out, where answers are not known.
    """

    by: tuple[str, ...] = ("bm25",)
    n: int = 1
    depth: int = 100
    skip: int = 0

    @model_validator(mode="after")
    def _check(self) -> "Negatives":
        for name in self.by:
            if name not in MINERS:
                raise unknown_name("miner", name, MINERS)
        check_range("by", list(self.by), len(self.by) > 0, "at least one of bm25, model")
        check_range("n", self.n, self.n >= 1, "a whole number of at least 1")
        check_range("skip", self.skip, self.skip >= 0, "a whole number of at least 0")
        check_range("depth", self.depth, self.depth > self.skip, f"a whole number above skip, {self.skip},")
        return self


class Guidance(Settings):
    """Relevance-guided supervision: rounds of retrieving, labelling by answer string, and training.

    Attributes:
        rounds: trainings; the first learns from bm25's rankings, the others from those of the model before.
        positives: how many of the best passages with an answer, and within which depth: "5,50 1,1000" takes the best 5
            within the first 50 and the best 1 within the first 1,000.
        triples: drawn for each question and round.
    """

    rounds: int = 2
    positives: str = "5,50 1,1000"
    triples: int = 20

    @model_validator(mode="after")
    def _check(self) -> "Guidance":
        check_range("rounds", self.rounds, self.rounds >= 1, "a whole number of at least 1")
        check_range("triples", self.triples, self.triples >= 1, "a whole number of at least 1")
        self.depths()
        return self

    def depths(self) -> list[tuple[int, int]]:
        """Returns (most positives, depth) pairs.

        Raises:
            ConfigError: `positives` is not of its form.
        """
        try:
            pairs = [(int(n), int(depth)) for n, depth in (pair.split(",") for pair in self.positives.split())]
        except ValueError:
            pairs = []
        needed = 'pairs of a number and a depth of at least that, such as "5,50 1,1000"'
        check_range("positives", self.positives, bool(pairs) and all(1 <= n <= depth for n, depth in pairs), needed)
        return pairs


class Stage(Settings):
    """One training of the model.

    Attributes:
        name: of its folder in `out`.
        form: of the files, a key of `retrieval_examples.FORMS`.
        data: at least one file.
        loss: "contrastive" (a query's passage against the others of the batch and its negatives), "distillation" (onto
            the vectors of a teacher), "similarity" (onto scores of two sentences), "scores" (onto a teacher's scores).
        teacher: model whose vectors are learnt in distillation, a hub name or folder.
        one_language: every batch is of one language.
        dims: of the vector, that alone shall do, largest first (Matryoshka); none leaves it whole.
        batch: examples a step.
        epochs: rounds over the data.
        max_steps: steps at most; -1 is no limit.
        learning_rate: highest, after warming up over a tenth of the steps.
        save_steps: steps between two checkpoints.
        average: the model is the mean of the weights after every epoch.
        negatives: hard negatives that are mined before; only for the contrastive loss.
        guided: rounds of relevance-guided supervision; only for the contrastive loss.
    """

    name: str
    form: str
    data: tuple[DataFile, ...]
    loss: str = "contrastive"
    teacher: str | None = None
    one_language: bool = False
    dims: tuple[int, ...] = ()
    batch: int = 32
    epochs: int = 1
    max_steps: int = -1
    learning_rate: float = 2e-5
    save_steps: int = 500
    average: bool = False
    negatives: Negatives | None = None
    guided: Guidance | None = None

    @model_validator(mode="before")
    @classmethod
    def _paths(cls, values: Any) -> Any:
        """A file may be written as its path alone."""
        files = values.get("data") if isinstance(values, dict) else None
        if not isinstance(files, list | tuple):
            return values
        return {**values, "data": tuple({"path": file} if isinstance(file, str) else file for file in files)}

    @model_validator(mode="after")
    def _check(self) -> "Stage":
        if self.form not in FORMS:
            raise unknown_name("form", self.form, FORMS)
        if self.loss not in LOSSES:
            raise unknown_name("loss", self.loss, LOSSES)
        for key in ("batch", "epochs", "save_steps"):
            check_range(key, getattr(self, key), getattr(self, key) >= 1, "a whole number of at least 1")
        check_range("learning_rate", self.learning_rate, self.learning_rate > 0, "a number above 0")
        check_range("data", [], len(self.data) > 0, "a list of at least one file")
        is_falling = all(a > b for a, b in zip(self.dims, self.dims[1:], strict=False))
        check_range("dims", list(self.dims), is_falling and min(self.dims, default=1) >= 1, "widths, largest first,")
        is_name = self.name not in ("", ".", "..") and not set(self.name) & set("/\\\0")
        check_range("name", self.name, is_name, "a name that can be a folder's")
        self._check_loss()
        return self

    def _check_loss(self) -> None:
        if (self.loss == "distillation") != (self.teacher is not None):
            raise ConfigError(f'loss is "{self.loss}"; a teacher belongs to distillation, and only to it')
        if self.loss != "contrastive" and (self.negatives or self.guided):
            raise ConfigError(f'loss is "{self.loss}"; negatives and guided are for the contrastive loss')
        if self.negatives and self.guided:
            raise ConfigError("negatives and guided are both given; guided finds its own negatives")
        if self.loss == "similarity" and self.form != "sts":
            raise ConfigError(f'form is "{self.form}"; the similarity loss learns from "sts"')


class RetrieverConfig(Settings):
    """A whole training.

    Attributes:
        model: hub name or folder of the model at the start.
        kind: "dense" (one vector a text) or "colbert" (one a token).
        out: folder for the stages and, at the end, `model`.
        max_tokens: longest text; the rest is cut off. The model's own limit where it is None.
        seed: decides everything that is drawn.
        stages: at least one.
    """

    model: str
    out: Path
    stages: tuple[Stage, ...]
    kind: str = "dense"
    max_tokens: int | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _check(self) -> "RetrieverConfig":
        if self.kind not in KINDS:
            raise unknown_name("kind", self.kind, KINDS)
        names = [stage.name for stage in self.stages]
        check_range(
            "stages", names, len(names) > 0 and len(set(names)) == len(names), "at least one, each by its name,"
        )
        if self.max_tokens is not None:
            check_range("max_tokens", self.max_tokens, self.max_tokens >= 8, "a whole number of at least 8")
        for stage in self.stages:
            if self.kind == "colbert" and (stage.loss in ("distillation", "similarity") or stage.dims):
                raise ConfigError(f'stage "{stage.name}": colbert learns by the losses contrastive and scores, no dims')
        return self


def read_retriever_config(path: Path) -> RetrieverConfig:
    """Returns the configuration of a file, its paths taken from the file's folder.

    Args:
        path: a .toml file.

    Raises:
        DataError: the file is missing or not TOML.
        ConfigError: a key is unknown or missing, or a value of the wrong type or out of range.
    """
    config = read_settings(path, RetrieverConfig)
    folder = path.parent
    stages = [
        stage.model_copy(
            update={
                "data": tuple(file.model_copy(update={"path": folder / file.path}) for file in stage.data),
                "teacher": beside(path, stage.teacher) if stage.teacher else None,
            }
        )
        for stage in config.stages
    ]
    return config.model_copy(
        update={"model": beside(path, config.model), "out": folder / config.out, "stages": tuple(stages)}
    )
