from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

from openqa.train.transfer import target_embeddings
from openqa.train.vocabulary import transfer_embeddings
from tests.encode.tiny import random_values, tiny_tokenizer, trained

ENGLISH = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "(", "##e", "##s", "river", "bridge", "town", "fish", "bread", "stone",
    "market", "old", "near", "under", "people",
)  # fmt: skip


def test_known_pieces_are_copied_and_others_are_near(tmp_path: Path) -> None:
    """A word, its continuation, punctuation and special pieces are copied; the rest is transferred."""
    torch.manual_seed(0)
    body = BertModel(
        BertConfig(
            vocab_size=len(ENGLISH), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
        )
    )
    (tmp_path / "vocab.txt").write_text("\n".join(ENGLISH), encoding="utf-8")
    trained().save(str(tmp_path / "tokenizer.json"))
    static = random_values(trained().get_vocab_size(), 6)
    target, copied = target_embeddings(body, tmp_path / "vocab.txt", tmp_path / "tokenizer.json", static)
    source = body.embeddings.word_embeddings.weight.detach().numpy()
    rows = {"▁" + word: word for word in ENGLISH[5:] if word.isalpha()}
    rows |= {"e": "##e", "s": "##s"} | {piece: piece for piece in ENGLISH[:5]}
    known = {trained().token_to_id(piece): ENGLISH.index(word) for piece, word in rows.items()}
    assert copied == len(known) == len(ENGLISH)
    for row, english in known.items():
        assert np.array_equal(target[row or 0], source[english])
    words = [word for word in ENGLISH if word.isalnum() or word.startswith("##")]
    ids = tiny_tokenizer().ids([word.removeprefix("##") for word in words])
    space = np.stack([static[reading].mean(axis=0) for reading in ids])
    expected = transfer_embeddings(source[[ENGLISH.index(word) for word in words]], space, static)
    others = [row for row in range(len(target)) if row not in known]
    assert np.allclose(target[others], expected[others], atol=1e-6)
