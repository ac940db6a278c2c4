import time

import mwparserfromhell
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.corpus.wiki.text import balanced, plain_text


def shown(wikitext: str, *hidden: str) -> str:
    return plain_text(wikitext, frozenset(hidden)).text


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("", ""),
        ("a", "a"),
        ("a\r\nb", "a\nb"),
        ("'''Ankara''', ''Türkiye'''nin başkenti", "Ankara, Türkiye'nin başkenti"),
        ("'''Ankara''''nın '''''iki''''' yakası", "Ankara'nın iki yakası"),
        ("a<!-- b -->c<!-- never closed", "ac"),
        ("a\n<!-- a line of its own -->\nb", "a\nb"),
        ('x<ref name="a">{{Cite|url=http://a|t=[[b]]}}</ref>, y<ref name=a />.', "x, y."),
        ("x<ref>never closed", "xnever closed"),
        ("<REF>x</Ref>y", "y"),
        ("a <math>x^2</math> b<score>c</score><timeline>d</timeline>", "a b"),
        ("a\n<gallery>\nA.jpg|[[b]]\n</gallery>\nc", "a\n\nc"),
        ("5&nbsp;km, &lt;b&gt;, &#304;&#x130; &unknown; &amp;amp;", "5 km, <b>, İİ &unknown; &amp;"),
        ("<nowiki>[[a]] {{b}} ''c''</nowiki> ''d''", "[[a]] {{b}} ''c'' d"),
        ("a<br>b<br />c", "a\nb\nc"),
        ("<div class=x><b>a</b></div><span style='y'>b</span>", "a\nb"),
        ("10<sup>6</sup> km<sup>2</sup>, H<sub>2</sub>O, n<sup>th</sup>", "10⁶ km², H₂O, nth"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("__TOC__a __init__ b__目次__", "a __init__ b"),
        ("----\na", "a"),
        (" \n\n\n a  b \n\n\n\n c", "a b\n\nc"),
    ],
)
def test_tags_comments_and_marks(wikitext: str, text: str) -> None:
    """What shows nothing goes with its content, what dresses text up leaves it."""
    assert shown(wikitext) == text


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("[[Ankara]]lı, [[Türkiye|Türk]], [[A#B]], [[#C]], [[a|]]", "Ankaralı, Türk, A#B, C, "),
        ("[[Dosya:a.jpg|küçükresim|sağ|bir [[kale]] ve {{x|[[y]]}}]]b", "b"),
        ("[[Image:a.svg]][[ไฟล์:ก.png|thumb|ข]][[ملف:أ.jpg|تصغير]]b", "b"),
        ("[[Fichero:a.jpg|x]]b", "b"),
        ("a[[Kategori:B]][[Category:C|d]][[หมวดหมู่:ง]]", "a"),
        ("[[:Kategori:B]], [[:en:C|c]]", "Kategori:B, c"),
        ("a [[en:Ankara]][[zh-yue:安卡拉]]", "a"),
        ("[http://a.b/c d e], [https://a.b], [//c.d f], http://g.h", "d e,, f, http://g.h"),
        ("[mailto:a@b c] [d]", "c [d]"),
    ],
)
def test_links(wikitext: str, text: str) -> None:
    """A link shows its text; files, categories and other languages show nothing."""
    assert shown(wikitext) == text.strip()


def test_the_prefixes_of_a_wiki_are_hidden() -> None:
    """What the dump calls its file and category namespaces is taken with its own words, in any case."""
    assert shown("a[[Qwerty:B]][[qwerty: c|d]]", "qwerty") == "a"
    assert shown("a [[Qwerty:B]]") == "a Qwerty:B"


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("a {{unknown|b}} c", "a c"),
        ("a ({{IPA|x}}; {{lang|ar|أنقرة}}) b ({{IPA|y}})", "a (أنقرة) b"),
        ("{{lang-en|Turkey}} {{nowrap|5 km}} {{convert|5|to|6|mi|abbr=on}}", "Turkey 5 km 5 to 6 mi"),
        ("{{formatnum:1234}}{{snd}}{{frac|1|2}} {{c.|1200}}", "1234 – 1/2 c. 1200"),
        ("{{{1|default}}} {{{2}}}", "default"),
        ("{{a|{{b|{{c|{{lang|tr|d}}}}}}}}e", "e"),
        ("{{#if:x|{{a}}|b}}c", "c"),
    ],
)
def test_templates(wikitext: str, text: str) -> None:
    """Templates that dress up an argument show it, others nothing."""
    assert shown(wikitext) == text


def test_an_infobox_becomes_lines() -> None:
    """Named arguments are facts, pictures, sizes, colours and empty ones left out; items are joined by commas."""
    wikitext = """{{Kısa açıklama|başkent}}
{{Şehir bilgi kutusu
| ad = Ankara
| resim = Ankara.jpg
| boyut = 250px
| renk = #ff0000
| posta_kodu =
| nüfus = {{formatnum:5747325}}<ref>{{Web kaynağı|url=x|başlık=y|tarih=z}}</ref>
| kuruluş = {{başlangıç tarihi|1923|10|13}}
| vali = [[A|Ali]]<br />[[Veli]]
| diller =
* [[Türkçe]]
* Arapça
}}
'''Ankara''' başkenttir.
{{Web kaynağı|url=a|başlık=b|tarih=c}} {{Web kaynağı|url=a|başlık=b|tarih=c}}
== Tarih ==
{{Kaynak|a=b|c=d|e=f}}
{{Infobox war|a=b|c=d|e=f}}
"""
    assert shown(wikitext) == (
        "ad: Ankara\nnüfus: 5747325\nkuruluş: 1923-10-13\nvali: Ali, Veli\ndiller: Türkçe, Arapça\n\n"
        "Ankara başkenttir.\n\nurl: a\nbaşlık: b\ntarih: c\n\nTarih\n\na: b\nc: d\ne: f"
    )


def test_an_infobox_in_an_infobox_is_parsed() -> None:
    """Where templates nest, mwparserfromhell reads them."""
    wikitext = "{{Infobox a|b=1|c=2|d=\n{{Infobox e|f=3|g=4|h={{Infobox i|j=5|k=6|l=7}}\n}}}}text"
    assert shown(wikitext).startswith("b: 1\nc: 2\nd: ")
    assert shown(wikitext).endswith("\ntext")


TABLE = """{| class="wikitable"
|+ Nüfus
! Yıl !! style="a" | Şehir
|-
| 1990 || [[Ankara|A=B]]
|- style="x"
! scope="row" | 2000
| colspan="2" | {{nowrap|İzmir}}<br />'''x'''
* y
|-
| alone
|-
|
|}"""


def test_a_table_becomes_rows() -> None:
    """A row is a line of cells, the header first as it stands, nested markup gone."""
    rows = "Nüfus\n| Yıl | Şehir |\n| 1990 | A=B |\n| 2000 | İzmir x - y |\nalone"
    assert shown(f"a\n{TABLE}\nb") == f"a\n\n{rows}\n\nb"
    assert shown(f":{TABLE}") == rows


def test_a_table_in_a_table_is_parsed() -> None:
    """The inner table stands in its cell; the caption and the header are the same as without it."""
    nested = TABLE.replace("| alone", "| alone || \n{|\n| p || q\n|}")
    assert shown(nested).startswith(
        "Nüfus\n| Yıl | Şehir |\n| 1990 | A=B |\n| 2000 | İzmir x - y |\n| alone | | p | q |"
    )
    assert not plain_text(nested).is_fallback


def test_a_cell_without_text_and_attributes_of_all_kinds() -> None:
    """Attributes before a single bar go, whatever they hold; a caption may have some as well."""
    table = """{| align="center" style="border: 1px solid #999; background: #f3fff3"
|+ style="font-weight: bold"| Population
|-style="background: #ddffdd"
! 1962 !! 1968
|-
|14870||15912
|-
|[[淞発路駅]]
|align=right|1.690
|&nbsp;
|-
| colspan=6 align=center| <small>Census from [[1962]]
|}"""
    assert shown(table) == "Population\n| 1962 | 1968 |\n| 14870 | 15912 |\n| 淞発路駅 | 1.690 | |\nCensus from 1962"


def test_headings_and_lists_are_lines() -> None:
    """Headings stand on lines of their own, those above nothing go; items begin with a dash."""
    wikitext = "a\n== B ==\n=== C ===\n==D==\n* e\n** f\n# g\n: h\n;i:j\n== K ==\n[[Category:X]]\n=not a heading"
    assert shown(wikitext) == "a\nD\n- e\n- f\n- g\nh\ni:j\nK\n\n=not a heading"
    assert shown("== A ==\n== B ==\n") == ""
    assert shown("== A ==\n=== B ===\nc") == "A\nB\nc"


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("-{zh-hant:資訊;zh-hans:信息}-", "信息"),
        ("-{zh-cn:博客; zh-hk:網誌; zh-tw:部落格;}-", "博客"),
        ("-{zh-tw:部落格;zh-hk:網誌}-", "部落格"),
        ("-{原文}-", "原文"),
        ("-{H|zh-cn:a;zh-tw:b}--{T|題}-文", "文"),
        ("-{A|zh-hans:[[信息|甲]];zh-hant:{{lang|zh|乙}}}-", "甲"),
        ("-{sr-el:Beograd;sr-ec:Београд}-", "Београд"),
        ("-{zh;zh-hans|原文}-", "原文"),
    ],
)
def test_language_conversion(wikitext: str, text: str) -> None:
    """Of a text in several scripts one is shown: simplified Chinese, Cyrillic Serbian, else the first."""
    assert shown(wikitext) == text


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("{{Infobox\n| a = b\nnever closed", "| a = b\nnever closed"),
        ("a [[b c", "a b c"),
        ("a ]] }} |} b", "a |} b"),
        ("[[a {{b]] c}} d", "a c d"),
        ("{|\n| a\n|-\n| b", "{|\n| a\n|-\n| b"),
        ("</ref></div></b>a", "a"),
    ],
)
def test_broken_markup(wikitext: str, text: str) -> None:
    """Brackets without a partner go, the text between them stays."""
    result = shown(wikitext)
    assert "[[" not in result
    assert "{{" not in result
    assert result.split()[-1] == text.split()[-1]


def test_balanced_finds_the_outermost_closed_pieces() -> None:
    """A closing bracket takes the nearest opening one of its kind, and what stands open in between is void."""
    text, pieces = balanced("a {{b [[c}} [[d {{e}}]] {{f")
    assert [(text[start:end].replace("\x0e", "·"), depth) for start, end, depth in pieces] == [
        ("{{b ··c}}", 1),
        ("[[d {{e}}]]", 2),
    ]
    assert text.endswith("\x0e\x0ef")
    assert balanced("") == ("", [])


HOSTILE = {
    "braces": "{{", "links": "[[", "arguments": "{{{", "tables": "{|\n|a\n", "quotes": "'''''a", "tags": "<div>",
    "references": "<ref>", "comments": "<!--", "mixed": "{{[[{|<b>''", "variants": "-{zh:", "addresses": "[http://a ",
    "headings": "=\n", "spaces": " ", "lines": "\n* a [[b", "switches": "__A_",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_wikitext_takes_bounded_time(name: str) -> None:
    """Half a megabyte of what is opened and never closed takes five seconds of CPU at most."""
    unit = HOSTILE[name]
    started = time.process_time()
    plain_text(unit * (500_000 // len(unit)))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("opening", "closing"), [("{{a|", "}}"), ("[[a|", "]]"), ("{|\n|", "\n|}\n"), ("{{{a|", "}}}")]
)
def test_deep_nesting_is_fallback(opening: str, closing: str) -> None:
    """Ten thousand brackets, all closed, are taken apart without the parser, and the text around them is kept."""
    result = plain_text(f"before {opening * 10_000}{closing * 10_000}\n\nafter")
    assert result.text.startswith("before")
    assert result.text.endswith("after")


def test_a_failing_parser_leaves_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the parser is not passed on: the page is converted crudely and says so."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("made up")

    monkeypatch.setattr(mwparserfromhell, "parse", fail)
    result = plain_text(f"a\n{TABLE.replace('| alone', '| alone {{Infobox a|b={|')}\n{{|\n|b\n{{|\n|c\n|}}\n|}}\nd")
    assert result.is_fallback
    assert result.text.startswith("a")
    assert result.text.endswith("d")


PIECES = (
    "[[", "]]", "{{", "}}", "{|", "|}", "\n{|", "\n|}", "\n|-\n", "\n|", "||", "\n!", "!!", "|", "=", "==", "\n==",
    "\n*", "''", "'''", "<!--", "-->", "<ref>", "</ref>", "<ref name=a/>", "<math>", "</math>", "<gallery>",
    "</gallery>", "<nowiki>", "</nowiki>", "<br>", "<div>", "</div>", "-{", "}-", "zh-hans:", ";", "{{{", "}}}", "[",
    "]", "{", "}", "Dosya:", "File:a.jpg", "Kategori:x", "http://a", "__TOC__", "\n", " ", "&nbsp;", "şehir", "เมือง",
    "مدينة", "城市", "{{lang|tr|", "{{Infobox", "{{!}}", "a=b|", "\x00", "\x0e", "\ud800",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=80))
@settings(deadline=None, max_examples=300)
def test_no_wikitext_raises(wikitext: str) -> None:
    """Law: any text is converted; the result has no control characters and no blank ends."""
    text = plain_text(wikitext).text
    assert text == text.strip()
    assert "\n\n\n" not in text
    assert not any(mark < " " and mark != "\n" for mark in text)


WORDS = st.sampled_from(["şehir", "เมือง", "مدينة", "城市", "a b", "İ", "x=y", "1.5"])
HIDDEN = st.sampled_from([
    "<!-- GONE -->", "<ref>GONE</ref>", '<ref name="GONE"/>', "<math>GONE</math>", "<score>GONE</score>",
    "<timeline>GONE</timeline>", "<gallery>\nGONE.jpg|GONE\n</gallery>", "[[Dosya:GONE.jpg|GONE [[GONE]]]]",
    "[[Kategori:GONE]]", "{{GONE|GONE|a=GONE}}", "{{GONE|{{GONE}}|[[GONE]]}}", "__GONE__", "[[en:GONE]]",
])  # fmt: skip
SHOWN = WORDS.flatmap(
    lambda word: st.sampled_from([word, f"[[{word}]]", f"'''{word}'''", f"[[X|{word}]]", f"\n== {word} ==\n{word}\n"])
)


@given(st.lists(SHOWN | HIDDEN, max_size=30))
@settings(deadline=None, max_examples=200)
def test_nothing_of_the_removed_kinds_is_left(parts: list[str]) -> None:
    """Law: what shows nothing is gone wherever it stands, and no bracket or mark of it is left."""
    text = shown(" ".join(parts))
    assert "GONE" not in text
    assert not any(mark in text for mark in ("[[", "]]", "{{", "}}", "<", ">", "''", "__", "=="))


@given(st.lists(WORDS, min_size=1, max_size=8))
@settings(deadline=None)
def test_shown_words_are_all_there(words: list[str]) -> None:
    """Law: with what shows nothing between them, words come out as they went in, in their order."""
    wikitext = "<ref>{{a|b=c}}</ref><!-- x -->[[Dosya:a.jpg]] ".join(f"[[{word}]]" for word in words)
    assert shown(wikitext).split() == " ".join(words).split()
