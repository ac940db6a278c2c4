"""Tests of the stages of a retriever's training, on random models of one layer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import MultiVectorEncoder, SentenceTransformer

from openqa.errors import ConfigError, DataError, ModelError
from openqa.train.averaging import average_weights
from openqa.train.retrieval_examples import RetrievalExample
from openqa.train.retriever import Start, train_stage
from openqa.train.retriever_config import Stage
from tests.hub import write_multi_vector_encoder, write_sentence_transformer

COLOURS = ("red", "blue", "green", "black", "white", "grey", "pink", "brown")
ANIMALS = ("dog", "cat", "cow", "hen", "fox", "owl", "bee", "ant")
WORDS = (*COLOURS, *ANIMALS, "query", "passage", "who", "is", "the", "one")
EXAMPLES = [RetrievalExample(f"who is {c}", f"the {a} one", "en") for c, a in zip(COLOURS, ANIMALS, strict=True)]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def stage(**values: Any) -> Stage:
    """Thirty steps over eight examples."""
    return Stage(
        **{"name": "s", "form": "jsonl", "data": ["x"], "batch": 8, "learning_rate": 0.02, "epochs": 30, **values}
    )


def test_a_dense_model_learns_eight_pairs(tmp_path: Path) -> None:
    """Afterwards every query is nearest to its passage."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    losses: list[float] = []
    trained = train_stage(
        Start(str(start)), stage(), EXAMPLES, tmp_path / "out", on_log=lambda *log: losses.append(log[2])
    )
    model = SentenceTransformer(str(trained), device="cpu")
    queries = model.encode_query([example.query for example in EXAMPLES], normalize_embeddings=True)
    passages = model.encode_document([example.passage for example in EXAMPLES], normalize_embeddings=True)
    assert (np.argmax(queries @ passages.T, axis=1) == np.arange(8)).all()
    assert losses[-1] < losses[0]
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_matryoshka_teaches_the_first_dimensions(tmp_path: Path) -> None:
    """The first four of sixteen tell the passages apart, too."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    trained = train_stage(Start(str(start)), stage(dims=[16, 4], epochs=60), EXAMPLES, tmp_path / "out")
    model = SentenceTransformer(str(trained), device="cpu", truncate_dim=4)
    queries = model.encode_query([example.query for example in EXAMPLES], normalize_embeddings=True)
    passages = model.encode_document([example.passage for example in EXAMPLES], normalize_embeddings=True)
    assert (np.argmax(queries @ passages.T, axis=1) == np.arange(8)).mean() >= 7 / 8


def test_too_many_dimensions_are_refused(tmp_path: Path) -> None:
    """The model has sixteen."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    with pytest.raises(ConfigError, match=r"dims is \[32, 16\]; the model's vectors have 16 dimensions"):
        train_stage(Start(str(start)), stage(dims=[32, 16]), EXAMPLES, tmp_path / "out")


def test_distillation_draws_a_translation_to_the_teacher(tmp_path: Path) -> None:
    """The student's vectors of both sides come near the teacher's vector of the English."""
    start = write_sentence_transformer(tmp_path / "start", WORDS, seed=1)
    teacher = write_sentence_transformer(tmp_path / "teacher", WORDS, seed=2)
    english = SentenceTransformer(str(teacher), device="cpu").encode([example.query for example in EXAMPLES])

    def similarity(path: Path) -> float:
        student = SentenceTransformer(str(path), device="cpu").encode([example.passage for example in EXAMPLES])
        return float(
            np.mean([a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(student, english, strict=True)])
        )

    settings = stage(loss="distillation", teacher=str(teacher))
    trained = train_stage(Start(str(start)), settings, EXAMPLES, tmp_path / "out")
    assert similarity(trained) > max(0.9, similarity(start))


def test_similarity_learns_an_order(tmp_path: Path) -> None:
    """Pairs that are scored 1 come nearer than pairs that are scored 0."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    near = [RetrievalExample(c, a, scores=(1.0,)) for c, a in zip(COLOURS[:4], ANIMALS[:4], strict=True)]
    far = [RetrievalExample(c, a, scores=(0.0,)) for c, a in zip(COLOURS[4:], ANIMALS[4:], strict=True)]
    settings = stage(loss="similarity", form="sts", epochs=100)
    trained = train_stage(Start(str(start)), settings, [*near, *far], tmp_path / "out")
    model = SentenceTransformer(str(trained), device="cpu")
    left, right = (model.encode(list(words), normalize_embeddings=True) for words in (COLOURS, ANIMALS))
    cosines = (left * right).sum(axis=1)
    assert cosines[:4].min() > cosines[4:].max()


def test_a_colbert_model_learns_eight_pairs(tmp_path: Path) -> None:
    """Late interaction of each query is largest with its own passage."""
    start = write_multi_vector_encoder(tmp_path / "start", WORDS)
    trained = train_stage(Start(str(start), "colbert"), stage(epochs=100), EXAMPLES, tmp_path / "out")
    model = MultiVectorEncoder(str(trained), device="cpu")
    queries = model.encode_query([example.query for example in EXAMPLES])
    passages = model.encode_document([example.passage for example in EXAMPLES])
    scores = [[float((q @ p.T).max(dim=1).values.sum()) for p in passages] for q in queries]
    assert (np.argmax(scores, axis=1) == np.arange(8)).all()


@pytest.mark.parametrize("kind", ["dense", "colbert"])
def test_scores_of_a_teacher_are_learnt(tmp_path: Path, kind: str) -> None:
    """The loss falls where a teacher says which of two passages is right."""
    write = write_sentence_transformer if kind == "dense" else write_multi_vector_encoder
    start = write(tmp_path / "start", WORDS)
    scored = [
        RetrievalExample(e.query, e.passage, negatives=(EXAMPLES[i - 1].passage,), scores=(9.0, 1.0))
        for i, e in enumerate(EXAMPLES)
    ]
    losses: list[float] = []
    train_stage(
        Start(str(start), kind),
        stage(loss="scores", epochs=60),
        scored,
        tmp_path / "out",
        on_log=lambda *log: losses.append(log[2]),
    )
    assert losses[-1] < 0.5 * losses[0]


def test_batches_of_one_language(tmp_path: Path) -> None:
    """A batch of four over eight Turkish and four Thai pairs is never mixed."""
    from openqa.train.retriever import _trainer

    start = write_sentence_transformer(tmp_path / "start", WORDS)
    pairs = [RetrievalExample(f"who is {c}", f"the {a} one", "tr") for c, a in zip(COLOURS, ANIMALS, strict=True)]
    pairs += [RetrievalExample(f"is {c}", f"one {a}", "th") for c, a in zip(COLOURS[:4], ANIMALS[:4], strict=True)]
    model = SentenceTransformer(str(start), device="cpu")
    trainer = _trainer(model, Start(str(start)), stage(one_language=True, batch=4), pairs, tmp_path / "c")
    batches = list(trainer.get_train_dataloader())
    lengths = [{int(n) for n in batch["query_attention_mask"].sum(dim=1)} for batch in batches]
    assert len(batches) == 3
    assert all(len(found) == 1 for found in lengths)  # Turkish queries have a word more than Thai ones
    assert len(set(map(frozenset, lengths))) == 2


def test_a_stopped_stage_goes_on(tmp_path: Path) -> None:
    """After a stop at step 20 of 30 the second run goes on, and its weights equal an uninterrupted run's."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    settings = stage(save_steps=10)

    def stop(step: int, steps: int, loss: float) -> None:
        if step >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_stage(Start(str(start)), settings, EXAMPLES, tmp_path / "out", on_log=stop)
    steps: list[int] = []
    trained = train_stage(
        Start(str(start)), settings, EXAMPLES, tmp_path / "out", on_log=lambda *log: steps.append(log[0])
    )
    whole = train_stage(Start(str(start)), settings, EXAMPLES, tmp_path / "whole")
    assert min(steps) > 10
    one, other = (SentenceTransformer(str(path), device="cpu").state_dict() for path in (trained, whole))
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)


def test_a_finished_stage_is_left_alone(tmp_path: Path) -> None:
    """The second call trains nothing."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    trained = train_stage(Start(str(start)), stage(epochs=1), EXAMPLES, tmp_path / "out")
    before = (trained / "model.safetensors").stat().st_mtime_ns
    assert train_stage(Start(str(start)), stage(epochs=1), [], tmp_path / "out") == trained
    assert (trained / "model.safetensors").stat().st_mtime_ns == before


def test_other_settings_in_the_same_folder_are_refused(tmp_path: Path) -> None:
    """Nothing is lost, and the message says what differs."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    train_stage(Start(str(start)), stage(epochs=1), EXAMPLES, tmp_path / "out")
    with pytest.raises(ConfigError) as error:
        train_stage(Start(str(start)), stage(epochs=2), EXAMPLES, tmp_path / "out")
    assert str(error.value) == (
        f"{tmp_path / 'out'}: holds a training with epochs 1, this one has 2; give another name or out, or start "
        f"over with --restart"
    )
    assert json.loads((tmp_path / "out" / "stage.json").read_text())["epochs"] == 1


def test_the_mean_of_epochs(tmp_path: Path) -> None:
    """The averaged model lies between the epochs: it differs from the last one's weights."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    mean = train_stage(Start(str(start)), stage(epochs=3, average=True), EXAMPLES, tmp_path / "mean")
    last = train_stage(Start(str(start)), stage(epochs=3), EXAMPLES, tmp_path / "last")
    one, other = (SentenceTransformer(str(path), device="cpu").state_dict() for path in (mean, last))
    assert any(not torch.allclose(one[name], other[name]) for name in one)


def test_averaging_is_the_uniform_mean() -> None:
    """(1 + 2 + 6) / 3 = 3; whole numbers are the last's."""
    weights = [{"w": torch.tensor([float(n)]), "n": torch.tensor([n])} for n in (1, 2, 6)]
    mean = average_weights(weights)
    assert mean["w"].tolist() == [(1 + 2 + 6) / 3]
    assert mean["n"].tolist() == [6]


def test_averaging_other_models_is_refused() -> None:
    """Names and shapes must be equal."""
    with pytest.raises(ModelError, match="checkpoints differ in b"):
        average_weights([{"a": torch.zeros(1)}, {"a": torch.zeros(1), "b": torch.zeros(1)}])
    with pytest.raises(ModelError, match="differ in the shape of a"):
        average_weights([{"a": torch.zeros(1)}, {"a": torch.zeros(2)}])
    with pytest.raises(ValueError, match="no checkpoint"):
        average_weights([])


def test_missing_scores_and_examples_are_refused(tmp_path: Path) -> None:
    """Before anything is trained."""
    start = write_sentence_transformer(tmp_path / "start", WORDS)
    with pytest.raises(DataError, match='stage "s" has no example'):
        train_stage(Start(str(start)), stage(), [], tmp_path / "a")
    with pytest.raises(DataError, match='an example has no scores, which the loss "scores" needs'):
        train_stage(Start(str(start)), stage(loss="scores"), EXAMPLES, tmp_path / "b")


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    """The message says where it was looked for."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="cannot be loaded from that folder"):
        train_stage(Start(str(tmp_path / "empty")), stage(), EXAMPLES, tmp_path / "out")
