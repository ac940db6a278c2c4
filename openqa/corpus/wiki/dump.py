"""Articles of MediaWiki XML dumps, such as Wikipedia's, as documents with plain text.

The dump is streamed: it is neither unpacked to the disk nor held in memory. Kept are the pages of namespace 0 that are
neither redirects nor disambiguation pages and have text; what became of every page is counted in a `DumpAccount`.
A multistream dump with its index beside it can be read by several processes; the documents come in the same order.
Worker processes are started anew (spawn), so a script that uses them needs the usual `if __name__ == "__main__":`.
"""

import multiprocessing
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Set
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import IO, TypeAlias

from openqa.corpus.wiki.names import DISAMBIGUATION_TEMPLATES, DISAMBIGUATION_WORDS, REDIRECT_WORDS
from openqa.corpus.wiki.pages import Page, PageParser, Site
from openqa.corpus.wiki.streams import index_of, open_packed, stream_bounds, unpacked
from openqa.errors import OpenQAError, require
from openqa.types import Document

_NAME = re.compile(r".+\.xml(-p\d+p\d+)?(\.bz2|\.gz)?", re.IGNORECASE)
_MOST_BROKEN = 1000
_AHEAD = 4  # streams for each worker that may wait for their turn
_TEMPLATE_NAME = re.compile(r"\{\{\s*+(?:[^\W\d_]+:\s*+)?([^{}|<>\[\]\n:]{2,80}+)(?=[|}\n<])")
_WORD = re.compile(r"__([^\W_]{2,40})__")
_REDIRECT = re.compile(rf"\s*+#\s*+(?:{'|'.join(sorted(REDIRECT_WORDS))})\s*+:?\s*+\[\[", re.IGNORECASE)


@dataclass(slots=True)
class DumpAccount:
    """What became of the pages of a dump; the counts but for `n_fallback`, which are kept pages, add up to `n_pages`.

    `n_fallback` counts kept pages of which a piece was too large, too deep or too broken for the parser of wikitext.
    `broken` holds title and reason of the first thousand broken pages.
    """

    n_kept: int = 0
    n_redirects: int = 0
    n_disambiguations: int = 0
    n_empty: int = 0
    n_other_namespaces: int = 0
    n_broken: int = 0
    n_fallback: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)

    @property
    def n_pages(self) -> int:
        """All pages that were read."""
        left_out = self.n_redirects + self.n_disambiguations + self.n_empty + self.n_other_namespaces + self.n_broken
        return self.n_kept + left_out

    def add(self, other: "DumpAccount") -> None:
        """Takes the counts of another part of the dump."""
        for count in fields(self):
            if count.name != "broken":
                setattr(self, count.name, getattr(self, count.name) + getattr(other, count.name))
        self.broken += other.broken[: max(0, _MOST_BROKEN - len(self.broken))]

    def add_broken(self, title: str, reason: str) -> None:
        """Counts a page that cannot be read."""
        self.n_broken += 1
        if len(self.broken) < _MOST_BROKEN:
            self.broken.append((title, reason))

    def left_out(self) -> Iterator[tuple[str, str]]:
        """Yields what is not among the documents, and why."""
        for n, why in (
            (self.n_redirects, "are redirects"),
            (self.n_disambiguations, "are disambiguation pages"),
            (self.n_empty, "have no text"),
            (self.n_other_namespaces, "are no articles"),
            (self.n_broken - len(self.broken), "cannot be read"),
        ):
            if n:
                yield f"{n:,} pages", why
        for title, why in self.broken:
            yield f'page "{title}"', why

    def __str__(self) -> str:
        return (
            f"{self.n_pages:,} pages: {self.n_kept:,} kept ({self.n_fallback:,} by fallback), "
            f"{self.n_redirects:,} redirects, {self.n_disambiguations:,} disambiguations, {self.n_empty:,} empty, "
            f"{self.n_other_namespaces:,} of other namespaces, {self.n_broken:,} broken"
        )


def is_dump(path: Path) -> bool:
    """True when a file is called like a MediaWiki dump: .xml, .xml.bz2, .xml.gz, or a part such as .xml-p1p9.bz2."""
    return bool(_NAME.fullmatch(path.name))


def dump_documents(
    path: Path,
    *,
    lang: str = "und",
    watch: Callable[[IO[bytes]], None] | None = None,
    workers: int = 1,
    account: DumpAccount | None = None,
    disambiguations: Set[str] = frozenset(),
) -> Iterator[Document]:
    """Yields a document for each article of a MediaWiki XML dump.

    Its id is the page's, its url made of the wiki's address and the title; metadata are "revision" and "timestamp".

    Args:
        path: the dump, packed as bz2 (one stream or many) or gz, or not at all.
        lang: the language where the dump does not say of which wiki it is.
        watch: is given the open file, to see how far it has been read.
        workers: processes; above 1 they take effect on a multistream dump whose index file lies beside it.
        account: counts what becomes of the pages; is complete when the last document has come.
        disambiguations: names of templates that make a page a disambiguation page, besides those that are known.

    Raises:
        DataError: the file cannot be read, is damaged, cut off, or no MediaWiki export.
        MissingExtra: mwparserfromhell is not installed.
        OpenQAError: a worker process died.
        ValueError: `workers` is below 1.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; at least 1 is needed")
    require("wikipedia", "mwparserfromhell")
    account = DumpAccount() if account is None else account
    choice = _Choice(lang, DISAMBIGUATION_TEMPLATES | {_normal(name) for name in disambiguations})
    index = index_of(path) if workers > 1 else None
    with open_packed(path) as file:
        if watch:
            watch(file)
        if index is None:
            yield from _read(file, path, choice, account)
        else:
            yield from _read_parallel(file, path, index, choice, account, workers)


@dataclass(frozen=True, slots=True)
class _Choice:
    lang: str
    disambiguations: frozenset[str]


_Part: TypeAlias = tuple[list[Document], DumpAccount]


def _read(file: IO[bytes], path: Path, choice: _Choice, account: DumpAccount) -> Iterator[Document]:
    parser = PageParser(str(path))
    for piece in unpacked(file, path):
        for page in parser.feed(piece):
            document = _document(page, parser.site, choice, account)
            if document:
                yield document
    parser.close()


def _read_parallel(
    file: IO[bytes], path: Path, index: Path, choice: _Choice, account: DumpAccount, workers: int
) -> Iterator[Document]:
    bounds = stream_bounds(path, index)
    first = next(bounds)
    parser = PageParser(str(path))
    for piece in unpacked(file, path, first[0]):
        parser.feed(piece)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)
    waiting: deque[tuple[int, Future[_Part]]] = deque()

    def submit(bound: tuple[int, int]) -> None:
        waiting.append((bound[1], pool.submit(_read_stream, path, bound, parser.site, choice)))

    try:
        submit(first)
        for bound in islice(bounds, _AHEAD * workers):
            submit(bound)
        while waiting:
            end, future = waiting.popleft()
            documents, counts = future.result()
            for bound in islice(bounds, 1):
                submit(bound)
            account.add(counts)
            yield from documents
            file.seek(end)
    except BrokenProcessPool as error:
        raise OpenQAError(
            f"{path}: a worker process ended before its work was done, perhaps for want of memory; use fewer workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _read_stream(path: Path, bound: tuple[int, int], site: Site, choice: _Choice) -> _Part:
    """Returns the documents of one stream of a multistream dump; the last one ends the export itself."""
    account = DumpAccount()
    parser = PageParser(f"{path} (stream at byte {bound[0]})")
    parser.site = site
    parser.feed(b"<mediawiki>")
    documents: list[Document | None] = []
    with open_packed(path) as file:
        file.seek(bound[0])
        for piece in unpacked(file, path, bound[1]):
            documents += [_document(page, site, choice, account) for page in parser.feed(piece)]
    if bound[1] < path.stat().st_size:
        parser.feed(b"</mediawiki>")
    parser.close()
    return [document for document in documents if document], account


def _begin_worker() -> None:
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody takes the result


def _document(page: Page, site: Site, choice: _Choice, account: DumpAccount) -> Document | None:
    """Returns the document of a page, counted in the account; None when it is left out."""
    from openqa.corpus.wiki.text import plain_text

    if page.namespace != 0:
        account.n_other_namespaces += 1
        return None
    if page.is_redirect:
        account.n_redirects += 1
        return None
    if page.text is None:
        account.add_broken(page.title, page.why_broken)
        return None
    if _REDIRECT.match(page.text):
        account.n_redirects += 1
        return None
    if is_disambiguation(page.text, choice.disambiguations):
        account.n_disambiguations += 1
        return None
    plain = plain_text(page.text, site.hidden_prefixes())
    if not plain.text:
        account.n_empty += 1
        return None
    account.n_kept += 1
    account.n_fallback += plain.is_fallback
    metadata = {"revision": page.revision, "timestamp": page.timestamp}
    return Document(
        id=page.id,
        text=plain.text,
        title=page.title,
        lang=site.lang or choice.lang,
        url=site.url(page.title),
        metadata={name: value for name, value in metadata.items() if value},
    )


def is_disambiguation(wikitext: str, templates: Set[str] = DISAMBIGUATION_TEMPLATES) -> bool:
    """True when a page says that it lists the meanings of its title: by the magic word, or by a template.

    Args:
        wikitext: the source of the page.
        templates: names of templates that say so, in lower case.
    """
    if "__" in wikitext and any(word.lower() in DISAMBIGUATION_WORDS for word in _WORD.findall(wikitext)):
        return True
    return any(_normal(name) in templates for name in _TEMPLATE_NAME.findall(wikitext))


def _normal(name: str) -> str:
    return name.strip().replace("_", " ").lower()
