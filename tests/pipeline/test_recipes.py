from pathlib import Path

import pytest

from openqa.errors import ConfigError
from openqa.pipeline.config import read_recipe
from openqa.pipeline.recipes import recipe_names, recipe_text

INDEXES = Path(__file__).parents[2] / "indexes"


def test_the_recipes_kept_here_are_those_that_the_command_prints() -> None:
    """At least ten languages of Wikipedia and of WebFAQ, and every other template once."""
    seen: dict[str, list[str]] = {}
    for path in sorted(INDEXES.glob("*.toml")):
        name, lang = (path.stem, "und") if path.stem in recipe_names() else path.stem.rsplit("-", 1)
        seen.setdefault(name, []).append(lang)
        assert path.read_text(encoding="utf-8") == recipe_text(name, lang)
    assert sorted(seen) == recipe_names()
    assert min(len(seen["wikipedia"]), len(seen["webfaq"])) >= 10


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_can_be_read(tmp_path: Path, name: str) -> None:
    """Its keys are known, its places filled, its index is the folder of its name."""
    path = tmp_path / "mine.toml"
    path.write_text(recipe_text(name, "en"), encoding="utf-8")
    found = read_recipe(path)
    assert found.index_path == tmp_path / "mine"
    assert found.config.lang == "en"
    assert "{lang}" not in path.read_text() + str(found.documents)


def test_the_languages_of_a_corpus_are_known() -> None:
    """WebFAQ names them by three letters; what it has not is refused with what it has."""
    assert 'documents = ["hub:PaDaS-Lab/webfaq/tur"]' in recipe_text("webfaq", "tr")
    assert 'documents = ["hub:wikimedia/wikipedia/20231101.sw"]' in recipe_text("wikipedia", "sw")
    with pytest.raises(ConfigError) as caught:
        recipe_text("mlqa", "sw")
    assert str(caught.value) == 'mlqa has no documents in "sw"; it has ar, de, en, es, hi, vi, zh'
    with pytest.raises(ConfigError, match=r'^unknown recipe "wiki"; known: miracl, .*; did you mean "wikipedia"\?$'):
        recipe_text("wiki", "tr")
