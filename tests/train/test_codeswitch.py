import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from openqa.train.codeswitch import WORD, Lexicon, switch
from tests.train.tiny import write_data

GERMAN = Lexicon("de", {"river": ["Fluss"], "town": ["Stadt", "Ort"], "go": ["gehen"], "city": ["Stadt"], "a": ["ein"]})
LONG = Lexicon("xx", {"river": ["der sehr lange Fluss"], "town": [""], "go": ["geh"], "a": ["один"]})
TEXT = st.lists(
    st.sampled_from(["river", "Town", "a", "go", "(", ") ", " ", "é", "rivers", "x1", "東京", ", "]), max_size=15
)


@given(TEXT, st.data(), st.sampled_from([0.3, 1.0]))
def test_the_kept_span_stays_as_it_is(parts: list[str], data: st.DataObject, share: float) -> None:
    """Whatever is replaced around it, the new bounds cut out the same text, with the same words around."""
    text = "".join(parts)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    new, (new_start, new_end) = switch(text, [GERMAN, LONG], share, random.Random(0), keep=(start, end))
    assert new[new_start:new_end] == text[start:end]
    assert 0 <= new_start <= new_end <= len(new)
    if share == 1.0 and start < end:
        words = [match for match in WORD.finditer(text) if match.start() < end and match.end() > start]
        low, high = min([start, *(m.start() for m in words)]), max([end, *(m.end() for m in words)])
        before, _ = switch(text[:low], [GERMAN], 1.0, random.Random(0))
        after, _ = switch(text[high:], [GERMAN], 1.0, random.Random(0))
        whole, _ = switch(text, [GERMAN], 1.0, random.Random(0), keep=(start, end))
        assert WORD.sub("w", whole) == WORD.sub("w", before + text[low:high] + after)


@given(TEXT)
def test_a_share_of_0_changes_nothing(parts: list[str]) -> None:
    """No word is looked up."""
    text = "".join(parts)
    assert switch(text, [GERMAN], 0.0, random.Random(0), keep=(0, len(text))) == (text, (0, len(text)))


def test_every_known_word_is_replaced() -> None:
    """Upper case and light inflection are looked up too; unknown words and the answer stay."""
    text = "The River town, cities GO to a river"
    expected = ("The Fluss town, Stadt gehen to ein Fluss", (10, 14))
    assert switch(text, [GERMAN], 1.0, random.Random(0), keep=(10, 14)) == expected


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
    """Single English words with their translations; a language without a lexicon knows none."""
    data = write_data(tmp_path)
    assert Lexicon.read(data, "de").translations["river"] == ["Fluss-de"]
    assert Lexicon.read(data, "te").translations == {}
