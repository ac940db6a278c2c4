import gzip
import logging
import random
from collections import Counter
from pathlib import Path

import pytest

from openqa.corpus import read_documents
from openqa.corpus.meter import InputMeter
from openqa.errors import DataError
from openqa.types import Document
from tests.corpus.own import html, write_docx, write_pdf

TEXT = "Oil wrestling is held in Edirne every summer. The meadow beside the river is called Sarayiçi."


def read(folder: Path) -> tuple[list[Document], dict[str, str]]:
    """The documents of a folder, and what is left out."""
    meter = InputMeter()
    documents = list(read_documents([folder], meter=meter))
    return documents, dict(meter.left_out)


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        list(read_documents([path]))
    return str(caught.value)


def test_a_web_page_without_its_menus(tmp_path: Path) -> None:
    """Title, language and text are the page's own; menu and footer are not in it."""
    path = tmp_path / "a.html"
    path.write_text(html("Yağlı güreş", [TEXT, "Second paragraph of the page, long enough."], lang="tr-TR"))
    (document,) = read_documents([path])
    assert (document.id, document.title, document.lang) == ("a.html", "Yağlı güreş", "tr-TR")
    assert TEXT in document.text
    assert "All pages" not in document.text
    assert "Cookies" not in document.text
    packed = tmp_path / "b.htm.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert next(read_documents([packed])).text == document.text


def test_each_page_of_a_pdf_is_a_document(tmp_path: Path) -> None:
    """With its number; a page without text has none, and a word that is cut at the line's end is whole again."""
    path = write_pdf(
        tmp_path / "report.pdf", ["The whale eats kr-\nill and\nplankton.", "", "Third page."], title="Sea"
    )
    assert list(read_documents([path], lang="en")) == [
        Document("report.pdf#page=1", "The whale eats krill and\nplankton.", "Sea", "en", metadata={"page": "1"}),
        Document("report.pdf#page=3", "Third page.", "Sea", "en", metadata={"page": "3"}),
    ]


def test_a_word_file_with_its_table(tmp_path: Path) -> None:
    """Paragraphs, then the rows; the first heading is the title."""
    path = write_docx(
        tmp_path / "a.docx", ["Nüfus yıldan yıla artar."], rows=[["Yıl", "Kişi"], ["2020", "5 | 6"]], heading="Ankara"
    )
    (document,) = read_documents([path], lang="tr")
    assert (document.title, document.lang) == ("Ankara", "tr")
    assert document.text == "Ankara\n\nNüfus yıldan yıla artar.\n\n| Yıl | Kişi |\n| 2020 | 5 \\| 6 |"


def write_broken(folder: Path) -> dict[str, str]:
    """Writes a file for each way in which one cannot be read; returns its reason by name."""
    write_pdf(folder / "locked.pdf", ["Secret."], password="x")
    write_pdf(folder / "scan.pdf", ["", ""])
    (folder / "cut.pdf").write_bytes(write_pdf(folder / "whole.pdf", ["Text."]).read_bytes()[:200])
    (folder / "locked.docx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(99))
    (folder / "cut.docx").write_bytes(write_docx(folder / "whole.docx", ["Text."]).read_bytes()[:500])
    write_docx(folder / "empty.docx", [])
    (folder / "empty.html").write_text("<html><body></body></html>")
    (folder / "empty.txt").write_text(" \n")
    (folder / "empty.csv").write_text("\n")
    (folder / "latin.md").write_bytes("eins\nzwäi".encode("latin-1"))
    (folder / "short.csv").write_text("a,b\n1,2\n3\n")
    return {
        "locked.pdf": "is encrypted; give a copy without a password",
        "scan.pdf": "has no text on its 2 pages; it may be scanned: give it to an OCR first",
        "cut.pdf": "is no PDF that can be read (",
        "locked.docx": "is encrypted, or of Word's old form; save it as .docx without a password",
        "cut.docx": "is no Word file that can be read (",
        "empty.docx": "has no text; give a file with some",
        "empty.html": "has no text of its own, only markup; give a page with text",
        "empty.txt": "is empty; give a file with text",
        "empty.csv": "is empty; give a file with a header and rows",
        "latin.md": "line 2: byte 0xe4 is not UTF-8; convert the file, for example with iconv",
        "short.csv": "line 3: has 1 cells, the header 2; give every row as many",
    }


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """In a folder with its reason, the others are read; alone it is an error that says the same."""
    reasons = write_broken(tmp_path)
    documents, left_out = read(tmp_path)
    assert [document.id for document in documents] == ["whole.docx", "whole.pdf#page=1"]
    assert left_out.keys() == reasons.keys()
    for name, reason in reasons.items():
        assert left_out[name].startswith(reason)
        assert refusal(tmp_path / name).startswith(f"{tmp_path / name}:")


def test_what_is_left_out_is_logged_where_nobody_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """From Python without a meter; other kinds are counted, hidden files and folders passed over."""
    for name in ("a.txt", "c.odt", "d.pdf.gz", "e.odt", "LICENSE", ".git/x.md", ".hidden.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Text")
    (tmp_path / "b.md").write_text("---\ntitle: T\n---\n \n")
    with caplog.at_level(logging.WARNING):
        assert [document.id for document in read_documents([tmp_path])] == ["a.txt"]
    assert [record.getMessage().removeprefix("left out: ") for record in caplog.records] == [
        "b.md: is empty; give a file with text",
        "2 × .odt: is of a kind that is not read",
        "1 × .pdf: is of a kind that is not read",
        "1 × no suffix: is of a kind that is not read",
    ]


def test_a_file_name_that_is_not_utf8_is_left_out(tmp_path: Path) -> None:
    """Such a name cannot be an id."""
    (tmp_path / "a.txt").write_text("x")
    try:
        (tmp_path / "caf\udce9.txt").write_text("x", encoding="utf-8")
    except (OSError, UnicodeEncodeError):
        pytest.skip("the file system takes no such name")
    documents, left_out = read(tmp_path)
    assert [document.id for document in documents] == ["a.txt"]
    assert "the file's name is not UTF-8; rename the file" in next(iter(left_out.values()))


def test_two_hundred_mixed_files_are_all_accounted_for(tmp_path: Path) -> None:
    """Every file is read or named: sound ones of each kind, broken, encrypted, empty and unknown ones."""
    rng = random.Random(0)
    kinds = ("html", "pdf", "docx", "csv", "md", "txt", "tsv")
    for number in range(180):
        folder = tmp_path / f"folder-{rng.randrange(9)}" / "deep"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number}.{kinds[number % len(kinds)]}"
        text = f"{TEXT} This is file number {number}."
        if path.suffix == ".html":
            path.write_text(html(f"Page {number}", [text]))
        elif path.suffix == ".pdf":
            write_pdf(path, [f"File {number}.", "Second page."])
        elif path.suffix == ".docx":
            write_docx(path, [text])
        elif path.suffix in (".csv", ".tsv"):
            path.write_text("city,note\nEdirne,oil\n".replace(",", "," if path.suffix == ".csv" else "\t"))
        else:
            path.write_text(text)
    broken = tmp_path / "broken"
    broken.mkdir()
    reasons = write_broken(broken)
    for number in range(200 - 180 - len(reasons) - 2):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG")
    n_files = sum(path.is_file() for path in tmp_path.rglob("*"))
    documents, left_out = read(tmp_path)
    files = {document.id.partition("#")[0] for document in documents}
    assert n_files == 200
    assert len(files) == 180 + 2
    assert left_out.keys() == {f"broken/{name}" for name in reasons} | {"7 × .png"}
    assert Counter(name.rpartition(".")[2] for name in files)["pdf"] == 26 + 1
