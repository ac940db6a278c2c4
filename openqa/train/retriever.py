"""Trains one stage of a retriever with the trainers of sentence-transformers: dense, or one vector a token.

Sources: in-batch negatives: Karpukhin et al. 2020 (arXiv:2004.04906); distillation of vectors onto translations:
Reimers & Gurevych 2020 (arXiv:2004.09813); Matryoshka: Kusupati et al. 2022 (arXiv:2205.13147); late interaction:
Khattab & Zaharia 2020 (arXiv:2004.12832); similarity of sentences: CoSENT, https://kexue.fm/archives/8847.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sentence_transformers as st
import torch
from datasets import Dataset, DatasetDict
from sentence_transformers.base.sampler import BatchSamplers, MultiDatasetBatchSamplers
from sentence_transformers.multi_vector_encoder import losses as token_losses
from sentence_transformers.sentence_transformer import losses
from transformers import PrinterCallback

from openqa.encode.hub import load_sentence_transformer
from openqa.errors import ConfigError, DataError
from openqa.train.averaging import average_weights
from openqa.train.negatives import with_equal_negatives
from openqa.train.resuming import LossLog, OnLog, check_same, newest_checkpoint, whole_checkpoints
from openqa.train.retrieval_examples import RetrievalExample
from openqa.train.retriever_config import Stage

WARMUP = 0.1  # of the steps
ROLED = ("contrastive", "scores")  # losses of a query and passages; the others' texts are equals and get no prefix
_CLASSES = {"dense": "SentenceTransformer", "colbert": "MultiVectorEncoder"}


@dataclass(frozen=True, slots=True)
class Start:
    """The model that a stage begins with.

    Attributes:
        model: hub name or folder.
        kind: "dense" or "colbert".
        max_tokens: longest text; the model's own limit where it is None.
        seed: of batches and negatives.
    """

    model: str
    kind: str = "dense"
    max_tokens: int | None = None
    seed: int = 0

    def load(self) -> Any:
        """Returns the model, as sentence-transformers has it.

        Raises:
            ModelError: it cannot be loaded.
        """
        encoder = load_sentence_transformer(self.model, _CLASSES[self.kind])
        if self.max_tokens is not None:
            encoder.max_seq_length = self.max_tokens
        return encoder


def train_stage(
    start: Start,
    stage: Stage,
    examples: Sequence[RetrievalExample],
    folder: Path,
    *,
    on_log: OnLog | None = None,
) -> Path:
    """Trains a model and saves it; goes on from the newest checkpoint in the folder, and does nothing when done.

    Args:
        start: the model at the start.
        stage: settings; its data files are not read.
        examples: what to learn from, at least one.
        folder: takes checkpoints and, when done, `model`.
        on_log: called with the step, the number of steps and the loss.

    Returns:
        The folder of the trained model.

    Raises:
        DataError: there is no example, or they have not what the loss needs.
        ModelError: the model cannot be loaded.
        ConfigError: the folder holds checkpoints of other settings.
    """
    done = folder / "model"
    check_same(folder / "stage.json", {**asdict(start), **stage.model_dump(mode="json")})
    if done.is_dir():
        return done
    if not examples:
        raise DataError(f'stage "{stage.name}" has no example; give files with at least one')
    encoder = start.load()
    trainer = _trainer(encoder, start, stage, examples, folder / "checkpoints")
    if on_log:
        trainer.add_callback(LossLog(on_log))
    newest = newest_checkpoint(folder / "checkpoints")
    trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    if stage.average:
        _load_mean(encoder, start, folder / "checkpoints")
    half = folder / "model.tmp"
    encoder.save_pretrained(str(half))
    half.rename(done)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return done


def _trainer(encoder: Any, start: Start, stage: Stage, examples: Sequence[RetrievalExample], folder: Path) -> Any:
    names = {
        "dense": (st.SentenceTransformerTrainer, st.SentenceTransformerTrainingArguments),
        "colbert": (st.MultiVectorEncoderTrainer, st.MultiVectorEncoderTrainingArguments),
    }
    trainer_class, arguments_class = names[start.kind]
    columns = _columns(stage, examples, start.seed)
    arguments = arguments_class(
        output_dir=str(folder),
        per_device_train_batch_size=stage.batch,
        num_train_epochs=stage.epochs,
        max_steps=stage.max_steps,
        learning_rate=stage.learning_rate,
        warmup_steps=WARMUP,
        save_strategy="epoch" if stage.average else "steps",
        save_steps=stage.save_steps,
        save_total_limit=None if stage.average else 2,
        batch_sampler=BatchSamplers.NO_DUPLICATES if stage.loss == "contrastive" else BatchSamplers.BATCH_SAMPLER,
        multi_dataset_batch_sampler=MultiDatasetBatchSamplers.PROPORTIONAL,
        prompts=_prompts(encoder, columns) if start.kind == "dense" and stage.loss in ROLED else None,
        bf16=torch.cuda.is_available(),
        seed=start.seed,
        logging_steps=10,
        report_to="none",
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
    )
    trainer = trainer_class(
        model=encoder,
        args=arguments,
        train_dataset=_dataset(stage, examples, columns),
        loss=_loss(encoder, start.kind, stage, columns),
    )
    trainer.remove_callback(PrinterCallback)  # it prints to standard output
    return trainer


def _columns(stage: Stage, examples: Sequence[RetrievalExample], seed: int) -> dict[str, list[Any]]:
    """The texts by column, the query first, and what is to be learnt as `label`."""
    if stage.loss == "contrastive":
        examples = with_equal_negatives(examples, np.random.default_rng(seed))
    columns: dict[str, list[Any]] = {
        "query": [example.query for example in examples],
        "passage": [example.passage for example in examples],
    }
    if stage.loss in ("contrastive", "scores"):
        n_negatives = {len(example.negatives) for example in examples}
        if len(n_negatives) > 1:
            found = ", ".join(map(str, sorted(n_negatives)))
            raise DataError(f'stage "{stage.name}": examples have {found} negatives; as many for each are needed')
        for i in range(n_negatives.pop()):
            columns[f"negative_{i + 1}"] = [example.negatives[i] for example in examples]
    if stage.loss in ("scores", "similarity"):
        if not all(example.scores for example in examples):
            raise DataError(f'stage "{stage.name}": an example has no scores, which the loss "{stage.loss}" needs')
        is_single = stage.loss == "similarity"
        columns["label"] = [example.scores[0] if is_single else list(example.scores) for example in examples]
    if stage.loss == "distillation" and stage.teacher is not None:
        teacher = load_sentence_transformer(stage.teacher, "SentenceTransformer")
        vectors = teacher.encode(columns["query"], batch_size=64, show_progress_bar=False)
        columns["label"] = np.asarray(vectors, np.float32).tolist()
    return columns


def _dataset(stage: Stage, examples: Sequence[RetrievalExample], columns: dict[str, list[Any]]) -> Any:
    """One data set, or one a language, which batches are then drawn from in proportion to their sizes."""
    whole = Dataset.from_dict(columns)
    if not stage.one_language:
        return whole
    rows: dict[str, list[int]] = {}
    for row, example in enumerate(examples):
        rows.setdefault(example.lang, []).append(row)
    return DatasetDict({lang: whole.select(rows[lang]) for lang in sorted(rows)})


def _loss(encoder: Any, kind: str, stage: Stage, columns: dict[str, list[Any]]) -> torch.nn.Module:
    loss: torch.nn.Module
    if kind == "colbert":
        by_token = {
            "contrastive": token_losses.MultiVectorMultipleNegativesRankingLoss,
            "scores": token_losses.MultiVectorDistillKLDivLoss,
        }
        loss = by_token[stage.loss](encoder)
        return loss
    if stage.loss == "distillation":
        width = len(columns["label"][0])
        differs = width != encoder.get_embedding_dimension()
        loss = losses.EmbedDistillLoss(encoder, "cosine", projection_dim=width if differs else None)
    else:
        dense = {
            "contrastive": losses.MultipleNegativesRankingLoss,
            "similarity": losses.CoSENTLoss,
            "scores": losses.DistillKLDivLoss,
        }
        loss = dense[stage.loss](encoder)
    if not stage.dims:
        return loss
    if stage.dims[0] > encoder.get_embedding_dimension():
        raise ConfigError(
            f"dims is {list(stage.dims)}; the model's vectors have {encoder.get_embedding_dimension()} dimensions"
        )
    return losses.MatryoshkaLoss(encoder, loss, matryoshka_dims=list(stage.dims))


def _prompts(encoder: Any, columns: dict[str, list[Any]]) -> dict[str, str]:
    """The model's own prefixes, of queries and of passages."""
    query, passage = (encoder.prompts.get(name) or "" for name in ("query", "document"))
    passage = passage or encoder.prompts.get("passage") or ""
    return {name: query if name == "query" else passage for name in columns if name != "label"}


def _load_mean(encoder: Any, start: Start, folder: Path) -> None:
    """Puts the mean of all checkpoints' weights into the model."""
    weights = [replace(start, model=str(path)).load().state_dict() for path in whole_checkpoints(folder)]
    encoder.load_state_dict(average_weights([{name: t.cpu() for name, t in found.items()} for found in weights]))
