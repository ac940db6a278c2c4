"""The multilingual vocabulary: cutting a published one, training one, and giving an English model embeddings for it.

Sources: cutting a vocabulary to the languages that are wanted: Abdaoui et al. 2020 (arXiv:2010.05609); Unigram language
model tokenizer (Kudo 2018, arXiv:1804.10959); transfer of embeddings into a new vocabulary through an aligned static
space: WECHSEL (Minixhofer et al. 2022, arXiv:2112.06598), FOCUS (Dobler & de Melo 2023, arXiv:2305.14481).
"""

import io
from collections.abc import Iterable, Sequence

import numpy as np
import sentencepiece
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import Unigram

from openqa.types import Array

SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORD_START = "▁"
NEVER = -200.0  # log probability, below that of any six characters that are known
PUNCTUATION = r"[\p{P}\p{Sc}\p{Sk}\p{Sm}[\p{So}&&[^▁]]]"
SPACED_SCRIPTS = r"\p{Latin}\p{Cyrillic}\p{Greek}\p{Arabic}\p{Hebrew}\p{Devanagari}\p{Bengali}\p{Telugu}\p{Hangul}0-9"


def train_tokenizer(texts: Iterable[str], n_pieces: int) -> Tokenizer:
    """Returns a Unigram tokenizer of `n_pieces`, trained on `texts`.

    NFKC and lower case; punctuation and digit runs stand alone; a word starts with `▁` also after punctuation, so that
    it is the same piece in brackets and out of them. Text without spaces is one long word, which the model cuts.
    Trained by sentencepiece (the trainer of `tokenizers` never makes a piece of a word that starts no longer word).

    Args:
        texts: training texts, balanced over languages by the caller.
        n_pieces: size V of the vocabulary, special pieces included.
    """
    tokenizer = Tokenizer(Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace("i̇", "i"),  # what lower case makes of the Turkish dotted capital
            normalizers.Replace(Regex("[\u200b\u2060\ufeff\u00ad]"), ""),
            normalizers.Replace(Regex(rf"\s+(?={PUNCTUATION})"), ""),
            normalizers.Replace(Regex(rf"(?<={PUNCTUATION})(?=[{SPACED_SCRIPTS}])"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement=WORD_START, prepend_scheme="always", split=True),
            pre_tokenizers.Split(Regex(rf"{WORD_START}?\p{{N}}+"), "isolated"),
            pre_tokenizers.Split(Regex(PUNCTUATION), "isolated"),
        ]
    )
    lines = (_spaced(tokenizer, text) for text in texts)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for line in lines if line),
        model_writer=model,
        vocab_size=n_pieces,
        model_type="unigram",
        character_coverage=0.9995,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_number=True,
        split_by_unicode_script=True,
        max_sentencepiece_length=12,
        max_sentence_length=100_000,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        pad_piece="[PAD]",
        unk_piece="[UNK]",
        control_symbols=list(SPECIAL_PIECES[2:]),
        num_threads=2,
        minloglevel=1,
    )
    trained = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [(trained.id_to_piece(row), trained.get_score(row)) for row in range(trained.get_piece_size())]
    tokenizer.model = Unigram(pieces, unk_id=1, byte_fallback=False)
    tokenizer.add_special_tokens(list(SPECIAL_PIECES))
    return tokenizer


def _spaced(tokenizer: Tokenizer, text: str) -> str:
    """The normalised text with one space before every word, as the trainer wants it."""
    words = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
    return "".join(word for word, _ in words).replace(WORD_START, " ")


def cut_tokenizer(
    pieces: Sequence[str], scores: Array | Sequence[float], special: Sequence[int], counts: Array, n_pieces: int
) -> tuple[Tokenizer, Array]:
    """Returns a Unigram tokenizer of the commonest pieces of a published one, and which those are.

    Every single character that was counted is kept, so that no text becomes unknown for the cut; a word whose piece is
    gone is read in smaller ones.

    Args:
        pieces: U pieces.
        scores: (U,) their log probabilities.
        special: numbers of those that stand for no text.
        counts: (U,) how often each is wanted, in any unit.
        n_pieces: size V of the new vocabulary, `SPECIAL_PIECES` included, which come first.

    Returns:
        The tokenizer, and (V - 5,) the numbers of its other pieces, in order.

    Raises:
        ValueError: there are more single characters, or fewer pieces, than that.
    """
    is_plain = np.ones(len(pieces), dtype=bool)
    is_plain[list(special)] = False
    is_single = np.fromiter((len(piece.removeprefix(WORD_START)) <= 1 for piece in pieces), bool, len(pieces))
    is_kept = is_plain & is_single & (counts > 0)
    least, most = (int(chosen.sum()) + len(SPECIAL_PIECES) for chosen in (is_kept, is_plain))
    if not least <= n_pieces <= most:
        raise ValueError(f"{n_pieces} pieces are wanted; with every single character {least} to {most} can be had")
    order = np.argsort(-np.where(is_kept | ~is_plain, -np.inf, counts), kind="stable")
    is_kept[order[: n_pieces - len(SPECIAL_PIECES) - is_kept.sum()]] = True
    rows = np.flatnonzero(is_kept)
    return _published_tokenizer([(pieces[row], float(f"{scores[row]:.6g}")) for row in rows.tolist()]), rows


def _published_tokenizer(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """XLM-R's way with text: NFKC, what is not seen is a space or nothing, a word starts with `▁`."""
    special = [(piece, NEVER) for piece in SPECIAL_PIECES]  # in a text they are text
    tokenizer = Tokenizer(Unigram([*special, *pieces], unk_id=1))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex("[\u2060\u00ad]"), ""),
            normalizers.Replace(Regex("[\u0000-\u001f\u007f\u200b-\u200f\ufeff\ufffd]"), " "),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=WORD_START, prepend_scheme="always", split=True)
    tokenizer.add_special_tokens(list(SPECIAL_PIECES))
    return tokenizer


def pieces_per_word(tokenizer: Tokenizer, texts: Sequence[str], n_words: Sequence[int]) -> float:
    """Returns how many pieces a word of these texts takes in the mean.

    Args:
        tokenizer: the tokenizer.
        texts: sample texts of one language.
        n_words: number of words of each text.
    """
    pieces = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False))
    return pieces / max(sum(n_words), 1)


def transfer_embeddings(
    source: Array, source_space: Array, target_space: Array, *, n_neighbours: int = 10, temperature: float = 0.1
) -> Array:
    """Gives every piece of a new vocabulary an embedding of the source model.

    e[v] = sum over u of w[v, u] · source[u], with w[v] = softmax(cos(target_space[v], source_space[u]) / temperature)
    over the source pieces u nearest to v.

    Args:
        source: (U, D) embeddings of the source model.
        source_space: (U, S) the same source pieces in the aligned static space.
        target_space: (V, S) the new pieces in that space.
        n_neighbours: how many source pieces share in a new embedding; below U.
        temperature: of the softmax over their similarities.

    Returns:
        (V, D) float32.

    Source: WECHSEL (Minixhofer et al. 2022), section 3.
    """
    unit_source = _unit(source_space)
    unit_target = _unit(target_space)
    result = np.empty((len(target_space), source.shape[1]), dtype=np.float32)
    for start in range(0, len(target_space), 4096):
        similarity = unit_target[start : start + 4096] @ unit_source.T  # (v, U)
        nearest = np.argpartition(-similarity, n_neighbours, axis=1)[:, :n_neighbours]
        logits = np.take_along_axis(similarity, nearest, axis=1) / temperature
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        result[start : start + 4096] = np.einsum("vn,vnd->vd", weights, source[nearest])
    return result


def _unit(rows: Array) -> Array:
    unit: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
