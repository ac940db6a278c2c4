"""Templates of recipes for the corpora that people build indexes of, filled in for a language."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from openqa.errors import ConfigError, unknown_name
from openqa.evaluate import mlqa, xquad
from openqa.pipeline.questions import check_language

TEMPLATES = Path(__file__).parents[1] / "recipes"
WEBFAQ = MappingProxyType(
    {
        "ar": "ara", "da": "dan", "de": "deu", "en": "eng", "es": "spa", "fa": "fas", "fr": "fra", "hi": "hin",
        "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "pl": "pol", "pt": "por", "ru": "rus",
        "sv": "swe", "tr": "tur", "vi": "vie", "zh": "zho",
    }
)  # fmt: skip
_MIRACL = ("ar", "bn", "de", "en", "es", "fa", "fi", "fr", "hi", "id", "ja", "ko", "ru", "sw", "te", "th", "yo", "zh")
_LANGS: Mapping[str, tuple[str, ...]] = MappingProxyType(  # that a corpus has; any, of the others
    {"webfaq": tuple(WEBFAQ), "miracl": _MIRACL, "mlqa": mlqa.LANGS, "xquad": xquad.LANGS}
)


def recipe_names() -> list[str]:
    """Returns the names of the templates."""
    return sorted(path.stem for path in TEMPLATES.glob("*.toml"))


def recipe_text(name: str, lang: str) -> str:
    """Returns a recipe as the text of its file.

    Args:
        name: of a template.
        lang: BCP 47; the language of the documents.

    Raises:
        ConfigError: there is no such template, or the corpus has no such language.
    """
    if name not in recipe_names():
        raise unknown_name("recipe", name, recipe_names())
    check_language(lang)
    known = _LANGS.get(name)
    if known and lang not in known:
        raise ConfigError(f'{name} has no documents in "{lang}"; it has {", ".join(known)}')
    text = (TEMPLATES / f"{name}.toml").read_text(encoding="utf-8")
    return text.replace("{lang}", lang).replace("{iso3}", WEBFAQ.get(lang, lang))
