"""Writes a made-up Wikipedia dump in the exact layout of the published ones: multistream bz2 with its index file.

Articles in several scripts have an infobox, references, links, a file with a caption, lists, a table and templates;
among them stand redirects, disambiguation pages, empty pages, pages of other namespaces and broken markup. Paragraphs
are drawn from a pool, so the pages are many but the words few: the dump is for measuring the
reading, not the search.

Example:
    python scripts/make_dump.py --articles 50000 --out work/trwiki-20231101-pages-articles-multistream.xml.bz2
"""

import argparse
import bz2
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

PAGES_IN_STREAM = 100
KINDS = {"article": 60, "broken": 1, "redirect": 25, "disambiguation": 3, "empty": 1, "talk": 4, "template": 6}
WORDS = {
    "tr": "şehir nüfus yılında kuruldu tarihî kale ırmak köprü sanayi üniversite belediye bölgesinde ilçe önemli "
    "savaş antlaşma imparatorluk döneminde yapıldı müze kütüphane göl dağ yüksekliği metre ünlü yazar doğdu",
    "ar": "مدينة سكان تأسست عام قلعة نهر جسر صناعة جامعة بلدية منطقة مهم حرب معاهدة الإمبراطورية متحف مكتبة بحيرة جبل",
    "th": "เมืองหลวงของประเทศ ประชากรทั้งหมด ก่อตั้งเมื่อปี แม่น้ำสายสำคัญ มหาวิทยาลัยแห่งชาติ พิพิธภัณฑ์ ทะเลสาบ ภูเขาสูง",
    "zh": "城市 人口 成立于 历史 城堡 河流 大桥 工业 大学 政府 地区 重要 战争 条约 帝国 博物馆 图书馆 湖泊 山脉 作家",
    "ru": "город население основан в году крепость река мост университет область важный война договор империя музей",
    "en": "city population founded in the year castle river bridge university district important war treaty empire",
}
HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.mediawiki.org/xml/export-0.11/ http://www.mediawiki.org/xml/export-0.11.xsd" \
version="0.11" xml:lang="tr">
  <siteinfo>
    <sitename>Vikipedi</sitename>
    <dbname>trwiki</dbname>
    <base>https://tr.wikipedia.org/wiki/Anasayfa</base>
    <generator>MediaWiki 1.42.0-wmf.2</generator>
    <case>first-letter</case>
    <namespaces>
      <namespace key="-2" case="first-letter">Ortam</namespace>
      <namespace key="-1" case="first-letter">Özel</namespace>
      <namespace key="0" case="first-letter" />
      <namespace key="1" case="first-letter">Tartışma</namespace>
      <namespace key="4" case="first-letter">Vikipedi</namespace>
      <namespace key="6" case="first-letter">Dosya</namespace>
      <namespace key="10" case="first-letter">Şablon</namespace>
      <namespace key="14" case="first-letter">Kategori</namespace>
      <namespace key="828" case="first-letter">Modül</namespace>
    </namespaces>
  </siteinfo>
"""
PAGE = """  <page>
    <title>{title}</title>
    <ns>{ns}</ns>
    <id>{id}</id>
{redirect}    <revision>
      <id>{revision}</id>
      <parentid>{parent}</parentid>
      <timestamp>2023-10-{day:02}T12:00:00Z</timestamp>
      <contributor>
        <username>Yazar {id}</username>
        <id>7</id>
      </contributor>
      <comment>düzeltme</comment>
      <origin>{revision}</origin>
      <model>wikitext</model>
      <format>text/x-wiki</format>
      <text bytes="{size}" sha1="phoiac9h4m842xq45sp7s6u21eteeq1" xml:space="preserve">{text}</text>
      <sha1>phoiac9h4m842xq45sp7s6u21eteeq1</sha1>
    </revision>
  </page>
"""
TAIL = "</mediawiki>\n"
BREAKS = (
    "{{Kişi bilgi kutusu\n| ad = kapanmayan\n", "[[Dosya:x.jpg|küçük|yarım [[bağlantı ", "<ref name=a>kapanmayan ",
    "{| class=wikitable\n| hücre\n|-\n", "}} ]] |} </div> ", "<div><b><i>" * 40, "{{a|" * 60 + "}}" * 60, "'''''yarım ",
)  # fmt: skip


class Writer:
    """Makes pages; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._words = {lang: words.split() for lang, words in WORDS.items()}
        self._pool = {lang: [self._paragraph(lang) for _ in range(120)] for lang in WORDS}

    def text(self, kind: str, number: int) -> str:
        """Returns the wikitext of a page of a kind; `number` makes it one of its own."""
        rng = self._rng
        if kind == "redirect":
            return f"#YÖNLENDİRME [[Madde {rng.randrange(1, number + 2)}]]\n"
        if kind == "disambiguation":
            lines = [f"* [[Madde {number + n}]], bir şehir" for n in range(rng.randint(2, 6))]
            return "\n".join([f"'''Ad {number}''' şu anlamlara gelebilir:", *lines, "{{anlam ayrımı}}"])
        if kind == "empty":
            return "<!-- daha yazılmadı -->{{taslak}}\n[[Kategori:Boş]]"
        if kind in ("talk", "template"):
            return f"{{{{{{1}}}}}} {rng.choice(self._pool['tr'])}"
        body = self._article(number)
        if kind == "broken":
            at = rng.randrange(len(body))
            body = body[:at] + rng.choice(BREAKS) + body[at:]
        return body

    def _article(self, number: int) -> str:
        rng = self._rng
        lang = rng.choices(list(WORDS), (70, 6, 6, 6, 6, 6))[0]
        lead = f"'''Madde {number}''' ([[{lang}]]: ''{rng.choice(self._words[lang])}''), "
        parts = [self._infobox(number, lang)] if rng.random() < 0.6 else []
        parts.append(lead + rng.choice(self._pool[lang]))
        n_sections = min(12, int(rng.expovariate(0.4)))
        for section in range(n_sections):
            parts.append(f"== {rng.choice(self._words[lang]).capitalize()} {section} ==")
            parts += rng.choices(self._pool[lang], k=rng.randint(1, 3))
            if rng.random() < 0.2:
                parts.append(self._table(lang))
            if rng.random() < 0.2:
                parts.append("\n".join(f"* [[{word}]]" for word in rng.choices(self._words[lang], k=5)))
        parts.append("== Kaynakça ==\n{{kaynakça|30em}}\n\n== Dış bağlantılar ==\n* [http://ornek.org Resmî site]")
        parts.append(f"{{{{Otorite kontrolü}}}}\n[[Kategori:Sınıf {number % 97}]]\n[[Kategori:{lang}]]")
        return "\n\n".join(parts)

    def _infobox(self, number: int, lang: str) -> str:
        rng = self._rng
        return (
            f"{{{{Yerleşim bilgi kutusu\n| ad = Madde {number}\n| resim = Madde {number}.jpg\n| resim_boyutu = 250px\n"
            f'| nüfus = {{{{formatnum:{rng.randrange(10**7)}}}}}<ref name="n">{self._citation()}</ref>\n'
            f"| kuruluş = {{{{başlangıç tarihi|{rng.randrange(1000, 2020)}|{rng.randint(1, 12)}|3}}}}\n"
            "| ülke = [[Türkiye]]\n"
            f"| vali = [[{rng.choice(self._words[lang])}|Ali]]<br />[[Veli]]\n| posta_kodu =\n}}}}"
        )

    def _citation(self) -> str:
        number = self._rng.randrange(10**6)
        return (
            f"{{{{Web kaynağı|url=https://www.ornek.org/haber/{number}.html |başlık=Haber {number} |yayıncı=[[Ajans]] "
            f"|tarih=3 Mart 2020 |erişimtarihi=5 Mayıs 2021 |dil=tr |arşivurl=https://web.archive.org/web/{number}/}}}}"
        )

    def _paragraph(self, lang: str) -> str:
        rng = self._rng
        sentences = []
        for _ in range(rng.randint(2, 7)):
            words = rng.choices(self._words[lang], k=rng.randint(6, 18))
            words[rng.randrange(len(words))] = f"[[{words[0]}]]"
            words[rng.randrange(len(words))] = f"[[{words[1]} ({words[2]})|{words[1]}]]"
            words.insert(rng.randrange(len(words)), str(rng.randrange(1000, 2024)))
            if rng.random() < 0.2:
                words.insert(rng.randrange(len(words)), f"{{{{dil|{lang}|{words[0]}}}}}&nbsp;''{words[-1]}''")
            ref = f"<ref>{self._citation()}</ref>" if rng.random() < 0.35 else ""
            sentences.append(" ".join(words) + "." + ref)
        if rng.random() < 0.1:
            sentences.insert(0, f"[[Dosya:Resim {rng.randrange(999)}.jpg|küçükresim|sağ|Bir [[{words[0]}]] görüntüsü]]")
        return " ".join(sentences)

    def _table(self, lang: str) -> str:
        rng = self._rng
        rows = (
            f'|-\n| {rng.randrange(1900, 2024)} || [[{rng.choice(self._words[lang])}]] || style="text-align:right" | '
            f"{rng.randrange(10**6)}"
            for _ in range(rng.randint(3, 15))
        )
        return "\n".join(['{| class="wikitable sortable"\n|+ Nüfus\n! Yıl !! Ad !! Sayı', *rows, "|}"])


def pages(n_articles: int, seed: int) -> Iterator[tuple[str, int, str, str]]:
    """Yields (kind, id, title, XML) of each page until there are enough articles, broken ones counted with them."""
    writer = Writer(seed)
    rng = random.Random(seed + 1)
    number = n_made = 0
    while n_made < n_articles:
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        number += 1
        n_made += kind in ("article", "broken")
        ns, prefix = {"talk": (1, "Tartışma:"), "template": (10, "Şablon:")}.get(kind, (0, ""))
        title = f"{prefix}Madde {number}"
        text = writer.text(kind, number)
        redirect = '    <redirect title="Madde 1" />\n' if kind == "redirect" else ""
        revision = 30_000_000 + number
        size = len(text.encode())
        shown = {"title": title, "ns": ns, "id": number, "redirect": redirect, "revision": revision, "size": size}
        yield kind, number, title, PAGE.format(**shown, parent=revision - 9, day=1 + number % 28, text=escape(text))


def write_dump(path: Path, n_articles: int, seed: int = 0) -> Counter[str]:
    """Writes a dump and its index file, and returns how many pages there are of each kind.

    Args:
        path: ends in -multistream.xml.bz2; the index is written beside it.
        n_articles: articles, those with broken markup among them.
        seed: another one gives other pages.

    Raises:
        ValueError: the path has another end.
    """
    if not path.name.endswith("-multistream.xml.bz2"):
        raise ValueError(f"the path must end in -multistream.xml.bz2, got {path}")
    index_path = path.with_name(path.name.replace("-multistream.xml.bz2", "-multistream-index.txt.bz2"))
    path.parent.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    stream: list[str] = []
    lines: list[str] = []
    with path.open("wb") as out, bz2.open(index_path, "wt", encoding="utf-8") as index:
        out.write(bz2.compress(HEAD.encode()))
        for kind, number, title, xml in pages(n_articles, seed):
            counts[kind] += 1
            stream.append(xml)
            lines.append(f"{out.tell()}:{number}:{escape(title)}\n")
            if len(stream) == PAGES_IN_STREAM:
                out.write(bz2.compress("".join(stream).encode()))
                stream = []
                index.writelines(lines)
                lines = []
        if stream:
            out.write(bz2.compress("".join(stream).encode()))
        out.write(bz2.compress(TAIL.encode()))
        index.writelines(lines)
    return counts


def main() -> None:
    """Parses the command line and writes the dump."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000, help="how many, redirects and others not counted")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other pages")
    parser.add_argument("--out", type=Path, required=True, help="a file that ends in -multistream.xml.bz2")
    given = parser.parse_args()
    started = time.perf_counter()
    counts = write_dump(given.out, given.articles, given.seed)
    elapsed_s = time.perf_counter() - started
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(counts.items()))
    size_mb = given.out.stat().st_size / 1e6
    print(f"{given.out}: {counts.total():,} pages ({kinds}), {size_mb:.0f} MB, {elapsed_s:.1f} s")


if __name__ == "__main__":
    main()
