"""A shared tokenizer trained on made-up sentences, and an embedding table for it; small enough for any test."""

import random
from functools import cache

import numpy as np
from tokenizers import Tokenizer

from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import SharedTokenizer
from openqa.train.vocabulary import train_tokenizer
from openqa.types import Array

WORDS = {
    "en": "the old river runs under a stone bridge near small town market where people sell bread and fish",
    "tr": "eski nehir İstanbul şehrinde küçük köprünün altından akar çarşıda ekmek balık satılır ılık gün",
    "de": "der alte Fluss fließt unter einer Brücke über die Straße zum kleinen Markt mit Brot und Fisch",
    "ru": "старая река течёт под каменным мостом около маленького города рынок хлеб рыба",
    "ar": "النهر القديم يجري تحت الجسر قرب المدينة مُحَمَّدٌ كِتَابٌ السوق خبز سمك",
    "hi": "पुरानी नदी पत्थर के पुल के नीचे बहती है दिल्ली हिन्दी बाज़ार रोटी मछली",
    "th": "แม่น้ำ เก่า ไหล ใต้ สะพาน หิน ใกล้ เมือง เล็ก ตลาด ขนม ปลา ภาษา ไทย",
    "zh": "古老 的 河 流 在 石 桥 下 靠近 小 城 市场 面包 鱼 东京",
    "ko": "오래된 강은 돌다리 아래 작은 마을 시장 빵 생선 한국어",
    "el": "το παλιό ποτάμι κυλά κάτω από τη γέφυρα κοντά στην αγορά ψωμί ψάρι",
}
UNSPACED = ("th", "zh")
COLUMNS = 256


@cache
def sentences() -> tuple[str, ...]:
    """Forty sentences in each language: six words, brackets around one, a number, a full stop."""
    rng = random.Random(0)
    made = []
    for lang, line in WORDS.items():
        for _ in range(40):
            words = rng.choices(line.split(), k=6)
            words[2] = f"({words[2]})"
            words.append(str(rng.randrange(10, 3000)))
            made.append(("" if lang in UNSPACED else " ").join(words) + ("。" if lang == "zh" else "."))
    return tuple(made)


@cache
def trained() -> Tokenizer:
    """The tokenizer as the training returns it."""
    return train_tokenizer(sentences(), 420)


@cache
def tiny_tokenizer() -> SharedTokenizer:
    """The same, as the models use it."""
    return SharedTokenizer(Tokenizer.from_str(trained().to_str()))


def random_values(n_rows: int, n_columns: int = COLUMNS, seed: int = 0) -> Array:
    """Normally distributed float32 values."""
    return np.random.default_rng(seed).standard_normal((n_rows, n_columns), np.float32)


@cache
def tiny_table() -> EmbeddingTable:
    """A random table with a row for each piece."""
    return EmbeddingTable.quantise(random_values(tiny_tokenizer().n_pieces), 64)
