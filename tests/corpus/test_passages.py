import os
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.corpus import Splitting, split, squad_documents, whole
from openqa.errors import ConfigError
from openqa.text.sentences import n_words
from openqa.types import Document, Passage

DATA = Path(os.environ.get("OPENQA_DATA") or "../shared/data")
WORDS = {
    "en": ["the", "river", "flows", "past", "old", "walls"],
    "ar": ["كانَ", "النَّهرُ", "يَجري", "بجانبِ", "الأسوار"],
    "he": ["הַנָּהָר", "זורם", "לצד", "החומות"],
    "hi": ["नदी", "पुरानी", "दीवारों", "के", "पास", "क्षेत्र"],
    "th": ["แม่น้ำ", "ไหล", "ผ่าน", "กำแพง", "เก่า"],
    "vi": ["sông", "chảy", "qua", "tường", "tươ\u0300ng", "cu\u0303"],
    "zh": ["河流", "经过", "古老的", "城墙"],
}
GAPS = [" ", "  ", "\n", "\r\n", "\n\n", "\u3000", "\u00a0", "\ufeff", ""]
PIECES = [
    *(word for words in WORDS.values() for word in words),
    *[".", "! ", "。", "؟ ", "। ", "၊", ", ", "،", "...", "?!", "3.14", "U.S.", "# ", "```", "”", "«"],
    *["👩‍👩‍👧‍👦", "🇹🇷🇫🇷", "e\u0301", "\u0301", "\u200d", "\u0600", "한국어", "ᄀ", "ก็", "เ", "ကျ", "\u0e33"],
]
CLUSTERS = regex.compile(r"\X")
WORD = regex.compile(r"[\p{L}\p{M}\p{N}]")
WITHOUT_SPACES = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")

texts = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(GAPS)), max_size=80).map("".join),
    st.text(max_size=200),
)


def document(text: str, lang: str = "en", title: str = "") -> Document:
    return Document("d", text, title, lang)


def sentences(*lengths: int) -> str:
    return " ".join(" ".join(["Word", *["word"] * (n - 2), "end."]) for n in lengths)


def sizes(found: list[Passage]) -> list[int]:
    return [len(passage.text.split()) for passage in found]


@given(texts, st.sampled_from(["und", *WORDS]), st.sampled_from([1, 2, 5, 20]))
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_and_every_offset_is_exact(text: str, lang: str, window_words: int) -> None:
    """Law: passages stand in order where they say, and only white space and U+FEFF lies between them."""
    found = split(document(text, lang), window_words=window_words)
    position = 0
    for number, passage in enumerate(found):
        assert passage.id == f"d#{number}"
        assert passage.text == passage.text.strip().strip("\ufeff")
        assert passage.text != ""
        assert text[passage.start : passage.start + len(passage.text)] == passage.text
        assert text[position : passage.start].strip("\ufeff \n\r\t\u3000\u00a0").strip() == ""
        position = passage.start + len(passage.text)
    assert all(character.isspace() or character == "\ufeff" for character in text[position:])


@given(texts, st.sampled_from(["und", *WORDS]), st.sampled_from([1, 2, 5]))
@settings(max_examples=300, deadline=None)
def test_no_cut_falls_inside_a_word_or_a_cluster(text: str, lang: str, window_words: int) -> None:
    """Law: every passage but the outer edges of the text ends and starts between clusters, and between words."""
    boundaries = {0, *(cluster.end() for cluster in CLUSTERS.finditer(text))}
    found = split(document(text, lang), window_words=window_words)
    for left, right in pairwise(found):
        end = left.start + len(left.text)
        assert end in boundaries
        assert right.start in boundaries
        if end == right.start and WORD.match(text[end - 1]) and WORD.match(text[end]):
            assert WITHOUT_SPACES.match(text[end - 1]) or WITHOUT_SPACES.match(text[end])


def test_documents_of_no_and_one_and_two_sentences() -> None:
    """Nothing gives nothing, one sentence one passage, two that fill a window each two passages."""
    assert split(document("")) == []
    assert split(document(" \n\ufeff ")) == []
    assert sizes(split(document("Word."))) == [1]
    assert sizes(split(document(sentences(10, 10)), window_words=10)) == [10, 10]


def test_windows_come_out_even() -> None:
    """260 words are three passages of about 87, not 100, 100 and 60."""
    assert sorted(sizes(split(document(sentences(*[13] * 20))))) == [78, 91, 91]


def test_a_short_tail_is_taken_in() -> None:
    """A last sentence of five words stays with the one before; two halves are two."""
    assert sizes(split(document(sentences(100, 5)))) == [105]
    assert sizes(split(document(sentences(100, 100, 5)))) == [100, 105]
    assert sizes(split(document(sentences(5, 100)))) == [105]


def test_one_passage_up_to_the_square_root_of_two() -> None:
    """140 words are nearer to one window than to two; 150 are nearer to two."""
    assert sizes(split(document(sentences(*[10] * 14)))) == [140]
    assert sizes(split(document(sentences(*[10] * 15)))) == [80, 70]


def test_the_end_of_a_line_is_preferred() -> None:
    """A paragraph's end a little off the middle beats a sentence's end in the middle."""
    text = sentences(10, 10, 10, 10, 10, 10, 10, 10) + "\n\n" + sentences(10, 10, 10, 10, 10, 10, 10, 10, 10, 10)
    assert sizes(split(document(text))) == [80, 100]


def test_wrapped_lines_are_no_paragraphs() -> None:
    """In text wrapped at a fixed width, the end of a sentence beats the end of a line."""
    wrapped = "\n".join(
        ["Word word word word word end. Word word word word", "word end. Word word word word word end."] * 10
    )
    found = split(document(wrapped))
    assert len(found) == 2
    assert found[0].text.endswith("end.")


def test_a_heading_stays_with_what_follows() -> None:
    """No passage ends with a Markdown heading."""
    text = sentences(*[10] * 9) + "\n\n## Next part\n\n" + sentences(*[10] * 9)
    first, second = split(document(text))
    assert first.text.endswith("end.")
    assert second.text.startswith("## Next part\n\nWord")


def test_a_long_sentence_is_cut_at_a_comma_then_at_a_space() -> None:
    """A sentence of more than one and a half windows is cut at its best place."""
    comma = "a " * 64 + "a, " + "b " * 89 + "b."
    assert [passage.text[-2:] for passage in split(document(comma))] == ["a,", "b."]
    assert sizes(split(document("a " * 200 + "b."))) == [100, 101]


def test_a_word_without_end_is_kept_whole() -> None:
    """No place to cut: an address of any length is one word."""
    assert len(split(document("x" * 5000))) == 1
    address = "https://example.org/" + "x" * 5000
    assert address in [
        word for passage in split(document(f"see {address} there " * 200)) for word in passage.text.split()
    ]


def test_text_without_spaces_is_cut_between_characters() -> None:
    """Chinese without punctuation is measured in characters; Thai vowels stay before their consonants."""
    chinese = split(document("河流经过古老的城墙" * 200, "zh"))
    assert len(chinese) > 3
    assert "".join(passage.text for passage in chinese) == "河流经过古老的城墙" * 200
    counts = [n_words(passage.text, "zh") for passage in chinese]
    assert min(counts) >= 60
    assert max(counts) <= 150
    thai = split(document("แม่น้ำไหลผ่านเมืองเก่าโดยรอบ" * 100, "th"))
    assert len(thai) > 3
    assert not [passage.text for passage in thai if passage.text[-1] in "เแโใไ"]


def test_a_thai_phrase_yields_to_a_wide_space_and_keeps_its_number() -> None:
    """A single space may stand inside a name and before a number; a wide one ends a sentence."""
    phrase = "แม่น้ำไหลผ่านเมืองเก่าโดยรอบกำแพงเมืองโบราณ"
    text = " ".join([phrase] * 15) + "  " + " ".join([phrase] * 12) + " 1532 " + phrase
    first, second = split(document(text, "th"))
    assert first.text == " ".join([phrase] * 15)
    assert second.text.endswith("1532 " + phrase)


def test_right_to_left_text_is_cut_at_its_sentences() -> None:
    """Arabic and Urdu ends are ends."""
    text = "كان النهر يجري هنا؟ " * 40
    found = split(document(text, "ar"))
    assert len(found) == 2
    assert {passage.text[-1] for passage in found} == {"؟"}
    assert {passage.lang for passage in found} == {"ar"}


def test_a_stray_byte_order_mark_is_left_outside() -> None:
    """XQuAD's contexts partly start with U+FEFF: the passage starts after it."""
    for found in (split(document("\ufeffKedi uyur.")), whole(document("\ufeff Kedi uyur.\n"))):
        assert found[0].text == "Kedi uyur."
    assert whole(document("\ufeff Kedi uyur.\n"))[0].start == 2


def test_everything_of_the_document_is_kept() -> None:
    """Title, language, url and metadata stand on every passage; ids number the passages or are the document's."""
    source = Document("a#1", sentences(100, 100), "T", "en", "https://x", {"page": "3"})
    first, second = split(source)
    assert (first.id, second.id) == ("a#1#0", "a#1#1")
    assert second == Passage(
        "a#1#1", "a#1", sentences(100), "T", "en", len(sentences(100)) + 1, "https://x", {"page": "3"}
    )
    assert whole(source) == [Passage("a#1", "a#1", source.text, "T", "en", 0, "https://x", {"page": "3"})]
    assert split(Document("a", "One."))[0].id == "a#0"


def test_a_title_alone_is_one_passage() -> None:
    """It can still be found by its title."""
    for found in (split(document("", title="T")), whole(document("\n", title="T"))):
        assert [(passage.text, passage.title, passage.start) for passage in found] == [("", "T", 0)]


def test_wrong_rules_are_refused() -> None:
    """Unknown ways and sizes below one word."""
    with pytest.raises(ConfigError) as caught:
        Splitting(by="sentence")
    assert str(caught.value) == (
        'unknown way of splitting "sentence"; known: document, sentences; did you mean "sentences"?'
    )
    with pytest.raises(ConfigError) as caught:
        split(document("x"), window_words=0)
    assert str(caught.value) == "window_words is 0; a whole number of at least 1 is needed"


@pytest.mark.data
@pytest.mark.parametrize("lang", ["ar", "el", "en", "hi", "ru", "th", "zh"])
def test_real_passages_are_about_a_window(lang: str) -> None:
    """XQuAD's articles as whole documents: passages near 100 words, and hardly any cut inside a sentence."""
    path = DATA / "qa" / "xquad" / f"xquad.{lang}.json"
    if not path.exists():
        pytest.skip(f"{path} is missing; set OPENQA_DATA to the shared data folder")
    paragraphs = [paragraph.text for paragraph in squad_documents(path, lang)]
    found = split(document("\n\n".join(paragraphs), lang))
    counts = sorted(n_words(passage.text, lang) for passage in found)
    assert 85 <= sum(counts) / len(counts) <= 115
    assert counts[len(counts) // 20] >= 60
    assert counts[-len(counts) // 20] <= 150
