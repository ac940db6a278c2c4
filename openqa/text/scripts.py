"""Which characters make words, and how a script without spaces is cut into overlapping pairs.

Everything comes from Python's own Unicode data. The classes cover the Basic Multilingual Plane exactly; above it they
are coarse ranges, so that the patterns made from them stay bitmaps (three times as fast as property look-ups).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import add
from types import MappingProxyType

# Blocks of the scripts whose words are not set off by spaces, and of Hangul, whose words carry their particles.
_BLOCKS: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {
        "Thai": ((0x0E01, 0x0E4E),),
        "Lao": ((0x0E81, 0x0ECE), (0x0EDC, 0x0EDF)),
        "Myanmar": ((0x1000, 0x103F), (0x1050, 0x108F), (0x109A, 0x109F)),
        "Myanmar Extended": ((0xA9E0, 0xA9EF), (0xA9FA, 0xA9FF), (0xAA60, 0xAA7F)),
        "Khmer": ((0x1780, 0x17DD),),
        "Hangul": ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7FF)),
        "Kana": ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)),
        "Han": ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x302F), (0x3038, 0x303C), (0x3400, 0x4DBF)),
        "Han Unified": ((0x4E00, 0x9FFF), (0xF900, 0xFAFF)),
    }
)
_ASTRAL_HAN = "\U00020000-\U0003ffff"
_ASTRAL_WORDS = "\U00010000-\U0001cfff\U0001df00-\U0001eeff"
# Invisible characters that stand inside words: soft hyphen, joiners, direction marks, byte order mark.
INVISIBLE = "\u00ad\u061c\u200c-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"

# One cluster is what is written around one consonant: vowels before it, stacked consonants, marks, vowels after it,
# in Burmese also the closing consonant; a pair of clusters is about a syllable and a half.
_THAI = "[\u0e40-\u0e44]?[\u0e01-\u0e2e]\u0e4c?[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*[\u0e30\u0e32\u0e33\u0e45]*"
_LAO = "[\u0ec0-\u0ec4]?[\u0e81-\u0eae\u0edc-\u0edf][\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece]*[\u0eb0\u0eb2\u0eb3\u0ebd]*"
_KHMER = "[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[\u17b4-\u17d1\u17d3\u17dd])*"
_BURMESE_MARK = (
    "[\u102b-\u1038\u103a-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108f]"
)
_BURMESE_CLOSE = "[\u1000-\u1021]\u1037?\u103a(?:\u1039[\u1000-\u1021])?"
_BURMESE = f"[\u1000-\u102a\u103f](?:\u1039[\u1000-\u1021]|{_BURMESE_MARK})*(?:{_BURMESE_CLOSE}{_BURMESE_MARK}*)*"
_CLUSTER_SCRIPTS_END = (
    "\u1800"  # Thai, Lao, Burmese and Khmer stand below, Hangul, Kana and Han (but for old jamo) above
)


@lru_cache(maxsize=1)
def spaceless_class() -> str:
    """The inside of a character class that matches every character of a script without spaces, and of Hangul."""
    return _class(_spaceless_codes()) + _ASTRAL_HAN


@lru_cache(maxsize=1)
def word_class() -> str:
    """The inside of a character class that matches every other letter, mark and number, and the invisible ones."""
    spaceless = frozenset(_spaceless_codes())
    return _class(code for code in range(0x10000) if code not in spaceless) + _ASTRAL_WORDS + INVISIBLE


def pairs(run: str) -> tuple[str, ...]:
    """Returns the overlapping pairs of a run of a script without spaces, and each ideograph for itself.

    A pair is two characters in Han, Kana and Hangul, two clusters in Thai, Lao, Khmer and Burmese. A run of one unit
    gives that unit. Ideographs stand alone too because many words are one ideograph long (on the four Chinese sets
    and the Japanese one of `scripts/benchmark_analysis.py` R@1 rises by 0.009 in the mean).

    Source: character clusters: Theeramunkong et al. 2000 (IRAL), for Thai.
    """
    if run < _CLUSTER_SCRIPTS_END:
        clusters = _clusters().findall(run)
        return tuple(map(add, clusters, clusters[1:])) if len(clusters) > 1 else (run,)
    if len(run) == 1:
        return (run,)
    return tuple(map(add, run, run[1:])) + tuple(_ideographs().findall(run))


def _spaceless_codes() -> Iterator[int]:
    return (code for ranges in _BLOCKS.values() for first, last in ranges for code in range(first, last + 1))


def _class(codes: Iterable[int]) -> str:
    """Ranges of the word characters among rising codes; single characters take ten times as long to compile."""
    ranges: list[list[int]] = []
    for code in codes:
        if unicodedata.category(chr(code))[0] in "LMN":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@lru_cache(maxsize=1)
def _clusters() -> re.Pattern[str]:
    return re.compile(f"{_THAI}|{_LAO}|{_KHMER}|{_BURMESE}|.", re.DOTALL)


@lru_cache(maxsize=1)
def _ideographs() -> re.Pattern[str]:
    return re.compile(f"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff{_ASTRAL_HAN}]")
