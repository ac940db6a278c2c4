import bz2
import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.corpus import read_documents
from openqa.corpus.meter import InputMeter
from openqa.corpus.wiki.dump import DumpAccount, dump_documents, is_disambiguation, is_dump
from openqa.corpus.wiki.pages import Site, site_lang
from openqa.errors import DataError, MissingExtra
from openqa.types import Document
from scripts.make_dump import HEAD, PAGE, TAIL, write_dump

NAME = "trwiki-20231101-pages-articles-multistream.xml.bz2"
INDEX = "trwiki-20231101-pages-articles-multistream-index.txt.bz2"
URL = "https://tr.wikipedia.org/wiki/"


def page(id: int, title: str, text: str, *, ns: int = 0, redirect: str = "") -> str:
    """A page as the published dumps have it."""
    element = f'    <redirect title="{escape(redirect)}" />\n' if redirect else ""
    shown = {"id": id, "title": escape(title), "ns": ns, "redirect": element, "text": escape(text)}
    return PAGE.format(**shown, revision=id + 900, parent=id + 800, day=9, size=len(text.encode()))


def write(path: Path, *pages: str, head: str = HEAD, tail: str = TAIL) -> Path:
    """Writes a dump of one stream, packed as the name says."""
    content = "".join([head, *pages, tail]).encode()
    if path.suffix == ".bz2":
        content = bz2.compress(content)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_multistream(folder: Path, streams: Iterable[list[str]], ids: Iterable[list[int]]) -> Path:
    """Writes a dump of many streams with its index."""
    path = folder / NAME
    packed = bz2.compress(HEAD.encode())
    lines = []
    for pages, numbers in zip(streams, ids, strict=True):
        lines += [f"{len(packed)}:{number}:Title: {number}\n" for number in numbers]
        packed += bz2.compress("".join(pages).encode())
    path.write_bytes(packed + bz2.compress(TAIL.encode()))
    (folder / INDEX).write_bytes(bz2.compress("".join(lines).encode()))
    return path


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(dump_documents(path, **options))
    return str(caught.value).replace(str(path.parent) + "/", "")


ARTICLES = [
    page(10, "Ankara", "'''Ankara''', [[Türkiye]]'nin başkentidir.<ref>a</ref>\n[[Kategori:Şehir]]"),
    page(11, "Bangkok & co", "'''กรุงเทพฯ''' เป็นเมืองหลวง[[ไฟล์:ก.jpg|thumb|ข]]"),
    page(12, "AC/DC (\"x\")?", "'''القاهرة''' عاصمة [[مصر|جمهورية مصر]]{{مصدر}}"),
    page(13, "北京", "'''北京'''是-{zh-hans:中国;zh-hant:中國}-首都"),
]  # fmt: skip
META = [{"revision": str(id + 900), "timestamp": "2023-10-09T12:00:00Z"} for id in range(10, 14)]
DOCUMENTS = [
    Document("10", "Ankara, Türkiye'nin başkentidir.", "Ankara", "tr", URL + "Ankara", META[0]),
    Document("11", "กรุงเทพฯ เป็นเมืองหลวง", "Bangkok & co", "tr", URL + "Bangkok_%26_co", META[1]),
    Document("12", "القاهرة عاصمة جمهورية مصر", 'AC/DC ("x")?', "tr", URL + "AC/DC_(%22x%22)%3F", META[2]),
    Document("13", "北京是中国首都", "北京", "tr", URL + "%E5%8C%97%E4%BA%AC", META[3]),
]


@pytest.mark.parametrize("name", ["a.xml", "a.xml.gz", "a.xml.bz2"])
def test_articles_become_documents(tmp_path: Path, name: str) -> None:
    """However the dump is packed: id, plain text, title, language of the wiki, address, revision and time."""
    path = write(tmp_path / name, *ARTICLES)
    assert is_dump(path)
    assert list(dump_documents(path, lang="de")) == DOCUMENTS


def test_a_folder_with_a_dump_is_read_and_accounted_for(tmp_path: Path) -> None:
    """Its articles are documents, and the meter lists the pages that are none, by kind or by title."""
    others = [
        page(20, "Angora", "#REDIRECT [[Ankara]]", redirect="Ankara"),
        page(21, "Boş", "{{x}}"),
        page(22, "Konuşma", "x", ns=1),
    ]
    write(tmp_path / NAME, *ARTICLES, *others)
    (tmp_path / INDEX).write_bytes(bz2.compress(b""))
    meter = InputMeter()
    assert list(read_documents([tmp_path], meter=meter)) == DOCUMENTS
    assert [(found.name.removeprefix(f"{NAME}: "), found.why) for found in meter.left_out] == [
        ("1 pages", "are redirects"),
        ("1 pages", "have no text"),
        ("1 pages", "are no articles"),
    ]
    assert meter.share() == 1.0


def test_a_dump_of_no_page_has_no_documents(tmp_path: Path) -> None:
    """Head and end alone are a dump."""
    account = DumpAccount()
    assert list(dump_documents(write(tmp_path / "a.xml"), account=account)) == []
    assert account == DumpAccount()


def test_every_page_is_counted(tmp_path: Path) -> None:
    """Kept, redirects, disambiguations, empty, other namespaces and broken ones add up to all pages."""
    broken = page(20, "Gone", "x").replace("<text ", '<text deleted="deleted" ')
    script = page(21, "Style", "x").replace("<model>wikitext", "<model>css")
    no_id = page(22, "No id", "x").replace("    <id>22</id>\n", "", 1)
    no_text = page(23, "No revision", "x")
    no_text = no_text[: no_text.index("    <revision>")] + "  </page>\n"
    pages = [
        *ARTICLES[:2],
        page(14, "R", "#YÖNLENDİRME [[Ankara]]", redirect="Ankara"),
        page(15, "R2", "#redirect [[Ankara]]"),
        page(16, "D", "'''D''':\n* [[A]]\n* [[B]]\n{{Anlam_ayrımı}}"),
        page(17, "E", "<!-- nothing -->{{taslak}}"),
        page(18, "Tartışma:A", "x", ns=1),
        page(19, "Kategori:A", "", ns=14),
        broken, script, no_id, no_text,
    ]  # fmt: skip
    account = DumpAccount()
    documents = list(dump_documents(write(tmp_path / "a.xml", *pages), account=account))
    assert documents == DOCUMENTS[:2]
    assert account.broken == [
        ("Gone", "its text is deleted"),
        ("Style", 'its content model is "css", not wikitext'),
        ("No id", "it has no id"),
        ("No revision", "it has no text"),
    ]
    assert account == DumpAccount(2, 2, 1, 1, 2, 4, 0, account.broken)
    assert account.n_pages == len(pages)
    assert str(account) == (
        "12 pages: 2 kept (0 by fallback), 2 redirects, 1 disambiguations, 1 empty, 2 of other namespaces, 4 broken"
    )


def test_a_page_that_was_taken_apart_crudely_is_kept_and_counted(tmp_path: Path) -> None:
    """Markup that is nested too deeply for the parser does not cost the page."""
    account = DumpAccount()
    text = "önce " + "{{a|" * 99 + "}}" * 99 + " sonra"
    (document,) = dump_documents(write(tmp_path / "a.xml", page(1, "A", text)), account=account)
    assert document.text == "önce sonra"
    assert (account.n_kept, account.n_fallback) == (1, 1)


@pytest.mark.parametrize(
    "wikitext",
    ["x __DISAMBIG__", "{{disambiguation|geo}}", "{{ Hndis }}", "{{Begriffsklärung}}", "{{Homonymie}}",
     "{{曖昧さ回避}}", "{{توضيح}}", "{{แก้กำกวม}}", "{{неоднозначность}}", "{{Template:Disambig}}",
     "{{Şablon:Anlam ayrımı\n}}", "{{동음이의}}", "__ПОЈАСНУВАЊЕ__"],
)  # fmt: skip
def test_disambiguation_pages_are_known(wikitext: str) -> None:
    """By the magic word, and by the templates of many languages."""
    assert is_disambiguation(f"'''A''':\n* [[B]]\n{wikitext}")


def test_other_pages_are_no_disambiguations(tmp_path: Path) -> None:
    """A hatnote that links to such a page is none; what else makes one can be named."""
    text = "{{Diğer anlamlar|A (anlam ayrımı)}} {{disambiguation needed}} x"
    assert not is_disambiguation(text)
    assert not is_disambiguation("")
    path = write(tmp_path / "a.xml", page(1, "A", text))
    assert len(list(dump_documents(path))) == 1
    assert list(dump_documents(path, disambiguations={"Diğer_anlamlar"})) == []


def test_the_last_revision_counts(tmp_path: Path) -> None:
    """A dump with the whole history has many revisions a page; ids of contributors are no ids of revisions."""
    first = page(1, "A", "old")
    start, end = first.index("    <revision>"), first.index("  </page>")
    last = (
        first[start:end]
        .replace("old", "new")
        .replace("<id>901<", "<id>902<")
        .replace("      <model>wikitext</model>\n", "")
    )
    path = write(tmp_path / "a.xml", first[:end] + last + first[end:])
    (document,) = dump_documents(path)
    assert (document.text, document.metadata["revision"]) == ("new", "902")


def test_names_of_the_wiki_are_taken_from_its_head(tmp_path: Path) -> None:
    """Links to files and categories go by what the dump calls their namespaces."""
    head = HEAD.replace(">Dosya<", ">Qwerty<").replace(">Kategori<", ">Poiuyt<")
    path = write(tmp_path / "a.xml", page(1, "A", "a[[Qwerty:B|c]][[poiuyt:D]]"), head=head)
    assert next(dump_documents(path)).text == "a"


@pytest.mark.parametrize(
    ("dbname", "root", "lang", "expected"),
    [
        ("trwiki", "", "", "tr"),
        ("simplewiki", "", "", "en"),
        ("zh_yuewiki", "", "zh", "yue"),
        ("be_x_oldwiki", "", "", "be-tarask"),
        ("zh_min_nanwiki", "", "", "nan"),
        ("nowiki", "", "", "nb"),
        ("arzwiktionary", "", "", "arz"),
        ("commonswiki", "", "en", ""),
        ("", "https://th.wikipedia.org/wiki/x", "", "th"),
        ("", "http://be-x-old.wikipedia.org/wiki/x", "", "be-tarask"),
        ("", "", "sw", "sw"),
        ("", "", "", ""),
    ],
)
def test_the_language_of_a_wiki(dbname: str, root: str, lang: str, expected: str) -> None:
    """From the name of the database, else from the host, else from what the export says."""
    assert site_lang(dbname, root, lang) == expected


def test_a_wiki_without_language_takes_the_callers(tmp_path: Path) -> None:
    """Where the dump names no wiki, the language is the caller's, and there is no address."""
    path = write(tmp_path / "a.xml", page(1, "A", "a"), head="<mediawiki>\n")
    assert list(dump_documents(path, lang="sw")) == [Document("1", "a", "A", "sw", "", dict(META[0], revision="901"))]


def test_the_address_of_a_page() -> None:
    """Spaces are underscores, the rest is percent-encoded but for what Wikipedia leaves."""
    site = Site(root="https://tr.wikipedia.org/wiki/Anasayfa")
    assert site.url("İstanbul'un fethi: 1453/a;b") == URL + "%C4%B0stanbul%27un_fethi:_1453/a;b"
    assert Site(root="http://a.org/w/Main").url("A b") == "http://a.org/w/A_b"
    assert Site().url("A") == ""


STREAMS = [ARTICLES[:1], ARTICLES[1:3], ARTICLES[3:]]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_multistream_dump_is_read_in_order(tmp_path: Path, workers: int) -> None:
    """One process or several: the same documents in the same order, the same account, all bytes read."""
    path = write_multistream(tmp_path, STREAMS, [[10], [11, 12], [13]])
    account = DumpAccount()
    seen: list[IO[bytes]] = []
    positions = []
    documents = []
    for document in dump_documents(path, workers=workers, account=account, watch=seen.append):
        documents.append(document)
        positions.append(seen[0].tell())
    assert documents == DOCUMENTS
    assert account == DumpAccount(n_kept=4)
    assert positions == sorted(positions)
    assert len(seen) == 1


def test_a_multistream_dump_without_index_is_read_by_one_process(tmp_path: Path) -> None:
    """Streams one after the other are one file to bz2."""
    path = write_multistream(tmp_path, STREAMS, [[10], [11, 12], [13]])
    (tmp_path / INDEX).unlink()
    assert list(dump_documents(path, workers=2)) == DOCUMENTS


def test_an_index_that_is_not_packed_and_parts_of_a_dump(tmp_path: Path) -> None:
    """The index may lie unpacked; a dump in parts has one for each part."""
    path = write_multistream(tmp_path, STREAMS, [[10], [11, 12], [13]])
    part = path.rename(tmp_path / "trwiki-1-pages-articles-multistream1.xml-p1p99.bz2")
    index = tmp_path / "trwiki-1-pages-articles-multistream-index1.txt-p1p99"
    index.write_bytes(bz2.decompress((tmp_path / INDEX).read_bytes()))
    assert is_dump(part)
    assert list(dump_documents(part, workers=2)) == DOCUMENTS


def test_the_share_read_is_known(tmp_path: Path) -> None:
    """The meter of the command line sees how far a packed dump has been read."""
    path = tmp_path / NAME
    write_dump(path, 300)
    meter = InputMeter()
    meter.expect([path])
    shares = [meter.share() for _ in dump_documents(path, watch=meter.watch)]
    assert all(share is not None and 0 < share <= 1 for share in shares)


def test_a_made_up_dump_is_accounted_for(tmp_path: Path) -> None:
    """What scripts/make_dump.py wrote is found again, kind by kind."""
    counts = write_dump(tmp_path / NAME, 400, seed=3)
    account = DumpAccount()
    documents = list(dump_documents(tmp_path / NAME, account=account))
    assert account.n_pages == counts.total()
    assert len(documents) == account.n_kept == counts["article"] + counts["broken"] == 400
    assert account.n_redirects == counts["redirect"]
    assert account.n_disambiguations == counts["disambiguation"]
    assert account.n_empty == counts["empty"]
    assert account.n_other_namespaces == counts["talk"] + counts["template"]
    assert account.n_broken == 0


@pytest.mark.parametrize("suffix", [".bz2", ".gz", ""])
@given(st.data())
@settings(deadline=None, max_examples=25)
def test_a_dump_that_is_cut_off_is_refused(tmp_path_factory: pytest.TempPathFactory, suffix: str, data: Any) -> None:
    """Law: wherever a dump ends too early, it is an error with its path, never fewer documents."""
    folder = tmp_path_factory.mktemp("cut")
    path = write(folder / f"a.xml{suffix}", *ARTICLES)
    content = path.read_bytes()
    needed = len(content) - (1 if suffix else len("\n"))
    path.write_bytes(content[: data.draw(st.integers(0, needed - 1))])
    assert refusal(path).startswith(f"a.xml{suffix}: ")


def test_a_multistream_dump_that_is_cut_between_streams_is_refused(tmp_path: Path) -> None:
    """Each stream is whole, but the end of the XML is missing."""
    path = write_multistream(tmp_path, STREAMS, [[10], [11, 12], [13]])
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"BZh9")])
    assert refusal(path).endswith("(no element found); the file is damaged or cut off")
    assert refusal(path, workers=2).endswith("(no element found); the file is damaged or cut off")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_stream_is_refused_with_its_place(tmp_path: Path, workers: int) -> None:
    """The message names the file and about the byte."""
    path = write_multistream(tmp_path, STREAMS, [[10], [11, 12], [13]])
    content = bytearray(path.read_bytes())
    start = content.rindex(b"BZh9", 0, content.rindex(b"BZh9"))
    content[start + 40] ^= 255
    path.write_bytes(content)
    message = refusal(path, workers=workers)
    assert message.startswith(f"{NAME}: cannot unpack before byte {len(content)} (stream at byte ")
    assert message.endswith("Invalid data stream; the file is damaged or cut off; fetch it again")


def test_a_damaged_header_of_a_stream_is_no_end(tmp_path: Path) -> None:
    """bz2 itself takes what is no stream after a stream as the end of the file."""
    path = write_multistream(tmp_path, STREAMS, [[10], [11, 12], [13]])
    content = bytearray(path.read_bytes())
    content[content.rindex(b"BZh9")] = 0
    path.write_bytes(content)
    assert "cannot unpack before byte" in refusal(path)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (b"12:1\n", f"{NAME}: no stream ends at byte 12, where its index has another; fetch both again"),
        (b"0:1:A\n", f"does not belong to {NAME} (stream at byte 0 of"),
        (b"99999999:1:A\n", f"does not belong to {NAME} (stream at byte 99999999 of"),
        (b"x:1:A\n", ':1: "offset:page id:title" is needed, found "x:1:A"; fetch both again, or remove the index'),
        (b"", "is empty; fetch both again, or remove the index to read without it"),
    ],
)
def test_an_index_of_another_dump_is_refused(tmp_path: Path, index: bytes, message: str) -> None:
    """An index that does not fit is an error, not a part of the documents."""
    path = write_multistream(tmp_path, STREAMS, [[10], [11, 12], [13]])
    (tmp_path / INDEX).write_bytes(bz2.compress(index))
    assert message in refusal(path, workers=2)


NEEDED = "a MediaWiki export is needed, whose root is <mediawiki> (dumps.wikimedia.org: ...-pages-articles.xml.bz2)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<rss><channel/></rss>", f"a.xml: XML of another kind, its root is <rss>; {NEEDED}"),
        ("hello", f"a.xml: not XML (syntax error); {NEEDED}"),
        ("", f"a.xml: not XML (no element found); {NEEDED}"),
        (
            '<!DOCTYPE lolz [<!ENTITY a "b">]><mediawiki>&a;</mediawiki>',
            f"a.xml: has a document type declaration (<!DOCTYPE lolz>); {NEEDED}",
        ),
        (
            "<mediawiki>\n<page></mediawiki>",
            "a.xml: broken at line 2, column 8 of the unpacked XML (mismatched tag); the file is damaged or cut off",
        ),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """The message says what was found and what is needed; entities are never expanded."""
    path = tmp_path / "a.xml"
    path.write_text(content, encoding="utf-8")
    assert refusal(path) == message


def test_a_missing_dump_is_refused(tmp_path: Path) -> None:
    """As for every corpus."""
    assert refusal(tmp_path / "a.xml") == "a.xml: No such file or directory; give a file that exists and can be read"


def test_wrong_calls_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker is no way to read; without the extra the message is the line that installs it."""
    path = write(tmp_path / "a.xml")
    with pytest.raises(ValueError, match="workers is 0; at least 1 is needed"):
        list(dump_documents(path, workers=0))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "openqa\[wikipedia\]"'):
        list(dump_documents(path))


def test_names_of_dumps() -> None:
    """Dumps are known by their names, and nothing else is."""
    names = ["a.xml", "a.XML", "a.xml.gz", "a.xml.bz2", "a.xml-p1p2.bz2", "a-multistream3.xml-p10p20.bz2"]
    assert all(is_dump(Path(name)) for name in names)
    assert not any(is_dump(Path(name)) for name in ["a.txt", "a.bz2", INDEX, "xml", ".xml", "a.xml.zst", "a.jsonl.gz"])


def test_a_long_text_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text beyond any page of a wiki is not held in memory."""
    monkeypatch.setattr("openqa.corpus.wiki.pages._MOST_TEXT", 1000)
    account = DumpAccount()
    pages = [page(1, "A", "a" * 1000), page(2, "B", "b" * 1001), page(3, "C", "c")]
    assert [document.id for document in dump_documents(write(tmp_path / "a.xml", *pages), account=account)] == [
        "1",
        "3",
    ]
    assert account.broken == [("B", "its text is longer than 1,000 characters")]


def test_reading_can_stop_anywhere(tmp_path: Path) -> None:
    """The worker processes end when nobody wants further documents."""
    path = write_multistream(tmp_path, [[ARTICLES[0]]] * 30, [[10]] * 30)
    documents = dump_documents(path, workers=2)
    assert next(documents) == DOCUMENTS[0]
    documents.close()  # type: ignore[attr-defined]


def test_accounts_add_up() -> None:
    """Parts of a dump are summed, and no more than a thousand broken pages are held by name."""
    parts = [
        DumpAccount(1, 2, 3, 4, 5, 700, 1, [("A", "b")] * 700),
        DumpAccount(9, 8, 7, 6, 5, 700, 3, [("C", "d")] * 700),
    ]
    total = DumpAccount()
    for part in parts:
        total.add(part)
    assert total == DumpAccount(10, 10, 10, 10, 10, 1400, 4, [("A", "b")] * 700 + [("C", "d")] * 300)
    assert total.n_pages == 1450
