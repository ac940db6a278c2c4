import gzip
from pathlib import Path

import pytest

from openqa.corpus import read_documents
from openqa.corpus.markdown import first_heading, split_front_matter
from openqa.errors import DataError
from openqa.types import Document


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, bytes) else content.encode("utf-8")
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def test_each_text_file_is_a_document(tmp_path: Path) -> None:
    """The id is the path below the folder; the title the first heading or the file's name; order that of the names."""
    put(tmp_path, "b/notes.txt", "Das ist # kein Titel.")
    put(tmp_path, "b/a b.MD.gz", "# Ünlü *Kent*\n\nMetin.")
    put(tmp_path, "zuletzt.markdown", "Nur Text.")
    assert list(read_documents([tmp_path], lang="de")) == [
        Document("zuletzt.markdown", "Nur Text.", "zuletzt", "de"),
        Document("b/a b.MD.gz", "# Ünlü *Kent*\n\nMetin.", "Ünlü *Kent*", "de"),
        Document("b/notes.txt", "Das ist # kein Titel.", "notes", "de"),
    ]


def test_front_matter_fills_the_document(tmp_path: Path) -> None:
    """Title, language and address are taken, the rest is metadata, and the text starts after it."""
    front = (
        "---\ntitle: 'Bir: iki'\nlang: tr\nURL: https://x.org/?a=b\ntags:\n  - su\n  - \"ay\"\n# note\ndraft:\n---\n"
    )
    put(tmp_path, "x.md", front + "# Başka\nMetin.\n")
    expected = Document("x.md", "# Başka\nMetin.\n", "Bir: iki", "tr", "https://x.org/?a=b", {"tags": "su, ay"})
    assert list(read_documents([tmp_path])) == [expected]


@pytest.mark.parametrize(
    ("text", "fields", "rest"),
    [
        ('+++\ntitle = "T"\ndate = 2020-01-01\n+++\nx', {"title": "T", "date": "2020-01-01"}, "x"),
        ("---\n---\nx", {}, "x"),
        ("---\nnever: closed\n", {}, "---\nnever: closed\n"),
        ("Text\n---\na: b\n---\n", {}, "Text\n---\na: b\n---\n"),
        ("", {}, ""),
        ("---", {}, "---"),
    ],
)
def test_front_matter_is_split_off(text: str, fields: dict[str, str], rest: str) -> None:
    """Only closed front matter at the very start counts."""
    assert split_front_matter(text) == (fields, rest)


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("", ""),
        ("text\n\n## عنوان ##\n# later", "عنوان"),
        ("```sh\n# no heading\n```\n# Yes", "Yes"),
        ("~~~~\n```\n# no\n~~~~\n### C#", "C#"),
        ("Title\n=====\nx", "Title"),
        ("\n---\n# After a rule", "After a rule"),
        ("#hashtag\n#\n# Real", "Real"),
        ("    # code\n", ""),
    ],
)
def test_the_first_heading_is_found(text: str, heading: str) -> None:
    """Code blocks, rules and hash tags are no headings."""
    assert first_heading(text) == heading


def test_bom_and_line_ends_are_made_plain(tmp_path: Path) -> None:
    """Files from other systems give the same text."""
    put(tmp_path, "x.md", "\ufeff# T\r\nOne\rTwo\n")
    (document,) = read_documents([tmp_path])
    assert (document.title, document.text) == ("T", "# T\nOne\nTwo\n")


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    """The message names the line and the way out."""
    path = put(tmp_path, "x.txt", "eins\nzw\u00e4i\n".encode("latin-1"))
    with pytest.raises(DataError) as caught:
        list(read_documents([path]))
    assert str(caught.value) == (
        f"{path}:2: byte 0xe4 is not UTF-8; convert the file, for example with iconv -f ISO-8859-1 -t UTF-8"
    )
