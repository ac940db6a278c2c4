"""Where sentences end, and how many words a text has.

Rules, no model: full stops of all scripts, with abbreviations, initials, ordinals and decimals excepted; line ends;
in Thai and Lao, which have no full stop, the spaces between phrases. Hebrew acronyms, URLs and file names take care of
themselves, since a full stop inside a word ends nothing.
"""

import re

from openqa.text.abbreviations import abbreviations
from openqa.text.languages import base_language

# Stops that end a sentence wherever they stand: CJK, Arabic, Devanagari, Burmese, Khmer, Ethiopic, Armenian and others.
_SURE = "。！？｡؟۔।॥။។៕።፧፨։܀܁܂෴༎᠃᠉‼⁇⁈⁉\u037e"
_CLOSING = "\"'”’»›)\\]}」』】〉》）］｝〕＂＇"
_CLOSING_BEFORE_SPACE = "“«‹"  # these open quotations in some languages and close them in others
_SPACED_CLOSING = "[ \u00a0\u202f]»"  # French
_THAI_OR_LAO = "\u0e01-\u0e4e\u0e81-\u0ece\u0edc-\u0edf"
_PHRASE = f"(?<=[{_THAI_OR_LAO}])[ \u00a0]+(?=[\u0e01-\u0e2e\u0e40-\u0e44\u0e81-\u0eae\u0ec0-\u0ec4\u0edc-\u0edf])"
_BREAK = re.compile(
    f"(?P<stop>[.!?;…{_SURE}]+)(?P<closing>[{_CLOSING}]*(?:(?:[{_CLOSING_BEFORE_SPACE}]+|{_SPACED_CLOSING})(?=[\\s.,]|$))?)"
    f"|(?P<line>(?<!\\s)\\s*?[\\n\u2028\u2029]\\s*)|(?P<phrase>{_PHRASE})"
)
_ASCII_STOPS = re.compile("[.!?;…]+")
_OPENING = "\"'“„«‹([{¿¡–—-"
_FIRST_LETTER = re.compile(f"\\s*[{re.escape(_OPENING)}]*(.?)")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")  # U.S, e.g, z.B, т.е
_ROMAN = re.compile("[IVXLC]+")
_ORDINAL_LANGUAGES = "cs da de et eu fi hr hu is lv no pl sk sl sr tr"
_ORDINAL_STOP = frozenset(_ORDINAL_LANGUAGES.split())
# An abbreviation that may stand last ends an English sentence if one of the openers follows.
_ENGLISH_LAST = "etc inc co corp ltd jr sr al a.m p.m b.c a.d u.s u.k d.c ph.d"
_ENGLISH_OPENERS = "The This That These It He She They We In On At As But However When After A An"
_MAY_STAND_LAST = frozenset(_ENGLISH_LAST.split())
_OPENERS = frozenset(_ENGLISH_OPENERS.split())

# Letters that say as much as one English word, on FLORES-200 dev (997 sentences in each language): Han in zh, kana in
# ja beside Han, Thai; Lao, Khmer and Burmese are taken to be as Thai.
_HAN_A_WORD = 1.7
_KANA_A_WORD = 3.0
_THAI_A_WORD = 5.6
_HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_THAI_AND_KIN = re.compile("[\u0e01-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u109f\u1780-\u17dd]")
_SPACED_WORD = re.compile(r"\w\S*")
_FIRST_SPACELESS = "\u0e01"


def sentence_ends(text: str, lang: str) -> list[int]:
    """Returns the offset just after each sentence, closing quotes and brackets included, in rising order.

    The last is len(text) unless only blanks follow the one before. Nothing but blanks gives no end at all.

    Args:
        text: any text; a line end is a sentence end.
        lang: BCP 47; it chooses the abbreviations and whether a number with a stop is an ordinal.
    """
    language = base_language(lang)
    ends: list[int] = []
    last = 0
    for match in _BREAK.finditer(text):
        end = match.end() if match["stop"] else match.start()
        if (not match["stop"] or _is_end(text, match, language)) and text[last:end].strip():
            ends.append(end)
            last = end
    if text[last:].strip():
        ends.append(len(text))
    return ends


def n_words(text: str, lang: str) -> int:
    """Returns how many words a text has, for measuring its length.

    Words are what stands between spaces; letters of scripts without spaces count as fractions of a word, by script.

    Args:
        text: any text; of scripts with and without spaces, the words are summed.
        lang: BCP 47; not needed so far, since the scripts decide.
    """
    if text.isascii() or max(text) < _FIRST_SPACELESS:
        return len(text.split())
    rest, n_han = _HAN.subn(" ", text)
    rest, n_kana = _KANA.subn(" ", rest)
    rest, n_thai = _THAI_AND_KIN.subn(" ", rest)
    if not n_han + n_kana + n_thai:
        return len(text.split())
    spaceless = n_han / _HAN_A_WORD + n_kana / _KANA_A_WORD + n_thai / _THAI_A_WORD
    return max(1, round(spaceless + len(_SPACED_WORD.findall(rest))))


def _is_end(text: str, match: re.Match[str], language: str) -> bool:
    """Whether a run of stops, with what closes after it, ends a sentence."""
    stop, following = match["stop"], text[match.end() : match.end() + 1]
    if not _ASCII_STOPS.fullmatch(stop):
        return not (match["closing"] and "\u3041" <= following <= "\u3096")  # 「え？」と: the sentence goes on
    if stop.strip(";") == "" and language != "el":
        return False
    if following and not following.isspace():
        before = text[match.start() - 1 : match.start()]
        return following >= "\u2e80" and before >= "\u2e80"
    after = _FIRST_LETTER.match(text, match.end())
    if after is None or not after[1]:
        return True
    if after[1].islower() or after[1] in ".,;:…":
        return "\n" in after[0]
    return stop != "." or not _is_abbreviation(text, match.start(), after.start(1), language)


def _is_abbreviation(text: str, stop: int, following: int, language: str) -> bool:
    """Whether the full stop at `stop` belongs to the word before it; the next word begins at `following`."""
    line = text.rfind("\n", 0, stop) + 1
    word = text[max(line, stop - 30) : stop].rsplit(maxsplit=1)[-1:]
    token = word[0].lstrip(_OPENING) if word else ""
    if token.isdigit():
        is_numbering = stop - line <= 30 and text[line:stop].strip() == token
        return is_numbering or (language in _ORDINAL_STOP and len(token) <= 2)
    if len(token) == 1 and token.isalpha():
        return token < _FIRST_SPACELESS
    known = token.lower()
    if known in abbreviations(language) or _DOTTED.fullmatch(token):
        opener = text[following : following + 10].split(maxsplit=1)[:1]
        return not (language == "en" and known in _MAY_STAND_LAST and opener and opener[0] in _OPENERS)
    return language in _ORDINAL_STOP and _ROMAN.fullmatch(token) is not None
