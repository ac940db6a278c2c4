import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openqa.errors import DataError
from openqa.train.codeswitch import SEEN_OFTEN, WORD, Lexicon, switch
from tests.train.tiny import write_data, write_tsv

GERMAN = Lexicon("de", {"river": ["Fluss"], "town": ["Stadt", "Ort"], "go": ["gehen"], "city": ["Stadt"], "a": ["ein"]})
LONG = Lexicon("xx", {"river": ["der sehr lange Fluss"], "town": [""], "go": ["geh"], "a": ["один"]})
TEXT = st.lists(
    st.sampled_from(["river", "Town", "a", "go", "(", ") ", " ", "é", "rivers", "x1", "東京", ", "]), max_size=15
).map("".join)
SHARE = st.sampled_from([0.3, 0.7, 1.0])


@st.composite
def spanned(draw: st.DrawFn) -> tuple[str, int, int]:
    """A text with any half-open range of it."""
    text = draw(TEXT)
    start = draw(st.integers(0, len(text)))
    return text, start, draw(st.integers(start, len(text)))


def switched(text: str, share: float, seed: int, *, span: tuple[int, int] = (0, 0)) -> tuple[str, tuple[int, int]]:
    return switch(text, [GERMAN, LONG], share, random.Random(seed), span=span)


def place_after(text: str, place: int, share: float, seed: int, *, is_end: bool) -> int:
    """Where a place of the text comes to stand: chance goes from left to right, so what is before it switches alone."""
    for match in WORD.finditer(text):
        start, end = match.span()
        if start < place < end:
            before, after = (switched(text[:edge], share, seed)[0] for edge in (start, end))
            if after == before + text[start:end]:
                return len(before) + place - int(start)
            return len(after) if is_end else len(before)
    return len(switched(text[:place], share, seed)[0])


def write_lexicon(data: Path, lang: str, words: Sequence[tuple[str, str]], pairs: Sequence[tuple[str, str]]) -> None:
    write_tsv(data / "lexicon" / f"en-{lang}.tsv.gz", [(*pair, "wiktionary") for pair in words])
    write_tsv(data / "parallel" / f"en-{lang}.tsv.gz", [(*pair, "tatoeba") for pair in pairs])


@given(spanned(), SHARE, st.integers(0, 9))
def test_the_span_is_followed_through(case: tuple[str, int, int], share: float, seed: int) -> None:
    """Between the new bounds stands what the span's text became; a replaced word that it cuts is taken in whole."""
    text, start, end = case
    new, bounds = switched(text, share, seed, span=(start, end))
    places = place_after(text, start, share, seed, is_end=False), place_after(text, end, share, seed, is_end=True)
    assert bounds == places
    assert 0 <= bounds[0] <= bounds[1] <= len(new)


@given(spanned(), SHARE, st.integers(0, 9))
def test_the_span_decides_nothing(case: tuple[str, int, int], share: float, seed: int) -> None:
    """The text and the chances after it are the same whichever span is followed."""
    text, start, end = case
    one, other = random.Random(seed), random.Random(seed)
    new, _ = switch(text, [GERMAN, LONG], share, one, span=(start, end))
    assert new == switch(text, [GERMAN, LONG], share, other)[0]
    assert one.getstate() == other.getstate()


@given(spanned())
def test_a_share_of_0_changes_nothing(case: tuple[str, int, int]) -> None:
    """No word is looked up."""
    text, start, end = case
    assert switched(text, 0.0, 0, span=(start, end)) == (text, (start, end))


@given(TEXT, SHARE, st.integers(0, 9))
def test_what_is_no_known_word_stays(text: str, share: float, seed: int) -> None:
    """Between the words nothing changes, and a replaced word is one of its translations."""
    known = {"river": {"Fluss"}, "rivers": {"Fluss"}, "town": {"Stadt", "Ort"}, "go": {"gehen"}, "a": {"ein"}}
    new, _ = switch(text, [GERMAN], share, random.Random(seed))
    assert WORD.split(new) == WORD.split(text)
    for old_word, new_word in zip(WORD.findall(text), WORD.findall(new), strict=True):
        assert new_word == old_word or new_word in known[old_word.lower()]


@pytest.mark.parametrize(
    ("span", "found"),
    [
        ((0, 0), (0, 0)),
        ((0, 2), (0, 3)),  # go
        ((6, 7), (7, 11)),  # a
        ((8, 13), (12, 32)),  # river
        ((0, 13), (0, 32)),  # all
        ((7, 9), (11, 32)),  # " r"
        ((1, 4), (0, 5)),  # "o t": "go" whole, of "to", which stays, one letter
        ((9, 10), (12, 32)),  # within river
        ((10, 10), (12, 32)),  # empty, within river
        ((4, 4), (5, 5)),  # empty, within "to", which stays
        ((8, 8), (12, 12)),  # empty, before river
        ((13, 13), (32, 32)),  # empty, behind it
        ((5, 6), (6, 7)),  # the space before a
    ],
)
def test_new_bounds_by_arithmetic(span: tuple[int, int], found: tuple[int, int]) -> None:
    """Words of other lengths before, in and at the edges of the span."""
    expected = ("geh to один der sehr lange Fluss", found)
    assert switch("go to a river", [LONG], 1.0, random.Random(0), span=span) == expected


def test_every_known_word_is_replaced() -> None:
    """Upper case and light inflection are looked up too, the answer's words with them; unknown words stay."""
    expected = ("The Fluss by, Stadt gehen to ein Fluss", (4, 19))
    assert switch("The River by, cities GO to a river", [GERMAN], 1.0, random.Random(0), span=(4, 20)) == expected
    assert switch("", [GERMAN], 1.0, random.Random(0)) == ("", (0, 0))
    assert switch("a town", [LONG], 1.0, random.Random(0), span=(2, 6)) == ("один ", (5, 5))


def test_translate_looks_up_the_word_then_its_stem() -> None:
    """A stem has three letters at least; one of the first three translations is chosen; None when nothing is known."""
    lexicon = Lexicon(
        "de", {"bake": ["backen"], "see": ["sehen", "schauen", "blicken", "nie"], "sees": ["sieht"], "i": ["ich"]}
    )
    rng = random.Random(0)
    assert [lexicon.translate(word, rng) for word in ("baking", "Baked", "sees", "is", "bak")] == [
        "backen",
        "backen",
        "sieht",
        None,
        None,
    ]
    assert {lexicon.translate("see", rng) for _ in range(50)} == {"sehen", "schauen", "blicken"}


def test_a_lexicon_is_read_from_the_data(tmp_path: Path) -> None:
    """Single English words in lower case with their translations; a language without a lexicon knows none."""
    data = write_data(tmp_path)
    assert Lexicon.read(data, "de").translations["river"] == ["Fluss-de"]
    assert Lexicon.read(data, "te") == Lexicon("te", {})
    words = [("River", "Fluss"), ("river", "Strom"), ("river", "Fluss"), ("river bank", "Ufer")]
    write_lexicon(data, "de", words, [])
    assert Lexicon.read(data, "de") == Lexicon("de", {"river": ["Fluss", "Strom"]})


@pytest.mark.parametrize(
    ("lang", "kept", "dropped"),
    [
        ("de", ["Flüsse", "Fluss-Ufer", "auf's Land", "l’eau", "x" * 30], ["река", "Fluss (m)", "Fluss2", "x" * 31]),
        ("vi", ["dòng sông", "sông"], ["sông/suối", "河", "sông, suối"]),
        ("ru", ["река", "река-мать"], ["reka", "река (ж)", "рекa", "2 реки"]),
        ("fa", ["رودخانه", "می\u200cرود"], ["rud", "رود؟", "رود ۱"]),
        ("hi", ["नदी", "दरिया"], ["nadi", "नदी (f)"]),
        ("th", ["แม่น้ำ"], ["แม่น้ำ ๑", "mae"]),
        ("ja", ["川", "リバー", "時々"], ["kawa", "川。", "～川"]),
    ],
)
def test_translations_are_in_the_script_of_their_language(
    tmp_path: Path, lang: str, kept: list[str], dropped: list[str]
) -> None:
    """Notes, patterns, numbers, other scripts and long phrases are left out; marks, hyphens and spaces may stand in."""
    write_lexicon(tmp_path, lang, [("river", other) for other in (*dropped, *kept)], [])
    assert Lexicon.read(tmp_path, lang).translations == {"river": kept}


def test_translations_are_in_the_order_of_shared_pairs(tmp_path: Path) -> None:
    """A pair counts once, in any case, for the whole English word; equal counts stay as they were written."""
    words = [("river", other) for other in ("Bach", "Strom", "Kanal", "Fluss", "Rinne")]
    pairs = [
        ("The river and the River.", "Der Fluss und der Fluss."),
        ("A river", "zwei STROMSCHNELLEN am Fluss"),
        ("RIVER", "flussaufwärts"),
        ("All rivers", "Kanal, Kanal"),
        ("A riverbank", "Kanal"),
        ("a canal", "ein Kanal"),
    ]
    write_lexicon(tmp_path, "de", words, pairs)
    assert Lexicon.read(tmp_path, "de").translations == {"river": ["Fluss", "Strom", "Bach", "Kanal", "Rinne"]}


@pytest.mark.parametrize(("n_pairs", "river"), [(SEEN_OFTEN - 1, ["Fluss", "Bach"]), (SEEN_OFTEN, ["Fluss"])])
def test_translations_that_no_pair_shares_are_dropped(tmp_path: Path, n_pairs: int, river: list[str]) -> None:
    """Only where the word is seen often; a word without any translation left is not in the lexicon."""
    words = [("river", "Bach"), ("river", "Fluss"), ("old", "greis"), ("bridge", "Brücke")]
    pairs = [("an old river", "ein alter Fluss"), *[("an old river, old", "es ist alt")] * (n_pairs - 1)]
    write_lexicon(tmp_path, "de", words, pairs)
    found = Lexicon.read(tmp_path, "de").translations
    assert found == {"river": river, "bridge": ["Brücke"]} | ({"old": ["greis"]} if n_pairs < SEEN_OFTEN else {})


def test_a_lexicon_without_sentence_pairs_is_refused(tmp_path: Path) -> None:
    """The message names the file; a language without a lexicon needs none."""
    write_lexicon(tmp_path, "de", [("river", "Fluss")], [])
    path = tmp_path / "parallel" / "en-de.tsv.gz"
    path.unlink()
    message = f"{path}: no such file; point --data at the shared data folder"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        Lexicon.read(tmp_path, "de")
    assert Lexicon.read(tmp_path, "fr").translations == {}
