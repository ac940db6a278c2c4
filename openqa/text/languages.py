"""The languages openqa knows by name, and how a BCP 47 tag or an ISO 639 code leads to one of them.

The table is a list of what can be treated better than by default, not a limit: every other language
goes through the default analyzer and the default sentence rules, which are sound for any script.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

UNDETERMINED = "und"


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its code, its English name, its usual script, and its Snowball algorithm ("" if none is used)."""

    code: str
    name: str
    script: str
    stemmer: str = ""


_TABLE = (
    "af Afrikaans Latin",
    "am Amharic Ethiopic",
    "ar Arabic Arabic arabic",
    "az Azerbaijani Latin",
    "be Belarusian Cyrillic",
    "bg Bulgarian Cyrillic",
    "bn Bengali Bengali",
    "ca Catalan Latin catalan",
    "cs Czech Latin czech",
    "da Danish Latin danish",
    "de German Latin german",
    "el Greek Greek greek",
    "en English Latin english",
    "es Spanish Latin spanish",
    "et Estonian Latin estonian",
    "eu Basque Latin basque",
    "fa Persian Arabic",
    "fi Finnish Latin finnish",
    "fr French Latin french",
    "ga Irish Latin irish",
    "gl Galician Latin",
    "gu Gujarati Gujarati",
    "ha Hausa Latin",
    "he Hebrew Hebrew",
    "hi Hindi Devanagari hindi",
    "hr Croatian Latin serbian",
    "hu Hungarian Latin hungarian",
    "hy Armenian Armenian armenian",
    "id Indonesian Latin indonesian",
    "ig Igbo Latin",
    "is Icelandic Latin",
    "it Italian Latin italian",
    "ja Japanese Japanese",
    "ka Georgian Georgian",
    "kk Kazakh Cyrillic",
    "km Khmer Khmer",
    "kn Kannada Kannada",
    "ko Korean Hangul",
    "ky Kyrgyz Cyrillic",
    "lo Lao Lao",
    "lt Lithuanian Latin lithuanian",
    "lv Latvian Latin",
    "mk Macedonian Cyrillic",
    "ml Malayalam Malayalam",
    "mn Mongolian Cyrillic",
    "mr Marathi Devanagari",
    "ms Malay Latin indonesian",
    "my Burmese Myanmar",
    "ne Nepali Devanagari nepali",
    "nl Dutch Latin dutch",
    "no Norwegian Latin norwegian",
    "or Odia Oriya",
    "pa Punjabi Gurmukhi",
    "pl Polish Latin polish",
    "ps Pashto Arabic",
    "pt Portuguese Latin portuguese",
    "ro Romanian Latin romanian",
    "ru Russian Cyrillic russian",
    "rw Kinyarwanda Latin",
    "si Sinhala Sinhala",
    "sk Slovak Latin",
    "sl Slovenian Latin",
    "so Somali Latin",
    "sq Albanian Latin",
    "sr Serbian Cyrillic serbian",
    "sv Swedish Latin swedish",
    "sw Swahili Latin",
    "ta Tamil Tamil tamil",
    "te Telugu Telugu",
    "th Thai Thai",
    "tl Tagalog Latin",
    "tr Turkish Latin turkish",
    "uk Ukrainian Cyrillic",
    "ur Urdu Arabic",
    "uz Uzbek Latin",
    "vi Vietnamese Latin",
    "xh Xhosa Latin",
    "yi Yiddish Hebrew yiddish",
    "yo Yoruba Latin",
    "zh Chinese Han",
    "zu Zulu Latin",
)

LANGUAGES: Mapping[str, Language] = MappingProxyType({row.split()[0]: Language(*row.split()) for row in _TABLE})

# Codes that mean a language of the table: withdrawn ISO 639-1 codes, ISO 639-2 and 639-3, and varieties that share
# a written standard closely enough to be analysed alike.
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        alias: code
        for code, aliases in {
            "af": "afr",
            "am": "amh",
            "ar": "ara arb arz ary apc ajp acm afb aeb",
            "az": "aze azj azb",
            "be": "bel",
            "bg": "bul",
            "bn": "ben",
            "ca": "cat",
            "cs": "ces cze",
            "da": "dan",
            "de": "deu ger gsw als bar",
            "el": "ell gre",
            "en": "eng",
            "es": "spa",
            "et": "est ekk",
            "eu": "eus baq",
            "fa": "fas per pes prs",
            "fi": "fin",
            "fr": "fra fre",
            "ga": "gle",
            "gl": "glg",
            "gu": "guj",
            "ha": "hau",
            "he": "iw heb",
            "hi": "hin",
            "hr": "hrv bs bos",
            "hu": "hun",
            "hy": "hye arm",
            "id": "in ind",
            "ig": "ibo",
            "is": "isl ice",
            "it": "ita",
            "ja": "jpn",
            "ka": "kat geo",
            "kk": "kaz",
            "km": "khm",
            "kn": "kan",
            "ko": "kor",
            "ky": "kir",
            "lo": "lao",
            "lt": "lit",
            "lv": "lav lvs",
            "mk": "mkd mac",
            "ml": "mal",
            "mn": "mon khk",
            "mr": "mar",
            "ms": "msa may zsm",
            "my": "mya bur",
            "ne": "nep npi",
            "nl": "nld dut",
            "no": "nor nb nob nn nno",
            "or": "ori ory",
            "pa": "pan",
            "pl": "pol",
            "ps": "pus pbt",
            "pt": "por",
            "ro": "mo mol ron rum",
            "ru": "rus",
            "rw": "kin",
            "si": "sin",
            "sk": "slk slo",
            "sl": "slv",
            "so": "som",
            "sq": "sqi alb",
            "sr": "srp sh hbs",
            "sv": "swe",
            "sw": "swa swh",
            "ta": "tam",
            "te": "tel",
            "th": "tha",
            "tl": "tgl fil",
            "tr": "tur",
            "uk": "ukr",
            "ur": "urd",
            "uz": "uzb uzn",
            "vi": "vie",
            "xh": "xho",
            "yi": "ji yid ydd",
            "yo": "yor",
            "zh": "zho chi cmn yue wuu lzh",
            "zu": "zul",
        }.items()
        for alias in aliases.split()
    }
)


def base_language(tag: str) -> str:
    """Returns the primary language of a BCP 47 tag or ISO 639 code, in the form of our table where it is known there.

    Args:
        tag: such as "zh-Hant-TW", "pt_BR", "iw", "cmn" or "tur"; upper and lower case mean the same.

    Returns:
        Such as "zh", "pt", "he", "zh", "tr"; an unknown tag's first part in lower case; "und" for an empty tag.
    """
    primary = tag.strip().replace("_", "-").split("-", 1)[0].lower()
    return _ALIASES.get(primary, primary) or UNDETERMINED
