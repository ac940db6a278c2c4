import gzip
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from openqa.corpus import Fields, read_documents
from openqa.errors import ConfigError, DataError
from openqa.types import Document


def write(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
    return path


def refusal(path: Path, **how: Any) -> str:
    with pytest.raises((DataError, ConfigError)) as caught:
        list(read_documents([path], **how))
    return str(caught.value)


def test_wikipedia_of_the_hub(tmp_path: Path) -> None:
    """wikimedia/wikipedia's shards (id, url, title, text), in order of their numbers."""
    pages = [
        {"id": str(n), "url": f"https://tr.wikipedia.org/wiki/{n}", "title": f"Sayfa {n}", "text": f"Metin {n}."}
        for n in range(5)
    ]
    folder = tmp_path / "20231101.tr"
    write_parquet(folder / "train-00000-of-00002.parquet", pages[:3])
    write_parquet(folder / "train-00001-of-00002.parquet", pages[3:])
    assert list(read_documents([folder], lang="tr")) == [
        Document(page["id"], page["text"], page["title"], "tr", page["url"]) for page in pages
    ]


def test_webfaq_of_the_hub(tmp_path: Path) -> None:
    """PaDaS-Lab/webfaq's fields: the answer under its question; what else there is, of any type, is metadata."""
    row = {
        "id": 7,
        "origin": "x.org",
        "question": "Ne?",
        "answer": "Bu.",
        "seen": date(2024, 1, 2),
        "topics": ["a", "b"],
    }
    path = write_parquet(tmp_path / "tur.parquet", [row])
    (document,) = read_documents([path], fields=Fields("answer", title="question"), lang="tr")
    assert (document.id, document.title, document.text) == ("7", "Ne?", "Bu.")
    assert document.metadata == {"origin": "x.org", "seen": "2024-01-02", "topics": '["a","b"]'}


def test_a_renamed_field_is_told_with_its_row(tmp_path: Path) -> None:
    """And a guess which one is meant."""
    path = write_parquet(tmp_path / "a.parquet", [{"id": "1", "body": "Long enough text."}])
    assert refusal(path) == (
        f'{path}: row 1: passage has no "text" (found: "id", "body"); rename the field or pass --text-field body'
    )


def test_a_damaged_shard_is_refused(tmp_path: Path) -> None:
    """Cut off at its end, or with other bytes inside."""
    path = write_parquet(tmp_path / "a.parquet", [{"id": str(n), "text": f"text {n * 7919}"} for n in range(9)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert refusal(path).startswith(f"{path}: cannot read on after row 0 (")
    path.write_bytes(b"no parquet at all")
    assert refusal(path).endswith("; the file is damaged, cut off or no Parquet")
    path.write_bytes(whole[:40] + bytes(60) + whole[100:])
    assert "cannot read on after row" in refusal(path)


def test_passages_of_dpr(tmp_path: Path) -> None:
    """psgs_w100.tsv: a header, quoted texts with doubled quotes."""
    path = write(tmp_path / "psgs.tsv.gz", 'id\ttext\ttitle\n1\t"Aaron ""the"" prophet\nof"\tAaron\n2\tPlain.\tB\n')
    assert list(read_documents([path], lang="en")) == [
        Document("1", 'Aaron "the" prophet\nof', "Aaron", "en"),
        Document("2", "Plain.", "B", "en"),
    ]


def test_the_collection_of_colbert(tmp_path: Path) -> None:
    """collection.tsv: no header, quotes as they are, with a title or without."""
    path = write(tmp_path / "collection.tsv", '0\t"Half a quote\n1\tTwo\u2028lines\n')
    assert [(found.id, found.text) for found in read_documents([path])] == [
        ("0", '"Half a quote'),
        ("1", "Two\u2028lines"),
    ]
    path = write(tmp_path / "titled.tsv", "0\tText\tTitle\n")
    assert list(read_documents([path])) == [Document("0", "Text", "Title")]


def test_a_csv_with_texts_is_a_corpus(tmp_path: Path) -> None:
    """Any delimiter, a byte order mark, Windows' line ends; other columns are metadata, empty cells are not."""
    path = write(tmp_path / "a.csv", '\ufeffid;text;tag;note\r\na;"Eins; zwei";t;\r\n\r\nb;Drei;;n\r\n')
    assert list(read_documents([path], lang="de")) == [
        Document("a", "Eins; zwei", lang="de", metadata={"tag": "t"}),
        Document("b", "Drei", lang="de", metadata={"note": "n"}),
    ]
    named = write(tmp_path / "b.csv", "key,body\nk,Text\n")
    (document,) = read_documents([named], fields=Fields("body", "key"))
    assert (document.id, document.text) == ("k", "Text")
    assert refusal(named, fields=Fields("words", "key")).startswith(f'{named}:2: passage has no "words"')


def test_a_csv_without_texts_is_a_table(tmp_path: Path) -> None:
    """Its rows in groups under the file's name, with the numbers of the rows; the form can be chosen."""
    path = write(tmp_path / "cities.csv", "city,people\n" + "".join(f"City {n},{n}000\n" for n in range(60)))
    documents = list(read_documents([path], lang="en"))
    assert [document.id for document in documents][:2] == ["cities.csv#rows=1-32", "cities.csv#rows=33-60"]
    assert documents[0].title == "cities"
    assert documents[1].text.startswith("| city | people |\n| --- | --- |\n| City 32 | 32000 |")
    (first, *_) = read_documents([path], fields=Fields(tables="{city} has {people} people."))
    assert first.text.startswith("City 0 has 0000 people.\nCity 1")
    assert refusal(path, fields=Fields(tables="{town}")) == 'tables names the column "town"; there are: city, people'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a,b\n1,2\n1,2,3\n",
            ":3: has 3 cells, the header 2; give every row as many, cells with a delimiter or a line's",
        ),
        ("a,a\n1,2\n", ":1: the header has a name twice (a, a); every column needs a name of its own"),
        ('a,b\n"1,2\n', ":2: cannot read on (unexpected end of data); the file is damaged, cut off or no table"),
        ("", ": is empty; give a file with a header and rows"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """With the line, and what to do."""
    path = write(tmp_path / "a.csv", content)
    assert refusal(path).startswith(f"{path}{message}")


def test_a_table_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """With the way out; and so is one that is cut off in its packing."""
    path = tmp_path / "a.csv"
    path.write_bytes("a,b\nä,1\n".encode("latin-1"))
    assert "byte 0xe4 is not UTF-8; convert the file, for example with iconv -f ISO-8859-1 -t UTF-8" in refusal(path)
    packed = write(tmp_path / "b.csv.gz", "a,b\n" + "1,2\n" * 9999)
    packed.write_bytes(packed.read_bytes()[:-30])
    assert "cannot read on (Compressed file ended" in refusal(packed)
