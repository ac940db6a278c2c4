"""From the English body to the multilingual table: which pieces are copied and where the others start."""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from transformers import BertModel

from openqa.encode.tokenizer import WORD_START, SharedTokenizer
from openqa.train.vocabulary import transfer_embeddings
from openqa.types import Array


def target_embeddings(
    body: BertModel, english_vocabulary: Path, tokenizer_path: Path, static: Array
) -> tuple[Array, int]:
    """Returns embeddings of the multilingual pieces in the English model's space, and how many of them are copies.

    A piece that the English vocabulary has is copied; the others are a mean of near ones (transfer_embeddings). An
    English piece stands in the static space where the shared tokenizer's reading of it stands.

    Args:
        body: the English model.
        english_vocabulary: its vocab.txt, a piece a line.
        tokenizer_path: the shared tokenizer.json.
        static: (V, S) static vectors of the shared pieces.

    Returns:
        (V, D) float32, and the number of copied rows.
    """
    source = body.embeddings.word_embeddings.weight.detach().numpy()  # (U, D)
    english = english_vocabulary.read_text(encoding="utf-8").splitlines()
    rows = {piece: row for row, piece in enumerate(english)}
    tokenizer = SharedTokenizer.load(tokenizer_path)
    whole = [row for row, piece in enumerate(english) if piece.isalnum() or piece.startswith("##")]
    readings = tokenizer.ids([english[row].removeprefix("##") for row in whole])
    space = np.stack([static[ids].mean(axis=0) if len(ids) else np.zeros(static.shape[1]) for ids in readings])
    target = transfer_embeddings(source[whole], space.astype(np.float32), static)
    pieces = Tokenizer.from_file(str(tokenizer_path)).get_vocab()
    copied = 0
    for piece, row in pieces.items():
        english_piece = piece.removeprefix(WORD_START) if piece.startswith(WORD_START) else f"##{piece}"
        if not piece[:1].isalpha() and not piece.startswith(WORD_START):
            english_piece = piece  # punctuation and special pieces stand alone in both
        if english_piece in rows:
            target[row] = source[rows[english_piece]]
            copied += 1
    return target, copied
