"""The bundled encoders: what they must bring together, and what no batch may change."""

import numpy as np
import pytest

from openqa.encode import load_encoder
from openqa.encode.loading import BUNDLED

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


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("lang", [lang for lang in SIDES if lang != "en"])
def test_translations_are_brought_together(name: str, lang: str) -> None:
    """Each sentence is nearer to its own translation than to any other English sentence, and the other way round."""
    encoder = load_encoder(name)
    similarity = encoder.encode_queries(SIDES[lang]) @ encoder.encode_passages(SIDES["en"]).T
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]
    assert similarity.argmax(axis=0).tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_text_alone_gives_what_it_gives_in_a_batch(name: str) -> None:
    """To 1e-4, whatever its neighbours and their lengths."""
    encoder = load_encoder(name)
    texts = [text * times for side in SIDES.values() for times, text in enumerate(side, 1)]
    together = encoder.encode_passages(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert np.abs(encoder.encode_queries([text])[0] - vector).max() <= 1e-4
