"""How an index is built: IndexConfig in Python, a recipe (TOML) in a file; the two have the same keys.

    documents = ["../data/wikipedia-tr.jsonl.gz"]     # only a recipe has these; relative to the recipe's folder
    text_field = "text"
    id_field = "id"
    title_field = "title"
    tables = "markdown"                               # of CSV and TSV files without a column of texts
    lang = "tr"
    parts = ["bm25", "dense"]

The index of the recipe `indexes/wikipedia-tr.toml` is the folder `indexes/wikipedia-tr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import model_validator

from openqa.corpus.fields import NAMES, USUAL, Fields
from openqa.corpus.hub import is_hub
from openqa.corpus.passages import Splitting
from openqa.errors import ConfigError, unknown_name
from openqa.files import STDIN
from openqa.pipeline.parts import PARTS
from openqa.pipeline.questions import check_language
from openqa.settings import Settings, check_range, read_toml, shown

_SOURCE_KEYS = ("documents", *NAMES)


class IndexConfig(Settings):
    """How documents become an index.

    Attributes:
        parts: what the index can be searched by: "bm25", "dense", or both.
        lang: BCP 47, the language of documents that do not name their own; "und" identifies it document by document.
        split: "sentences" (passages of about `window_words` words, cut at sentence ends) or "document" (one passage a
            document, which keeps the document's id).
        window_words: the size that passages come near to.
        k1: bm25's saturation of term frequency, at least 0.
        b: bm25's share of length normalisation, within 0 and 1.
        encoder: name of the encoder of the dense part.
        segment_size: most passages in one segment.

    Raises:
        ConfigError: a key is unknown, or a value of the wrong type or out of range.
    """

    parts: tuple[str, ...] = ("bm25", "dense")
    lang: str = "und"
    split: str = "sentences"
    window_words: int = 100
    k1: float = 0.9
    b: float = 0.4
    encoder: str = "mini"
    segment_size: int = 100_000

    @model_validator(mode="after")
    def _check(self) -> "IndexConfig":
        self.splitting()
        check_parts(self.parts)
        check_range("k1", self.k1, 0 <= self.k1 < float("inf"), "a number of at least 0")
        check_range("b", self.b, 0 <= self.b <= 1, "a number within 0 and 1")
        check_range("segment_size", self.segment_size, self.segment_size >= 1, "a whole number of at least 1")
        check_language(self.lang)
        return self

    def splitting(self) -> Splitting:
        """Returns the rule by which documents become passages."""
        return Splitting(by=self.split, window_words=self.window_words)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The content of a recipe file, its paths made absolute or relative to the working folder."""

    index_path: Path
    documents: tuple[Path, ...]
    config: IndexConfig
    fields: Fields = USUAL


def check_parts(parts: tuple[str, ...]) -> None:
    """Makes sure that parts are known, there, and named once.

    Raises:
        ConfigError: they are not.
    """
    for name in parts:
        if name not in PARTS:
            raise unknown_name("part", name, PARTS)
    if not parts or len(set(parts)) != len(parts):
        raise ConfigError(
            f"parts is {shown(parts)}; at least one part, each once, is needed; known: {', '.join(PARTS)}"
        )


def read_recipe(path: Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Reads a recipe.

    Args:
        path: a file that ends in .toml.
        overrides: values that go before those of the file.

    Raises:
        DataError: the file is missing or not TOML.
        ConfigError: a key is unknown or missing, or a value of the wrong type or out of range.
    """
    values = {**read_toml(path), **(overrides or {})}
    known = (*_SOURCE_KEYS, *IndexConfig.model_fields)
    try:
        for name in values:
            if name not in known:
                raise unknown_name("key", name, known)
        documents = _document_paths(path, values.pop("documents", None))
        named = {name: _field_name(values, key) for key, name in NAMES.items() if key in values}
        config = IndexConfig(**values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    return Recipe(path.with_suffix(""), documents, config, Fields(**named))


def _document_paths(recipe: Path, value: Any) -> tuple[Path, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f"documents is {shown(value)}; a list of at least one file or folder is needed")
    return tuple(Path(name) if name == str(STDIN) or is_hub(Path(name)) else recipe.parent / name for name in names)


def _field_name(values: dict[str, Any], key: str) -> str:
    name = values.pop(key)
    if not isinstance(name, str):
        raise ConfigError(f"{key} is {shown(name)}; the name of a field is needed")
    return name
