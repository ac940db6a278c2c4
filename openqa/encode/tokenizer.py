"""The tokenizer that all bundled models share, with offsets that are exact in the original text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import regex
from tokenizers import Encoding, Tokenizer

from openqa.errors import ModelError
from openqa.types import Array

PAD, UNK, CLS, SEP, MASK = range(5)
WORD_START = "▁"
DIGITS = {
    zero + digit: ord("0") + digit
    for zero in (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0C66, 0x0E50, 0x1040, 0x17E0)
    for digit in range(10)
}
LINE_ENDS = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")
FOLDED = DIGITS | LINE_ENDS  # one code point for one, so that offsets stay true
_SEEN = regex.compile(r"[^\s\p{Cc}\p{Cf}\ufffd]")
_NO_WORD = regex.compile(r"[\s\p{P}\p{S}\p{Cc}\p{Cf}]+")
_COMPOSED = regex.compile(r"[\p{M}\u1160-\u11ff\uff9e\uff9f]+")  # marks, the rest of a Hangul syllable, Kana voicing


@dataclass(frozen=True, slots=True)
class Pieces:
    """One text as pieces: ids, and the half-open range of code points that each stands for."""

    ids: Array  # (T,) int64
    starts: Array  # (T,) int64
    ends: Array  # (T,) int64


class SharedTokenizer:
    """Texts to piece ids; digits of every script are read as ASCII digits, line ends and tabs as spaces."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True  # "[SEP]" in a text is text

    def __reduce__(self) -> tuple[type["SharedTokenizer"], tuple[Tokenizer]]:
        return SharedTokenizer, (self._tokenizer,)  # the library's own way forgets the last of these settings

    @classmethod
    def load(cls, path: Path) -> "SharedTokenizer":
        """Returns the tokenizer of a tokenizer.json.

        Args:
            path: the file.

        Raises:
            ModelError: the file is missing or not a tokenizer.
        """
        if not path.is_file():
            raise ModelError(f"{path}: no such file; the package is incomplete, install it again")
        try:
            return cls(_parsed(path.resolve(), path.stat().st_mtime_ns))
        except Exception as error:  # the library has no exception of its own to name
            raise ModelError(f"{path}: not a tokenizer file ({error})") from error

    @property
    def n_pieces(self) -> int:
        """Size V of the vocabulary."""
        return self._tokenizer.get_vocab_size()

    def ids(self, texts: Sequence[str]) -> list[Array]:
        """Piece ids of each text, without special pieces.

        Args:
            texts: N texts.

        Returns:
            N arrays, (T,) int32 each.
        """
        return [np.asarray(encoding.ids, dtype=np.int32) for encoding in self._encode(texts)]

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """Pieces of each text with exact offsets, without special pieces.

        A word's range never includes the white space or punctuation before it, and a letter's range includes its
        combining marks. The bare `▁` has the range of the space, or of the first character of the text.

        Args:
            texts: N texts.
        """
        return [_exact(text, encoding) for text, encoding in zip(texts, self._encode(texts), strict=True)]

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        folded = [text.translate(FOLDED) if _SEEN.search(text) else "" for text in texts]
        return self._tokenizer.encode_batch(folded, add_special_tokens=False)


def plain_ids(ids: Array) -> Array:
    """Returns the ids of a text, where a special piece that is written out in it is an unknown one.

    Args:
        ids: (T,) piece ids.
    """
    plain: Array = np.where(np.isin(ids, (PAD, CLS, SEP, MASK)), UNK, ids)
    return plain


def _exact(text: str, encoding: Encoding) -> Pieces:
    """The pieces with their ranges mended.

    The tokenizer counts the space or punctuation before a word to the word, and leaves out what its normalisation
    composes into the character before.
    """
    starts = [start for start, _ in encoding.offsets]
    ends = [end for _, end in encoding.offsets]
    for i, piece in enumerate(encoding.tokens):
        if len(piece) > 1 and piece.startswith(WORD_START):
            before = _NO_WORD.match(text, starts[i], ends[i] - 1)  # one sign may be a word itself: ℃ is read as °, C
            starts[i] = before.end() if before else starts[i]
    for i, (end, limit) in enumerate(zip(ends, [*starts[1:], len(text)], strict=False)):
        marks = _COMPOSED.match(text, end, limit) if end < limit else None
        ends[i] = marks.end() if marks else end
    return Pieces(*(np.asarray(column, dtype=np.int64) for column in (encoding.ids, starts, ends)))


@lru_cache(maxsize=2)
def _parsed(path: Path, modified_ns: int) -> Tokenizer:
    """The content of a file, parsed once for all models that share it: it takes a tenth of a second."""
    return Tokenizer.from_file(str(path))
