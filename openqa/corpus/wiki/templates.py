"""What templates show without being expanded, from their names and arguments."""

import re
from collections.abc import Sequence

from openqa.corpus.wiki.names import SHOWN_ARGUMENT, SHOWN_MARK, SILENT_IN_VALUES
from openqa.corpus.wiki.tags import PIPE, SHIELD, VOID

_INFOBOX_PARAMETERS = 3
_INFOBOX_NAME = re.compile(r"(?:infobox|taxobox|speciesbox|automatic taxobox|infobulle|info|bilgi kutusu)\b", re.I)
_NAMED = re.compile(r"\s*+[^=\s][^=]*+=")
_FUNCTION = re.compile(r"(formatnum|lc|uc|lcfirst|ucfirst|nowrap)\s*+:(.*)", re.I | re.S)
_CONVERTED = frozenset({"convert", "cvt", "çevir", "dönüştür", "convertir", "unité", "unit"})
_BETWEEN = frozenset({"to", "-", "–", "and", "or", "by", "x", "×", "+/-", "±"})
_FRACTIONS = frozenset({"frac", "fraction", "sfrac", "kesir"})
_EQUALS = chr(SHIELD[ord("=")])


def arguments(text: str) -> tuple[list[str], list[str]]:
    """Returns the named arguments of a template that nests nothing, each as "name=value", and the others.

    Args:
        text: all after the name, with the bar before each argument; may be empty.
    """
    named: list[str] = []
    others: list[str] = []
    for argument in text.split("|")[1:]:
        (named if _NAMED.match(argument) else others).append(argument.strip())
    return named, others


def is_infobox(name: str, n_named: int, *, is_top: bool) -> bool:
    """True for a template whose named arguments are facts: it has three, and stands at the top or is called infobox.

    Args:
        name: of the template.
        n_named: how many named arguments it has.
        is_top: whether it stands above the first heading, on a line of its own.
    """
    return n_named >= _INFOBOX_PARAMETERS and (is_top or bool(_INFOBOX_NAME.match(name.strip())))


def template_text(name: str, shown: Sequence[str], *, is_value: bool = False) -> str:
    """Returns what a template shows in running text: the argument that it dresses up, or nothing.

    Args:
        name: of the template; may hold an argument of its own, as in "formatnum:12".
        shown: its arguments without a name.
        is_value: whether it is the value of another template's argument, where an unknown one shows its arguments
            (`{{birth date|1881|5|19}}` is 1881-5-19).
    """
    key = name.strip().replace("_", " ").lower()
    if key == "!":
        return PIPE
    if key == "=":
        return _EQUALS
    function = _FUNCTION.fullmatch(name.strip())
    if function:
        return function[2].strip()
    if key in SHOWN_MARK:
        return SHOWN_MARK[key]
    return _dressed(key, [argument for argument in shown if argument], is_value) or VOID


def _dressed(key: str, shown: list[str], is_value: bool) -> str:
    place = 0 if key.startswith(("lang-", "dil-")) else SHOWN_ARGUMENT.get(key)
    if place is not None:
        return shown[place] if shown[place:] else "".join(shown[-1:])
    if key in _CONVERTED:
        return " ".join(shown[: 4 if len(shown) > 3 and shown[1] in _BETWEEN else 2])
    if key in _FRACTIONS:
        return "/".join(shown[-2:])
    if key in ("circa", "c."):
        return f"c. {' '.join(shown[:1])}".strip()
    if is_value and not key.startswith("#") and not _is_silent(key):
        return _joined(shown)
    return ""


def _is_silent(key: str) -> bool:
    return any(key == name or key.startswith(f"{name} ") for name in SILENT_IN_VALUES)


def _joined(shown: list[str]) -> str:
    numbers = [argument for argument in shown if argument.isdecimal()]
    if len(numbers) >= 3:
        return "-".join(numbers[:3])
    return ", ".join(shown)
