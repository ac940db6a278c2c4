"""IndexConfig and recipes."""

from pathlib import Path
from typing import Any

import pytest

from openqa.corpus import Fields
from openqa.errors import ConfigError, DataError
from openqa.pipeline.config import IndexConfig, read_recipe

KEYS = "b, encoder, k1, lang, parts, segment_size, split, window_words"


def recipe(folder: Path, text: str) -> Path:
    """A recipe file."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_those_of_the_design() -> None:
    """BM25 as Lucene has it, about 100 words a passage, 100,000 passages a segment."""
    config = IndexConfig()
    assert (config.k1, config.b, config.window_words, config.segment_size) == (0.9, 0.4, 100, 100_000)
    assert (config.parts, config.lang, config.encoder) == (("bm25", "dense"), "und", "mini")


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    """The message lists what is allowed."""
    wrong: dict[str, Any] = {"windowwords": 80}
    with pytest.raises(ConfigError) as error:
        IndexConfig(**wrong)
    assert str(error.value) == f'unknown key "windowwords"; known: {KEYS}; did you mean "window_words"?'


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"k1": -1}, "k1 is -1.0; a number of at least 0 is needed"),
        ({"b": 1.5}, "b is 1.5; a number within 0 and 1 is needed"),
        ({"window_words": 0}, "window_words is 0; a whole number of at least 1 is needed"),
        ({"segment_size": 0}, "segment_size is 0; a whole number of at least 1 is needed"),
        ({"k1": float("inf")}, "k1 is Infinity; a number of at least 0 is needed"),
        ({"lang": "turkish"}, 'lang is "turkish"; a BCP 47 tag such as "tr", or "und", is needed'),
        ({"lang": "tr,en"}, 'lang is "tr,en"; a BCP 47 tag such as "tr", or "und", is needed'),
        ({"lang": " "}, 'lang is " "; a BCP 47 tag such as "tr", or "und", is needed'),
        ({"split": "lines"}, 'unknown way of splitting "lines"; known: document, sentences'),
        ({"parts": ()}, "parts is []; at least one part, each once, is needed; known: bm25, dense"),
        (
            {"parts": ("bm25", "bm25")},
            'parts is ["bm25", "bm25"]; at least one part, each once, is needed; known: bm25, dense',
        ),
        ({"parts": ("dens",)}, 'unknown part "dens"; known: bm25, dense; did you mean "dense"?'),
    ],
)
def test_a_value_out_of_range_is_refused(values: dict[str, Any], message: str) -> None:
    """Each message names the key, the value and what is needed."""
    with pytest.raises(ConfigError) as error:
        IndexConfig(**values)
    assert str(error.value) == message


def test_a_value_of_the_wrong_type_is_refused() -> None:
    """In our own words and not pydantic's."""
    cases: dict[str, tuple[Any, str]] = {
        "window_words": ("many", 'window_words is "many"; a whole number is needed'),
        "segment_size": (1.5, "segment_size is 1.5; a whole number is needed"),
        "k1": ("x", 'k1 is "x"; a number is needed'),
        "lang": (3, "lang is 3; a string is needed"),
        "parts": ("bm25", 'parts is "bm25"; a list is needed'),
    }
    for key, (value, message) in cases.items():
        with pytest.raises(ConfigError) as error:
            IndexConfig(**{key: value})
        assert str(error.value) == message
    wrong: dict[str, Any] = {"parts": (3,)}
    with pytest.raises(ConfigError) as error:
        IndexConfig(**wrong)
    assert str(error.value) == "parts[0] is 3; a string is needed"


def test_a_config_cannot_be_changed() -> None:
    """It is frozen."""
    config = IndexConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.k1 = 2.0


def test_a_recipe_names_its_documents_relative_to_itself(tmp_path: Path) -> None:
    """The index is the recipe's path without its suffix."""
    path = recipe(tmp_path, 'documents = ["data/a.jsonl", "-"]\nlang = "tr"\nparts = ["bm25"]\ntext_field = "body"\n')
    found = read_recipe(path)
    assert found.index_path == tmp_path / "mine"
    assert found.documents == (tmp_path / "data/a.jsonl", Path("-"))
    assert found.config == IndexConfig(lang="tr", parts=("bm25",))
    assert found.fields == Fields("body")


def test_what_is_given_goes_before_the_recipe(tmp_path: Path) -> None:
    """As options of the command line do."""
    path = recipe(tmp_path, 'documents = "a.jsonl"\nlang = "tr"\nk1 = 1.2\n')
    found = read_recipe(path, {"lang": "az", "id_field": "key"})
    assert (found.config.lang, found.config.k1, found.fields.id) == ("az", 1.2, "key")
    assert found.documents == (tmp_path / "a.jsonl",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lang = 'tr'", "documents is missing; a list of at least one file or folder is needed"),
        ("documents = [3]", "documents is [3]; a list of at least one file or folder is needed"),
        ("documents = 'a'\ntext_field = 3", "text_field is 3; the name of a field is needed"),
        (
            "documents = 'a'\nlangs = 'tr'",
            'unknown key "langs"; known: b, documents, encoder, id_field, k1, lang, parts, segment_size, split, '
            'tables, text_field, title_field, window_words; did you mean "lang"?',
        ),
        ("documents = 'a'\nk1 = -1", "k1 is -1.0; a number of at least 0 is needed"),
    ],
)
def test_a_wrong_recipe_is_refused_by_its_path(tmp_path: Path, text: str, message: str) -> None:
    """The path stands before the message."""
    path = recipe(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read_recipe(path)
    assert str(error.value) == f"{path}: {message}"


def test_a_recipe_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    """In the words of the parser."""
    path = recipe(tmp_path, "documents = [")
    with pytest.raises(DataError, match=r"mine\.toml: not valid TOML \(.+\); write it as key = value lines$"):
        read_recipe(path)


def test_a_missing_recipe_is_refused(tmp_path: Path) -> None:
    """As any file that is missing."""
    with pytest.raises(DataError, match="No such file"):
        read_recipe(tmp_path / "none.toml")
