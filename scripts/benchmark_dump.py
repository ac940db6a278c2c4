"""Times the reading of a made-up Wikipedia dump beside mwparserfromhell's own strip_code, and checks the account.

Each way runs in a process of its own, since memory is measured at its peak: of the process itself, and of its largest
worker. strip_code gets the same articles from the same reader of XML; it is stopped after `--strip` of them, since it
is slow. What strip_code leaves out differs, so the texts are not compared.

Example:
    python scripts/benchmark_dump.py --articles 50000
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import mwparserfromhell

from openqa.corpus.wiki.dump import DumpAccount, dump_documents
from openqa.corpus.wiki.pages import PageParser
from openqa.corpus.wiki.streams import open_packed, unpacked
from scripts.make_dump import write_dump


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way of reading took; times of all its processes together are `cpu_s`."""

    n_articles: int
    n_characters: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    worker_peak_mb: float
    account: DumpAccount


def read(path: Path, workers: int) -> Measured:
    """Returns what reading all documents takes."""
    account = DumpAccount()
    return _measured((document.text for document in dump_documents(path, workers=workers, account=account)), account)


def strip(path: Path, n_articles: int) -> Measured:
    """Returns what strip_code takes for the first articles of a dump."""
    texts = islice(wikitexts(path), n_articles)
    return _measured((mwparserfromhell.parse(text).strip_code() for text in texts), DumpAccount())


def wikitexts(path: Path) -> Iterator[str]:
    """Yields the source of each page of namespace 0 that is no redirect."""
    parser = PageParser(str(path))
    with open_packed(path) as file:
        for piece in unpacked(file, path):
            for page in parser.feed(piece):
                if page.namespace == 0 and not page.is_redirect and page.text:
                    yield page.text


def _measured(texts: Iterator[str], account: DumpAccount) -> Measured:
    started = time.perf_counter()
    n_articles = n_characters = 0
    for text in texts:
        n_articles += 1
        n_characters += len(text)
    wall_s = time.perf_counter() - started
    times = os.times()
    cpu_s = times.user + times.system + times.children_user + times.children_system
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    worker_peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    return Measured(n_articles, n_characters, wall_s, cpu_s, peak_mb, worker_peak_mb, account)


def apart(function: Callable[[Path, int], Measured], path: Path, n: int) -> Measured:
    """Returns what a function returns in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, path, n).result()


def check(account: DumpAccount, counts: Counter[str]) -> None:
    """Compares an account with what was written.

    Raises:
        SystemExit: a page is missing.
    """
    found = {
        "articles": (account.n_kept, counts["article"] + counts["broken"]),
        "redirects": (account.n_redirects, counts["redirect"]),
        "disambiguations": (account.n_disambiguations, counts["disambiguation"]),
        "empty": (account.n_empty, counts["empty"]),
        "other namespaces": (account.n_other_namespaces, counts["talk"] + counts["template"]),
        "all": (account.n_pages, counts.total()),
    }
    wrong = [f"{name}: {n} of {needed}" for name, (n, needed) in found.items() if n != needed]
    if wrong:
        raise SystemExit(f"pages are not accounted for: {'; '.join(wrong)}")


def main() -> None:
    """Writes a dump, reads it in each way, prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000, help="how many the dump has")
    parser.add_argument("--strip", type=int, default=2_000, help="how many of them strip_code gets")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other pages")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trwiki-20231101-pages-articles-multistream.xml.bz2"
        counts = write_dump(path, given.articles, given.seed)
        print(f"{given.articles:,} articles, {counts.total():,} pages, {path.stat().st_size / 1e6:.1f} MB", flush=True)
        print(f"{'way':24} articles/s  articles/CPU s  peak MB  worker MB", flush=True)
        for workers in (1, 2):
            measured = apart(read, path, workers)
            check(measured.account, counts)
            print(_row(f"dump_documents, {workers}", measured), flush=True)
        print(_row("strip_code alone", apart(strip, path, given.strip)), flush=True)
        print(f"every page accounted for: {measured.account}")


def _row(name: str, measured: Measured) -> str:
    rates = measured.n_articles / measured.wall_s, measured.n_articles / measured.cpu_s
    return f"{name:24} {rates[0]:10,.0f} {rates[1]:15,.0f} {measured.peak_mb:8.0f} {measured.worker_peak_mb:10.0f}"


if __name__ == "__main__":
    main()
