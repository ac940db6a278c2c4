import random
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.train import cloze
from openqa.train.cloze import N_COMMON, SHORTEST, WHAT, cloze_examples
from openqa.train.codeswitch import LATIN, WORD, Lexicon
from openqa.train.corpora import LANGUAGES
from tests.train.tiny import write_tsv

N_PAIRS = 40
FILLERS = 6  # a sentence; each of the N_COMMON stands in two sentences at least, each asked word in one
LEXICON = Lexicon("de", {"river": ["Strom", "Fluss"], "bridge": ["Brücke"], "old": ["alt"], "the": ["diese"]})
SENTENCES = st.sampled_from(["One.", "The second one.", "Third?", "第四。", "two words", "One. One."])


def letters(number: int) -> str:
    return chr(97 + number // 26) + chr(97 + number % 26)


def sentence(row: int, filler: str, asked: str) -> str:
    """Six common words with the one that can be asked for behind the third."""
    words = [filler.format(letters((row * FILLERS + i) % N_COMMON)) for i in range(FILLERS)]
    return " ".join([*words[:3], asked + letters(row), *words[3:]]).capitalize() + "."


PAIRS = [(sentence(row, "word{}", "rare"), sentence(row, "wort{}en", "selten")) for row in range(N_PAIRS)]
SHORT = [("x" * (SHORTEST - 7) + " in 77", f"kurz {row} 77") for row in range(40)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs of German, one rare word in each; all words are in the lexicon, other languages know "what" alone."""
    folder = tmp_path_factory.mktemp("cloze")
    write_tsv(folder / "parallel" / "en-de.tsv.gz", [(*pair, "tatoeba") for pair in [*SHORT, *PAIRS, *SHORT]])
    words = [(f"word{letters(row)}", f"wort{letters(row)}en") for row in range(N_COMMON)]
    words += [("rare" + letters(row), "selten" + letters(row)) for row in range(N_PAIRS)]
    write_tsv(folder / "lexicon" / "en-de.tsv.gz", [(*pair, "wiktionary") for pair in words])
    for lang in (lang for lang in WHAT if lang not in ("en", "de")):
        rows = [("what", "quoi" if lang in LATIN else "что", "wiktionary")]
        write_tsv(folder / "lexicon" / f"en-{lang}.tsv.gz", rows)
        write_tsv(folder / "parallel" / f"en-{lang}.tsv.gz", [])
    return folder


def test_the_data_has_as_many_common_words_as_it_takes() -> None:
    """Every common word stands in two sentences at least and no asked one does."""
    words = [word.lower() for english, _ in PAIRS for word in WORD.findall(english)]
    assert sorted({word for word in words if words.count(word) > 1}) == ["word" + letters(n) for n in range(N_COMMON)]
    assert len(set(words)) == N_COMMON + N_PAIRS
    assert all(len(english) < SHORTEST for english, _ in SHORT)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_an_example_asks_for_a_rare_word_of_its_sentence(data: Path, seed: int) -> None:
    """The word is gone from the question; its translation is the answer, in a passage that holds the sentence once."""
    examples = list(cloze_examples(data, "de", 99, random.Random(seed)))
    assert len({example.id for example in examples}) == N_PAIRS
    third = {example.question_lang for example in examples} - {"en", "de"}
    assert len(third) == 1
    for number, example in enumerate(examples):
        row = int(example.id.removeprefix("cloze-de-"))
        name, side = letters(row), number % 2
        english, german = PAIRS[row]
        answer = example.context[example.start : example.end]
        if side == 0:
            assert (example.context_lang, answer) == ("de", "selten" + name)
            asked = english.replace("rare" + name, "what").removesuffix(".") + "?"
            put = asked.replace("what", "quoi" if third <= LATIN else "что")  # but for a tenth of the words
            assert example.question in ([asked] if example.question_lang == "en" else [asked, put])
        else:
            assert (example.question_lang, example.context_lang, answer) == ("de", "en", "rare" + name)
            assert example.question == german.replace("selten" + name, "was").removesuffix(".") + "?"
        passage = [f"{part}." for part in example.context.removesuffix(".").split(". ")]
        assert passage.count((german, english)[side]) == 1
        assert set(passage) <= {pair[1 - side] for pair in PAIRS}
        assert len(passage) <= 7
        assert example.context.index((german, english)[side]) <= example.start


def test_the_choices_of_chance(data: Path) -> None:
    """Half of the English questions are in a third language, any one; the sentence stands anywhere among 2 to 6."""
    thirds, sizes, places, n_third, n_english = set(), set(), set(), 0, 0
    for seed in range(60):
        for example in cloze_examples(data, "de", 4, random.Random(seed)):
            passage = example.context.removesuffix(".").split(". ")
            sizes.add(len(passage))
            places.add(example.context[: example.start].count(". "))
            if example.context_lang == "de":
                n_english += 1
                n_third += example.question_lang != "en"
                thirds.add(example.question_lang)
    assert thirds == set(LANGUAGES) - {"de", "bn", "te"}
    assert {3, 4, 5, 6, 7} <= sizes
    assert places == set(range(7))
    assert 0.35 < n_third / n_english < 0.65


@pytest.mark.parametrize("limit", [0, 1, 2, 7, N_PAIRS, N_PAIRS + 1])
def test_the_limit_cuts_the_examples(data: Path, limit: int) -> None:
    """They are the first of those that a higher limit gives; a seed gives the same again, another seed others."""
    every = list(cloze_examples(data, "de", 1000, random.Random(0)))
    assert list(cloze_examples(data, "de", limit, random.Random(0))) == every[:limit]
    assert len(every) == N_PAIRS
    assert list(cloze_examples(data, "de", 1000, random.Random(1))) != every


def test_numbers_are_asked_for(tmp_path: Path) -> None:
    """Where no word is known, they alone; of an English sentence, which is long enough, as how many."""
    enough, short = "x" * (SHORTEST - 3), "x" * (SHORTEST - 4)
    pairs = [(f"{enough} 17", "17 a."), (f"{enough} 34", "34 a."), (f"{short} 51", "51 a."), (f"{enough} no", "9 a.")]
    write_tsv(tmp_path / "parallel" / "en-de.tsv.gz", [(*pair, "tatoeba") for pair in pairs])
    one, other = cloze_examples(tmp_path, "de", 9, random.Random(0))
    assert (one.question, one.context_lang) == (f"{enough} how many?", "de")
    assert (other.question, other.context_lang) == ("was a?", "en")
    assert {one.context[one.start : one.end], other.context[other.start : other.end]} == {"17", "34"}
    assert "51" not in one.context + other.context


@pytest.mark.parametrize(
    ("english", "other", "found"),
    [
        ("In 1990 he had 3 dogs.", "1990 hatte er 3 Hunde.", [((3, 7), (0, 4)), ((15, 16), (14, 15))]),
        ("About 1,000.5 metres.", "Etwa 1,000.5, sagt er.", [((6, 13), (5, 12))]),
        ("It was 1990.", "Es war (1990).", [((7, 11), (8, 12))]),
        ("5 of 50", "50 von 6", [((5, 7), (0, 2))]),
        ("at 10:30", "um 10:30", []),
        ("the 3rd of 2020-05-01", "die 3rd von 2020-05-01", []),
        ("3 of 20/21", "v3 von 20/21", []),
        ("The River and the old bridge", "Der Fluss, die alten Brücken", [((4, 9), (4, 9)), ((22, 28), (21, 28))]),
        ("The river in 1990", "Ein Strom, 1990, kein Fluss", [((4, 9), (4, 9)), ((13, 17), (11, 15))]),
        ("the river", "Ströme", []),
        ("the rivers", "der Strom", []),
        ("", "", []),
    ],
)
def test_words_and_numbers_are_aligned(
    english: str, other: str, found: list[tuple[tuple[int, int], tuple[int, int]]]
) -> None:
    """Words by their first translation that is found, then whole numbers that stand in both; no times, no dates."""
    assert cloze._aligned_spans(english, other, LEXICON, {"the"}) == found


@pytest.mark.parametrize(
    ("translation", "other", "lang", "place"),
    [
        ("Fluss", "Der Fluss ist alt", "de", (4, 9)),
        ("Fluss", "Am FLUSSE", "de", (3, 9)),
        ("Brücke", "Zwei Brücken dort", "de", (5, 12)),
        ("Wanderung", "viele Wanderungen", "de", (6, 17)),
        ("wandern", "er wandert", "de", (3, 10)),
        ("Fluss", "Der Nebenfluss", "de", None),
        ("Fluss", "Der Fluss hat ein Flussbett", "de", None),
        ("Fluss", "Der Bach", "de", None),
        ("Fluss", "", "de", None),
        ("alt", "so alt", "de", None),
        ("नदियाँ", "वह नदियाँ हैं", "hi", (3, 9)),
        ("河流", "古老的河流在", "zh", (3, 5)),
        ("河流", "河流河流", "zh", None),
        ("河", "古老的河", "zh", None),
        ("แม่น้ำ", "เก่าแม่น้ำไหล", "th", (4, 10)),
    ],
)
def test_a_translation_has_one_place(translation: str, other: str, lang: str, place: tuple[int, int] | None) -> None:
    """By the start of the word, its ending with it; not within a word, not twice, not when it is short."""
    assert cloze._place(translation, other, lang) == place


@pytest.mark.parametrize(
    ("text", "span", "question"),
    [
        ("He saw a bear.", (9, 13), "He saw a what?"),
        ("Bears sleep!", (0, 5), "what sleep?"),
        ("Is a bear here?", (5, 9), "Is a what here?"),
        ("他在河边。", (2, 4), "他在what?"),
        ("क्या नदी।", (5, 8), "क्या what?"),
        ("no mark", (3, 7), "no what?"),
    ],
)
def test_a_question_is_the_sentence_without_the_span(text: str, span: tuple[int, int], question: str) -> None:
    """The question word takes its place, and a question mark that of the full stop."""
    assert cloze._ask(text, span, "what") == question


@given(SENTENCES, st.lists(SENTENCES, max_size=6), st.integers(0, 99))
def test_a_sentence_among_others(text: str, others: list[str], seed: int) -> None:
    """It stands where it is said to stand, once as a sentence, with the others in their order around it."""
    context, start = cloze._among(text, others, random.Random(seed))
    kept = [other for other in others if other != text]
    assert context.startswith(text, start)
    at = next(n for n in count() if start == sum(len(other) + 1 for other in kept[:n]))
    assert context == " ".join([*kept[:at], text, *kept[at:]])


def test_every_language_has_its_question_word() -> None:
    """Those of the lexicons and English."""
    assert set(WHAT) == set(LANGUAGES) - {"bn", "te"}
    assert all(isinstance(word, str) and word for word in WHAT.values())
