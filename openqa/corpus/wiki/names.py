"""Names that MediaWiki text uses in many languages: file and category prefixes, templates, tags.

A dump says the names of its own namespaces, but not their older aliases, and of its templates nothing; those that are
listed here are the ones in wide use on Wikipedias. What is missing costs little: a link to a file is also known by the
suffix of its name, and the set of disambiguation templates can be added to.
"""

from collections.abc import Mapping
from types import MappingProxyType

FILE_PREFIXES = frozenset({
    "file", "image", "media", "fichier", "datei", "bild", "archivo", "imagen", "ficheiro", "imagem", "immagine",
    "bestand", "afbeelding", "dosya", "resim", "plik", "grafika", "fil", "tiedosto", "kuva", "файл", "изображение",
    "зображення", "датотека", "слика", "fișier", "imagine", "fájl", "kép", "soubor", "súbor", "obrázok", "αρχείο",
    "εικόνα", "ملف", "صورة", "پرونده", "تصویر", "קובץ", "תמונה", "चित्र", "চিত্র", "ไฟล์", "ภาพ", "hình", "berkas",
    "gambar", "fail", "ファイル", "画像", "文件", "档案", "檔案", "图像", "圖像", "파일", "그림", "dosiero",
    "fitxategi",
    "fitxer", "imatge", "fayl", "faylo", "şəkil", "pilt", "vaizdas", "attēls", "slika", "datoteka", "picha", "pilitin",
    "skrá", "mynd", "сүрөт", "сурет", "ფაილი", "պատկեր", "படிமம்", "దస్త్రం", "ਤਸਵੀਰ", "tập tin",
})  # fmt: skip
CATEGORY_PREFIXES = frozenset({
    "category", "catégorie", "kategorie", "categoría", "categoria", "categorie", "kategori", "kategoria", "kategória",
    "luokka", "категория", "категорія", "категорија", "катэгорыя", "κατηγορία", "تصنيف", "رده", "קטגוריה", "श्रेणी",
    "বিষয়শ্রেণী", "หมวดหมู่", "loại", "カテゴリ", "分类", "分類", "분류", "kategorio", "kategoriya", "kateqoriya",
    "kategooria", "kategorija", "jamii", "flokkur", "санат", "კატეგორია", "կատեգորիա", "பகுப்பு", "వర్గం", "thể loại",
})  # fmt: skip
DISAMBIGUATION_WORDS = frozenset({
    "disambig", "توضيح", "begriffsklärung", "täpsustus", "ابهامزدایی", "homonymie", "homónimos", "동음이의",
    "појаснување", "निःसंदिग्ध",
})  # fmt: skip
DISAMBIGUATION_TEMPLATES = frozenset({
    "disambiguation", "disambig", "disamb", "dab", "disambiguation page", "disambiguation cleanup", "hndis", "geodis",
    "human name disambiguation", "place name disambiguation", "airport disambiguation", "biology disambiguation",
    "call sign disambiguation", "chemistry disambiguation", "church disambiguation", "hospital disambiguation",
    "letter-number combination disambiguation", "mathematical disambiguation", "mil-unit-dis", "numberdis", "roaddis",
    "military unit disambiguation", "music disambiguation", "number disambiguation", "opus number disambiguation",
    "phonetics disambiguation", "road disambiguation", "schooldis", "school disambiguation",
    "species latin name abbreviation disambiguation", "station disambiguation",
    "letter–number combination disambiguation", "anlam ayrımı", "anlam ayrım", "anlam ayrımı sayfası",
    "begriffsklärung", "begriepskloorenge", "begriffsklearung", "homonymie", "homonyme", "toponymie", "patronymie",
    "paronymie", "desambiguación", "desambiguacion", "desambig", "desambiguação", "desambiguação-geo", "disambigua",
    "desambiguació", "doorverwijspagina", "dp", "ujednoznacznienie", "förgrening", "gren", "gaffel", "peker",
    "fleirtyding", "flertydig", "täsmennyssivu", "aðgreining", "rozcestník", "rozlišovacia stránka", "egyért",
    "egyértelműsítő lap", "dezambiguizare", "неоднозначность", "многозначность", "багатозначність", "неоднозначнасць",
    "неадназначнасць", "вишезначна одредница", "višeznačna odrednica", "пояснение", "појаснување", "razdvojba",
    "čvor", "razločitev", "αποσαφήνιση", "nuorodinis", "nozīmju atdalīšana", "täpsustuslehekülg", "täpsustus",
    "apartigilo", "argipen", "homónimos", "dixebra", "discretiva", "dubbelsinnig", "gwahaniaethu", "idirdhealú",
    "disheñvelout", "kthjellim", "maana", "nyahkekaburan", "disambiguasi", "paglilinaw", "trang định hướng",
    "định hướng", "dəqiqləşdirmə", "айрық", "көп мағыналы мақала", "күп мәғәнәлелек", "բազմիմաստություն",
    "მრავალმნიშვნელოვანი", "توضيح", "صفحة توضيح", "ابهام‌زدایی", "ابهام زدایی", "ضد ابہام", "פירושונים", "बहुविकल्पी",
    "बहुविकल्पी शब्द", "दुविधा निवारण", "निःसंदिग्धीकरण", "দ্ব্যর্থতা নিরসন", "ਗੁੰਝਲ-ਖੋਲ੍ਹ", "பக்கவழி நெறிப்படுத்தல்",
    "అయోమయ నివృత్తి", "ದ್ವಂದ್ವ ನಿವಾರಣೆ", "വിവക്ഷകൾ", "වක්‍රෝත්ති", "แก้กำกวม", "แก้ความกำกวม", "曖昧さ回避", "aimai",
    "人名の曖昧さ回避", "地名の曖昧さ回避", "同名の地名", "消歧义", "消歧義", "消歧义页", "消歧義頁", "消歧頁",
    "搞清楚", "搞清楚頁", "扤清楚", "釋義", "동음이의",
    "동음이의어 문서", "동명이인", "동음이의 지명", "khu-pia̍t-ia̍h",
})  # fmt: skip
HIDDEN_TAGS = (
    "ref", "references", "math", "chem", "ce", "gallery", "timeline", "score", "graph", "hiero", "imagemap",
    "inputbox", "categorytree", "templatedata", "templatestyles", "mapframe", "maplink", "section", "indicator",
    "includeonly", "dynamicpagelist", "listen", "phonos", "quiz", "slideshow", "rss", "style", "script",
)  # fmt: skip
LITERAL_TAGS = ("nowiki", "pre", "source", "syntaxhighlight")
BLOCK_TAGS = (
    "br", "p", "div", "li", "ul", "ol", "dl", "dt", "dd", "tr", "table", "caption", "blockquote", "center", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "poem",
)  # fmt: skip
CELL_TAGS = ("td", "th")
INLINE_TAGS = (
    "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark",
    "noinclude", "onlyinclude", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "time", "tt", "u", "var", "wbr", "thead", "tbody", "tfoot", "translate", "tvar", "nobr", "languages",
)  # fmt: skip
SHOWN_ARGUMENT: Mapping[str, int] = MappingProxyType({
    "lang": 1, "langx": 1, "dil": 1, "langue": 1, "transl": -1, "transliteration": -1, "script": 1, "nihongo": 0,
    "nowrap": 0, "nobr": 0, "small": 0, "smaller": 0, "big": 0, "larger": 0, "abbr": 0, "tooltip": 0, "ill": 0,
    "interlanguage link": 0, "ii": 0, "lien": 0, "not a typo": 0, "sic": 0, "as written": 0, "quote": 0, "cquote": 0,
    "blockquote": 0, "alıntı": 0, "citation bloc": 0, "center": 0, "em": 0, "strong": 0, "code": 0, "mono": 0, "val": 0,
    "url": -1, "linktext": 0, "zh-hans": 0, "zh-hant": 0, "fontcolor": -1, "rtl-lang": 1, "rtl": 0, "math": 0,
    "mvar": 0, "sub": 0, "sup": 0, "plainlist": 0, "formatnum": 0, "lc": 0, "uc": 0, "lcfirst": 0, "ucfirst": 0,
})  # fmt: skip
SHOWN_MARK: Mapping[str, str] = MappingProxyType({
    "snd": " – ", "spnd": " – ", "spaced ndash": " – ", "ndash": "–", "en dash": "–", "–": "–", "mdash": "—",
    "em dash": "—", "—": "—", "nbsp": " ", "sp": " ", "space": " ", "·": " · ", "•": " • ", "dot": " · ",
    "bullet": " • ", "'": "'", "pad": " ", "\\": " / ", "okina": "ʻ",
})  # fmt: skip
SILENT_IN_VALUES = (
    "cite", "citation", "sfn", "efn", "refn", "harv", "coord", "koordinat", "flagicon", "flagdeco", "kaynak",
    "web kaynağı", "citation needed", "cn", "fact", "dead link", "webarchive", "r", "rp", "clear",
)  # fmt: skip
REDIRECT_WORDS = frozenset({
    "redirect", "redirection", "redirección", "redirecionamento", "rinvia", "weiterleitung",
    "doorverwijzing", "yönlendirme", "przekieruj", "patrz", "omdirigering", "ohjaus", "uudelleenohjaus", "přesměruj",
    "átirányítás", "redirecteaza", "перенаправление", "перенапр", "перенаправлення", "преусмери", "пренасочване",
    "ανακατευθυνση", "ανακατεύθυνση", "تحويل", "تغییر_مسیر", "تغییرمسیر", "הפניה", "अनुप्रेषित", "पुनर्निर्देशन",
    "পুনর্নির্দেশ", "เปลี่ยนทาง", "đổi", "alih", "lencong", "転送", "リダイレクト", "重定向", "넘겨주기",
    "birzuzendu", "redirige", "alidirektu", "yoʻnaltirish", "istiqamətləndirmə",
})  # fmt: skip
