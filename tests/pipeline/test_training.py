"""Tests of whole trainings of retrievers: mining, guided rounds, stages, the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer

from openqa.errors import DataError
from openqa.pipeline.training import mine, rank, train_retriever
from openqa.train.negatives import Pool
from openqa.train.retrieval_examples import RetrievalExample
from openqa.train.retriever_config import Negatives, RetrieverConfig, read_retriever_config
from tests.cli.runs import openqa
from tests.hub import write_multi_vector_encoder, write_sentence_transformer
from tests.train.tiny import squad, write_squad

PLACES = {"Paris": "France", "Rome": "Italy", "Oslo": "Norway", "Bern": "Switzerland"}
WORDS = ("what", "is", "the", "capital", "of", "old", *PLACES, *PLACES.values(), "?", ".", "query", "passage")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def examples() -> list[RetrievalExample]:
    """A question and a passage for each town."""
    return [
        RetrievalExample(f"what is the capital of {land} ?", f"{town} is the old capital of {land} .", "en", (town,))
        for town, land in PLACES.items()
    ]


def write_questions(path: Path) -> Path:
    """The examples as SQuAD's JSON."""
    found = [
        squad(example.passage, example.query, example.answers[0], id=str(i)) for i, example in enumerate(examples())
    ]
    write_squad(path, found)
    return path


def config(folder: Path, model: Path, *stages: Any, kind: str = "dense") -> RetrieverConfig:
    """Stages over the questions."""
    data = [{"path": write_questions(folder / "q.json"), "lang": "en"}]
    whole = [{"form": "squad", "data": data, "batch": 4, "learning_rate": 0.02, **stage} for stage in stages]
    values: dict[str, Any] = {"model": str(model), "out": folder / "out", "kind": kind, "stages": whole}
    return RetrieverConfig(**values)


def test_bm25_ranks_the_pool() -> None:
    """The passage that names the country comes first, by its row."""
    pool = Pool.of(examples())
    assert [ranking[0] for ranking in rank(examples(), pool, 4, None, "dense")] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "write"), [("dense", write_sentence_transformer), ("colbert", write_multi_vector_encoder)]
)
def test_a_model_ranks_the_pool(tmp_path: Path, kind: str, write: Any) -> None:
    """Every passage once, as deep as is asked."""
    model = write(tmp_path / "m", WORDS)
    rankings = rank(examples(), Pool.of(examples()), 3, str(model), kind)
    assert [len(set(ranking)) for ranking in rankings] == [3, 3, 3, 3]


def test_mined_negatives_hold_no_answer(tmp_path: Path) -> None:
    """By bm25 and by the model, two for each question."""
    model = write_sentence_transformer(tmp_path / "m", WORDS)
    for example in mine(str(model), "dense", examples(), Negatives(by=("bm25", "model"), n=2), 0):
        assert len(set(example.negatives)) == 2
        assert not any(example.answers[0] in text for text in example.negatives)


def test_stages_follow_one_another(tmp_path: Path) -> None:
    """The second begins with the first one's model; the last one's is `out/model`; a second run trains nothing."""
    model = write_sentence_transformer(tmp_path / "m", WORDS)
    settings = config(
        tmp_path, model, {"name": "one", "epochs": 2, "negatives": {}}, {"name": "two", "negatives": {"by": ["model"]}}
    )
    trained = train_retriever(settings)
    assert trained == tmp_path / "out" / "model"
    second = json.loads((tmp_path / "out" / "two" / "stage.json").read_text())
    assert second["model"] == str(tmp_path / "out" / "one" / "model")
    before = (tmp_path / "out" / "two" / "model" / "model.safetensors").stat().st_mtime_ns
    train_retriever(settings)
    assert (tmp_path / "out" / "two" / "model" / "model.safetensors").stat().st_mtime_ns == before
    assert SentenceTransformer(str(trained), device="cpu").prompts["query"] == "query "


@pytest.mark.parametrize(
    ("kind", "write"), [("dense", write_sentence_transformer), ("colbert", write_multi_vector_encoder)]
)
def test_guided_supervision_improves_over_its_rounds(tmp_path: Path, kind: str, write: Any) -> None:
    """bm25 first; each round's Success@k is told, and a round that is done is not done again."""
    model = write(tmp_path / "m", WORDS)
    guided = {"name": "rounds", "guided": {"rounds": 2, "positives": "1,4", "triples": 4}, "epochs": 20}
    settings = config(tmp_path, model, guided, kind=kind)
    lines: list[str] = []
    train_retriever(settings, note=lines.append)
    rounds = [line for line in lines if line.startswith("round")]
    assert [line.split(",")[0] for line in rounds] == ["round 0", "round 1", "round 2"]
    assert "bm25: Success@1 1.000" in rounds[0]
    assert (tmp_path / "out" / "rounds" / "round-2" / "model").is_dir()


def test_guided_supervision_needs_answers(tmp_path: Path) -> None:
    """Otherwise nothing can be labelled."""
    model = write_sentence_transformer(tmp_path / "m", WORDS)
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"query": "a", "passage": "b"}\n', encoding="utf-8")
    stage: Any = {"name": "s", "form": "jsonl", "data": [str(path)], "guided": {}}
    with pytest.raises(DataError, match='stage "s": no example has answers'):
        train_retriever(RetrieverConfig(model=str(model), out=tmp_path / "out", stages=(stage,)))


def test_the_command_prints_the_folder(tmp_path: Path) -> None:
    """The model alone on standard output; what happens on standard error."""
    model = write_sentence_transformer(tmp_path / "m", WORDS)
    write_questions(tmp_path / "q.json")
    (tmp_path / "c.toml").write_text(
        f'model = "{model.name}"\nout = "out"\n[[stages]]\nname = "s"\nform = "squad"\n'
        'data = [{ path = "q.json", lang = "en" }]\nbatch = 4\nepochs = 10\n',
        encoding="utf-8",
    )
    done = openqa("train", "retriever", str(tmp_path / "c.toml"))
    assert done.code == 0, done.err
    assert done.out == f"{tmp_path / 'out' / 'model'}\n"
    assert "4 examples" in done.err
    assert "step 10 of 10: loss" in done.err
    assert read_retriever_config(tmp_path / "c.toml").model == str(model)


def test_the_command_names_a_wrong_key(tmp_path: Path) -> None:
    """With the file and a guess, and exit code 1."""
    (tmp_path / "c.toml").write_text('model = "m"\nout = "o"\nstage = []\n', encoding="utf-8")
    done = openqa("train", "retriever", str(tmp_path / "c.toml"))
    assert done.code == 1
    assert f'{tmp_path / "c.toml"}: unknown key "stage"' in done.err
    assert 'did you mean "stages"?' in done.err
