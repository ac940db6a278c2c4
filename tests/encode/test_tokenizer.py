import pickle
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openqa.encode.loading import MODELS
from openqa.encode.tokenizer import CLS, MASK, PAD, SEP, UNK, SharedTokenizer
from openqa.errors import ModelError
from tests.encode.tiny import WORDS, sentences, tiny_tokenizer, trained


def bundled() -> SharedTokenizer:
    """The one of the package, whose pieces are a published tokenizer's."""
    return SharedTokenizer.load(MODELS / "tokenizer.json")


BOTH = pytest.mark.parametrize("tokenizer", [tiny_tokenizer(), bundled()], ids=["tiny", "bundled"])


def spans(text: str) -> list[tuple[str, str]]:
    """Each piece with the text that it stands for."""
    found = tiny_tokenizer().pieces([text])[0]
    pieces = [trained().id_to_token(int(number)) or "" for number in found.ids]
    return [(piece, text[a:b]) for piece, a, b in zip(pieces, found.starts, found.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Under  (the stone", [("▁under", "Under"), ("(", "("), ("▁the", "the"), ("▁stone", "stone")]),
        ("bread and   fish", [("▁bread", "bread"), ("▁and", "and"), ("▁", " "), ("▁", " "), ("▁fish", "fish")]),
        ("İstanbul (İSTANBUL)", [("▁istanbul", "İstanbul"), ("(", "("), ("▁istanbul", "İSTANBUL"), (")", ")")]),
        ("แม่น้ำ(ไทย)", [("▁", "แ"), ("แม่น้ํา", "แม่น้ำ"), ("(", "("), ("ไทย", "ไทย"), (")", ")")]),
        ("مُحَمَّدٌ (كِتَابٌ)", [("▁مُحَمَّدٌ", "مُحَمَّدٌ"), ("(", "("), ("▁كِتَابٌ", "كِتَابٌ"), (")", ")")]),
        ("दिल्ली (हिन्दी)", [("▁दिल्ली", "दिल्ली"), ("(", "("), ("▁हिन्दी", "हिन्दी"), (")", ")")]),
        ("东京（古老）。", [("▁", "东"), ("东京", "东京"), ("(", "（"), ("古老", "古老"), (")", "）"), ("。", "。")]),
    ],
)  # fmt: skip
def test_pieces_stand_where_their_text_stands(text: str, expected: list[tuple[str, str]]) -> None:
    """Latin, Turkish capitals, Thai, Arabic and Devanagari with marks, Chinese with its punctuation."""
    assert spans(text) == expected


@pytest.mark.parametrize("digits", ["1984", "١٩٨٤", "۱۹۸۴", "१९८४", "১৯৮৪", "౧౯౮౪", "๑๙๘๔", "၁၉၈၄", "១៩៨៤"])
def test_digits_of_any_script_are_the_same_pieces(digits: str) -> None:
    """A number written in native digits gives the ids of ASCII digits, each piece its own digits."""
    text = f"({digits})"
    assert tiny_tokenizer().ids([text])[0].tolist() == tiny_tokenizer().ids(["(1984)"])[0].tolist()
    assert "".join(part for piece, part in spans(text) if piece != "▁") == text


@pytest.mark.parametrize(
    "word", ["Fluß\u0308", "u\u0301", *(unicodedata.normalize("NFD", w) for w in ("küçük", "γέφυρα", "강은", "ガ"))]
)
def test_a_letter_keeps_its_combining_marks(word: str) -> None:
    """What normalisation composes into one character is one range: "e" and its accent, the letters of a syllable."""
    for text in (word, f"the {word} (river)", f"{word}{word} {word}"):
        found = tiny_tokenizer().pieces([text])[0]
        covered = {at for a, b in zip(found.starts, found.ends, strict=True) for at in range(a, b)}
        assert {at for at, letter in enumerate(text) if not letter.isspace()} <= covered


@BOTH
def test_one_sign_that_is_read_as_words_is_their_range(tokenizer: SharedTokenizer) -> None:
    """℃ is read as a degree sign and a C: each has the sign as its range, and ranges never run backwards."""
    found = tokenizer.pieces(["5 ℃ ㎛ ´ ½ﷺ."])[0]
    assert (np.diff(found.starts) >= 0).all()
    assert (np.diff(found.ends) >= 0).all()
    assert (found.starts < found.ends).all()


ANY_TEXT = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("".join(WORDS.values()) + " ()℃İ\u0301\n12")),
    max_size=40,
)


@BOTH
@settings(max_examples=200, deadline=None)
@given(text=ANY_TEXT)
@example(text="")
@example(text="\u0301")
@example(text=" (")
def test_ranges_of_any_text_are_in_order_and_inside(tokenizer: SharedTokenizer, text: str) -> None:
    """Starts and ends never fall and stay inside the text."""
    found = tokenizer.pieces([text])[0]
    assert (np.diff(found.starts) >= 0).all()
    assert (np.diff(found.ends) >= 0).all()
    assert ((found.starts >= 0) & (found.starts <= found.ends) & (found.ends <= len(text))).all()


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT)
def test_a_piece_of_a_word_does_not_begin_with_what_is_before(text: str) -> None:
    """Neither with a space nor with a bracket."""
    for piece, part in spans(text):
        if len(piece) > 1 and piece != "[UNK]":
            assert part[:1] not in (" ", "(", ")") or part == text[:1]


def test_ids_and_pieces_agree() -> None:
    """Both give the same ids; a text alone and in a batch gives the same pieces; no text gives no piece."""
    texts = [*sentences()[::40], "", " "]
    tokenizer = tiny_tokenizer()
    for text, ids, pieces in zip(texts, tokenizer.ids(texts), tokenizer.pieces(texts), strict=True):
        alone = tokenizer.pieces([text])[0]
        assert ids.tolist() == pieces.ids.tolist() == alone.ids.tolist()
        assert pieces.starts.tolist() == alone.starts.tolist()
        assert pieces.ends.tolist() == alone.ends.tolist()
        assert UNK not in ids
    assert tokenizer.ids([]) == []
    assert [len(column) for column in (tokenizer.ids([""])[0], tokenizer.pieces([""])[0].starts)] == [0, 0]


def test_saved_and_loaded_equals_the_original(tmp_path: Path) -> None:
    """A tokenizer.json gives the same ids, and knows its size."""
    trained().save(str(tmp_path / "tokenizer.json"))
    loaded = SharedTokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.n_pieces == tiny_tokenizer().n_pieces == 420
    assert [ids.tolist() for ids in loaded.ids(sentences())] == [
        ids.tolist() for ids in tiny_tokenizer().ids(sentences())
    ]


def test_a_missing_or_damaged_file_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "tokenizer.json"
    message = f"{path}: no such file; the package is incomplete, install it again"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        SharedTokenizer.load(path)
    for content in ("", "{}", "[1"):
        path.write_text(content)
        with pytest.raises(ModelError, match=f"^{re.escape(f'{path}: not a tokenizer file (')}"):
            SharedTokenizer.load(path)


def test_line_ends_and_tabs_are_spaces() -> None:
    """Text broken into lines has the pieces of the same text in one line, at the same places."""
    tokenizer = tiny_tokenizer()
    spaced, broken = tokenizer.pieces(["Under the stone, under it", "Under\nthe\tstone,\u2028under it"])
    assert spaced.ids.tolist() == broken.ids.tolist()
    assert spaced.starts.tolist() == broken.starts.tolist()


@BOTH
@pytest.mark.parametrize("text", ["a [SEP] b [MASK] c", "a[SEP]b[CLS]", "[PAD]", "<s> </s> <mask>"])
def test_special_pieces_written_in_a_text_are_text(tokenizer: SharedTokenizer, text: str) -> None:
    """A text cannot smuggle in a separator or a mask, nor can one that was sent to another process."""
    for own in (tokenizer, pickle.loads(pickle.dumps(tokenizer))):
        ids = own.ids([text])[0].tolist()
        assert not set(ids) & {PAD, CLS, SEP, MASK}
        assert ids == tokenizer.ids([text])[0].tolist()


@BOTH
@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "\ufeff \u200d", "\u00ad"])
def test_a_text_of_nothing_visible_has_no_pieces(tokenizer: SharedTokenizer, text: str) -> None:
    """Not even the bare `▁`."""
    assert len(tokenizer.ids([text])[0]) == 0
