"""Tests of retriever configurations: the shipped ones, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from openqa.errors import ConfigError, DataError
from openqa.train.retriever_config import RetrieverConfig, read_retriever_config

ROOT = Path(__file__).parents[2]
MINIMAL: dict[str, Any] = {"model": "m", "out": "o", "stages": [{"name": "s", "form": "jsonl", "data": ["a.jsonl"]}]}


@pytest.mark.parametrize("path", sorted((ROOT / "training" / "retriever").glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_configurations_are_valid(path: Path) -> None:
    """Each is read, and its data paths are relative to it."""
    config = read_retriever_config(path)
    assert config.stages
    assert all(file.path.is_relative_to(path.parent) for stage in config.stages for file in stage.data)


def test_there_is_a_configuration_for_each_way() -> None:
    """The names that the README lists."""
    names = {path.stem for path in (ROOT / "training" / "retriever").glob("*.toml")}
    assert names >= {"dense", "colbert", "guided", "webfaq", "indic-sbert"}


def test_a_file_may_be_its_path_alone(tmp_path: Path) -> None:
    """Paths are taken from the configuration's folder; a model that is a folder there, too."""
    (tmp_path / "m").mkdir()
    text = 'model = "m"\nout = "o"\n[[stages]]\nname = "s"\nform = "squad"\n'
    (tmp_path / "c.toml").write_text(text + 'data = ["a.json", { path = "b.json", lang = "ja" }]\n', encoding="utf-8")
    config = read_retriever_config(tmp_path / "c.toml")
    assert (config.model, config.out) == (str(tmp_path / "m"), tmp_path / "o")
    assert [(file.path, file.lang) for file in config.stages[0].data] == [
        (tmp_path / "a.json", "und"),
        (tmp_path / "b.json", "ja"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "sparse"}, 'unknown kind "sparse"; known: colbert, dense'),
        ({"stages": []}, "stages is []; at least one, each by its name, is needed"),
        ({"max_tokens": 2}, "max_tokens is 2; a whole number of at least 8 is needed"),
        (
            {"modle": "x"},
            'unknown key "modle"; known: kind, max_tokens, model, out, seed, stages; did you mean "model"?',
        ),
        ({"model": None}, "model is missing; a string is needed"),
    ],
)
def test_a_wrong_value_is_refused(change: dict[str, Any], message: str) -> None:
    """The message names the key, the value and what is allowed."""
    with pytest.raises(ConfigError) as error:
        RetrieverConfig(**{**MINIMAL, **change})
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"form": "csv"}, 'unknown form "csv"; known: jsonl, nli, parallel, squad, sts'),
        (
            {"loss": "contrast"},
            'unknown loss "contrast"; known: contrastive, distillation, scores, similarity; did you',
        ),
        ({"batch": 0}, "batch is 0; a whole number of at least 1 is needed"),
        ({"batch": "many"}, 'batch is "many"; a whole number is needed'),
        ({"data": []}, "data is []; a list of at least one file is needed"),
        ({"dims": [64, 128]}, "dims is [64, 128]; widths, largest first, is needed"),
        ({"name": "../x"}, 'name is "../x"; a name that can be a folder\'s is needed'),
        ({"teacher": "t"}, 'loss is "contrastive"; a teacher belongs to distillation, and only to it'),
        ({"loss": "similarity"}, 'form is "jsonl"; the similarity loss learns from "sts"'),
        ({"negatives": {"by": ["lucene"]}}, 'unknown miner "lucene"; known: bm25, model'),
        ({"negatives": {"depth": 3, "skip": 5}}, "depth is 3; a whole number above skip, 5, is needed"),
        ({"negatives": {}, "guided": {}}, "negatives and guided are both given; guided finds its own negatives"),
        ({"guided": {"positives": "5"}}, 'positives is "5"; pairs of a number and a depth of at least that'),
        ({"epoch": 2}, 'unknown key "epoch"; known: average, batch, data'),
    ],
)
def test_a_wrong_stage_is_refused(change: dict[str, Any], message: str) -> None:
    """As for the whole configuration."""
    with pytest.raises(ConfigError) as error:
        RetrieverConfig(**{**MINIMAL, "stages": [{**MINIMAL["stages"][0], **change}]})
    assert str(error.value).startswith(message)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    (tmp_path / "c.toml").write_text("model: x", encoding="utf-8")
    with pytest.raises(DataError, match="not valid TOML"):
        read_retriever_config(tmp_path / "c.toml")
