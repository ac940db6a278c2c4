"""The pages of a MediaWiki XML export (schemas 0.3 to 0.11), one after the other as the bytes come in.

expat is asked for the few elements that are needed and keeps no tree. A document type declaration is refused, since
no export has one and entities are declared there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote, urlsplit
from xml.parsers import expat

from openqa.errors import DataError

_MOST_TEXT = 1 << 25  # characters; MediaWiki allows 2 MiB unless it is told otherwise
_FIELDS = frozenset({
    ("page", "title"), ("page", "ns"), ("page", "id"), ("revision", "id"), ("revision", "timestamp"),
    ("revision", "model"), ("revision", "text"), ("siteinfo", "dbname"), ("siteinfo", "base"),
    ("namespaces", "namespace"),
})  # fmt: skip
_PROJECT = re.compile(r"(.+?)(?:wiki|wiktionary|wikibooks|wikinews|wikiquote|wikisource|wikiversity|wikivoyage)$")
_NO_LANGUAGE = frozenset({
    "commons", "data", "wikidata", "species", "meta", "incubator", "mediawiki", "source", "sources", "outreach",
    "wikimania", "foundation", "test", "test2", "www", "login", "beta", "wikifunctions",
})  # fmt: skip
_LANGUAGES: Mapping[str, str] = MappingProxyType({
    "simple": "en", "als": "gsw", "bat-smg": "sgs", "be-x-old": "be-tarask", "bh": "bho", "cbk-zam": "cbk",
    "eml": "egl", "fiu-vro": "vro", "map-bms": "jv-x-bms", "mo": "ro-Cyrl", "nds-nl": "nds-NL", "no": "nb",
    "nrm": "nrf", "roa-rup": "rup", "roa-tara": "nap-x-tara", "zh-classical": "lzh", "zh-min-nan": "nan",
    "zh-yue": "yue",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """What the head of an export says of its wiki; `namespaces` are names by number."""

    dbname: str = ""
    root: str = ""
    lang: str = ""
    namespaces: Mapping[int, str] = field(default_factory=dict)

    def hidden_prefixes(self) -> frozenset[str]:
        """Returns what links to files (namespace 6) and categories (14) begin with, in lower case."""
        return frozenset(name.lower() for number, name in self.namespaces.items() if number in (6, 14) and name)

    def url(self, title: str) -> str:
        """Returns the address of a page, as Wikipedia writes it; "" when the export does not say where it is from."""
        if not self.root:
            return ""
        before, found, _ = self.root.rpartition("/wiki/")
        folder = before + found if found else self.root[: self.root.rfind("/") + 1]
        return folder + quote(title.replace(" ", "_"), safe=";@$!*(),/~:")


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its last revision; `text` is None when the export holds none, and `why_broken` says why."""

    id: str
    title: str
    namespace: int | None
    is_redirect: bool
    revision: str
    timestamp: str
    text: str | None
    why_broken: str


class PageParser:
    """Reads an export piece by piece.

    Args:
        name: what messages call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._path: list[str] = []
        self._parts: list[str] = []
        self._n_characters = 0
        self._values: dict[tuple[str, str], str] = {}
        self._attributes: dict[str, str] = {}
        self._namespaces: dict[int, str] = {}
        self._is_redirect = self._is_deleted = False
        self._lang = ""
        self._pages: list[Page] = []
        self._expat = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = 1 << 17
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.site = Site()

    def feed(self, data: bytes) -> list[Page]:
        """Returns the pages that end in the next piece of the export.

        Raises:
            DataError: it is not XML, or not of MediaWiki.
        """
        self._parse(lambda: self._expat.Parse(data, False))
        pages, self._pages = self._pages, []
        return pages

    def close(self) -> None:
        """Makes sure that the export is complete.

        Raises:
            DataError: it breaks off.
        """
        self._parse(lambda: self._expat.Parse(b"", True))

    def _parse(self, step: Callable[[], object]) -> None:
        try:
            step()
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            where = f"line {error.lineno}, column {error.offset} of the unpacked XML"
            if not self._path and not self._expat.CurrentByteIndex > 0:
                raise DataError(f"{self._name}: not XML ({reason}); {_NEEDED}") from error
            raise DataError(f"{self._name}: broken at {where} ({reason}); the file is damaged or cut off") from error

    def _refuse_doctype(self, name: str, *_: object) -> None:
        raise DataError(f"{self._name}: has a document type declaration (<!DOCTYPE {name}>); {_NEEDED}")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self._path[-1] if self._path else ""
        self._path.append(tag)
        if not parent:
            if tag != "mediawiki":
                raise DataError(f"{self._name}: XML of another kind, its root is <{tag}>; {_NEEDED}")
            self._lang = attributes.get("xml:lang", "")
        elif tag == "page":
            self._values.clear()
            self._is_redirect = self._is_deleted = False
        elif tag == "revision":
            self._values = {key: value for key, value in self._values.items() if key[0] == "page"}
            self._is_deleted = False
        elif tag == "redirect":
            self._is_redirect = True
        if (parent, tag) in _FIELDS:
            self._attributes = attributes
            self._is_deleted |= "deleted" in attributes
            self._parts = []
            self._n_characters = 0
            self._expat.CharacterDataHandler = self._collect

    def _collect(self, text: str) -> None:
        self._n_characters += len(text)
        if self._n_characters <= _MOST_TEXT:
            self._parts.append(text)

    def _end(self, tag: str) -> None:
        self._path.pop()
        key = (self._path[-1] if self._path else "", tag)
        if key in _FIELDS:
            self._expat.CharacterDataHandler = None
            self._values[key] = "".join(self._parts) if self._n_characters <= _MOST_TEXT else ""
            if tag == "namespace":
                self._namespaces[_number(self._attributes.get("key", "")) or 0] = self._values[key]
        elif tag == "page":
            self._pages.append(self._page())
        elif tag == "siteinfo":
            root = self._values.get(("siteinfo", "base"), "").strip()
            dbname = self._values.get(("siteinfo", "dbname"), "").strip()
            self.site = Site(dbname, root, site_lang(dbname, root, self._lang), dict(self._namespaces))

    def _page(self) -> Page:
        def value(parent: str, tag: str) -> str:
            return self._values.get((parent, tag), "").strip()

        title = value("page", "title")
        namespace = _number(value("page", "ns"))
        if namespace is None:  # schemas before 0.6 have none
            names = {name.lower() for name in self.site.namespaces.values() if name}
            namespace = -1 if title.partition(":")[0].lower() in names and ":" in title else 0
        why_broken = self._why_broken(value("page", "id"), title, value("revision", "model"))
        text = None if why_broken else self._values[("revision", "text")]
        numbers = value("page", "id"), title, namespace, self._is_redirect
        return Page(*numbers, value("revision", "id"), value("revision", "timestamp"), text, why_broken)

    def _why_broken(self, id: str, title: str, model: str) -> str:
        if not id or not title:
            return f"it has no {'title' if id else 'id'}"
        if self._is_deleted:
            return "its text is deleted"
        if ("revision", "text") not in self._values:
            return "it has no text"
        if model not in ("", "wikitext"):
            return f'its content model is "{model}", not wikitext'
        is_long = not self._values[("revision", "text")] and self._n_characters > _MOST_TEXT
        return f"its text is longer than {_MOST_TEXT:,} characters" if is_long else ""


_NEEDED = "a MediaWiki export is needed, whose root is <mediawiki> (dumps.wikimedia.org: ...-pages-articles.xml.bz2)"


def site_lang(dbname: str, root: str, lang: str = "") -> str:
    """Returns the language of a wiki as BCP 47: "tr" of trwiki, "be-tarask" of be_x_oldwiki; "" when it has none.

    Args:
        dbname: the name of the wiki's database; may be empty.
        root: the address of its main page, whose host tells the language when the name does not; may be empty.
        lang: what the export says of itself, taken last.
    """
    project = _PROJECT.fullmatch(dbname)
    host = (urlsplit(root).hostname or "").removesuffix(".org").split(".")
    code = project[1].replace("_", "-") if project else (host[0] if len(host) > 1 else "")
    if code in _NO_LANGUAGE:
        return ""
    known = _LANGUAGES.get(code)
    return known or (code if re.fullmatch(r"[a-z]{2,3}(?:-[a-z]+)*", code) else lang)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None
