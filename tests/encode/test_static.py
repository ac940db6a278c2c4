import numpy as np
import pytest

from openqa.encode import load_encoder
from openqa.encode.static import StaticEncoder
from openqa.encode.table import STATIC_COLUMNS, EmbeddingTable
from openqa.encode.tokenizer import UNK
from tests.encode.tiny import random_values, sentences, tiny_table, tiny_tokenizer

SIDES = {
    "en": ("The cat sleeps on the sofa.", "How many people live in this city?", "The war ended in 1945."),
    "de": ("Die Katze schläft auf dem Sofa.", "Wie viele Menschen leben in dieser Stadt?", "Der Krieg endete 1945."),
    "es": ("El gato duerme en el sofá.", "¿Cuántas personas viven en esta ciudad?", "La guerra terminó en 1945."),
    "fr": ("Le chat dort sur le canapé.", "Combien de gens vivent dans cette ville ?", "La guerre a fini en 1945."),
    "ru": ("Кошка спит на диване.", "Сколько людей живёт в этом городе?", "Война закончилась в 1945 году."),
    "tr": ("Kedi kanepede uyuyor.", "Bu şehirde kaç kişi yaşıyor?", "Savaş 1945'te sona erdi."),
    "ar": ("القطة تنام على الأريكة.", "كم عدد الناس الذين يعيشون في هذه المدينة؟", "انتهت الحرب في عام ١٩٤٥."),
    "hi": ("बिल्ली सोफे पर सोती है।", "इस शहर में कितने लोग रहते हैं?", "युद्ध १९४५ में समाप्त हुआ।"),
    "th": ("แมวนอนหลับอยู่บนโซฟา", "เมืองนี้มีคนอาศัยอยู่กี่คน", "สงครามสิ้นสุดลงในปี 1945"),
    "zh": ("猫在沙发上睡觉。", "这座城市有多少人居住？", "战争于1945年结束。"),
}  # fmt: skip


def tiny() -> StaticEncoder:
    return StaticEncoder(tiny_tokenizer(), tiny_table(), "tiny@1")


def test_a_text_is_the_unit_mean_of_its_pieces() -> None:
    """Unknown pieces do not count."""
    text = "the old river ☃ bridge"
    ids = [number for number in tiny_tokenizer().ids([text])[0] if number != UNK]
    assert len(ids) == len(tiny_tokenizer().ids([text])[0]) - 1
    rows = tiny_table().rows(np.arange(len(tiny_table())))
    mean = sum(rows[number] for number in ids) / len(ids)
    assert np.allclose(tiny().encode_passages([text])[0], mean / np.sqrt((mean**2).sum()), atol=1e-6)


def test_rows_are_units_in_the_order_of_the_texts() -> None:
    """One row a text, (n, dim) float32, wherever it stands in the batch; alone and in any batch the same to 1e-6."""
    encoder, texts = tiny(), [*sentences()[::9], "the", "东京"]
    vectors = encoder.encode_passages(texts)
    assert vectors.shape == (len(texts), encoder.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(texts))
    assert np.abs(encoder.encode_passages([texts[i] for i in order]) - vectors[order]).max() <= 1e-6
    for text, vector in zip(texts, vectors, strict=True):
        assert np.abs(encoder.encode_passages([text])[0] - vector).max() <= 1e-6
        assert np.array_equal(encoder.encode_queries([text])[0], encoder.encode_passages([text])[0])


def test_a_text_without_a_known_piece_is_a_zero_row() -> None:
    """Empty texts give zeros and leave their neighbours alone; no text gives no row."""
    encoder = tiny()
    vectors = encoder.encode_passages(["", "the river", "\u200b", ""])
    assert np.array_equal(vectors.any(axis=1), [False, True, False, False])
    assert np.array_equal(vectors[1], encoder.encode_passages(["the river"])[0])
    assert encoder.encode_passages([]).shape == (0, STATIC_COLUMNS)
    assert not encoder.encode_queries([""]).any()


def test_columns_past_the_static_ones_change_nothing() -> None:
    """The reader's columns of the shared table have no part in a vector."""
    values = random_values(len(tiny_table()), STATIC_COLUMNS + 128)
    wide, narrow = (EmbeddingTable.quantise(part, 64) for part in (values, values[:, :STATIC_COLUMNS]))
    one, other = (StaticEncoder(tiny_tokenizer(), table, "tiny@1") for table in (wide, narrow))
    texts = sentences()[:20]
    assert np.array_equal(one.encode_passages(texts), other.encode_passages(texts))


def test_name_and_width() -> None:
    """The identity is what was given, the width that of the static columns."""
    assert (tiny().identity, tiny().dim) == ("tiny@1", STATIC_COLUMNS)


@pytest.mark.parametrize("lang", [lang for lang in SIDES if lang != "en"])
def test_the_bundled_encoder_brings_translations_together(lang: str) -> None:
    """Each sentence is nearer to its own translation than to any other English sentence, and the other way round."""
    encoder = load_encoder()
    similarity = encoder.encode_queries(SIDES[lang]) @ encoder.encode_passages(SIDES["en"]).T
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]
    assert similarity.argmax(axis=0).tolist() == [0, 1, 2]
