from pathlib import Path

import pytest

from openqa.corpus import Fields, read_documents
from openqa.corpus.fields import USUAL
from openqa.corpus.meter import InputMeter
from openqa.errors import DataError
from openqa.types import Document
from tests.corpus.test_columns import write_parquet

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
CARD = """---
configs:
- config_name: 20231101.sw
  data_files:
  - split: train
    path: 20231101.sw/*
- config_name: tur-queries
  data_files:
  - split: test
    path: tur/queries.test.parquet
  - split: train
    path: tur/queries.train.parquet
---
"""


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set as the hub has it, with two shards in one configuration and two splits in another; no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "owner" / "corpus"
    for shard in range(2):
        rows = [{"id": f"{shard}{n}", "url": f"u{n}", "title": f"T{n}", "text": f"Text {n}."} for n in range(3)]
        write_parquet(folder / "20231101.sw" / f"train-{shard:05d}-of-00002.parquet", rows)
    for split in ("test", "train"):
        write_parquet(folder / "tur" / f"queries.{split}.parquet", [{"_id": f"q-{split}", "text": "Ne?"}])
    (folder / "README.md").write_text(CARD)
    return folder


def read(name: str, fields: Fields = USUAL) -> list[Document]:
    return list(read_documents([Path(name)], lang="sw", fields=fields))


def refusal(name: str, fields: Fields = USUAL) -> str:
    with pytest.raises(DataError) as caught:
        read(name, fields)
    return str(caught.value)


def test_the_rows_of_a_configuration_are_documents() -> None:
    """Those of all shards, in order; how much there is to read is not known."""
    expected = [Document(f"{shard}{n}", f"Text {n}.", f"T{n}", "sw", f"u{n}") for shard in range(2) for n in range(3)]
    assert read("hub:owner/corpus/20231101.sw") == expected
    meter = InputMeter()
    assert list(read_documents([Path("hub:owner/corpus/20231101.sw")], lang="sw", meter=meter)) == expected
    assert meter.share() is None


def test_a_split_is_named_where_there_are_several() -> None:
    """And asked for where it is not."""
    assert [document.id for document in read("hub:owner/corpus/tur-queries/test")] == ["q-test"]
    assert refusal("hub:owner/corpus/tur-queries") == (
        "hub:owner/corpus/tur-queries: has the splits test, train; give hub:owner/corpus/tur-queries/test or another "
        "one of them"
    )


def test_what_is_not_there_is_refused() -> None:
    """A configuration, a data set, a name that is none; a field is told with its row."""
    assert "20231101.sw" in refusal("hub:owner/corpus/20231101.xx")
    missing = refusal("hub:owner/none")
    assert missing.startswith("hub:owner/none: cannot be read after row 0 (")
    assert missing.endswith("; give hub:OWNER/NAME, or hub:OWNER/NAME/CONFIGURATION/SPLIT, with network, or a folder")
    assert refusal("hub:wikipedia").endswith(
        ": is no name of a data set; give hub:OWNER/NAME, or hub:OWNER/NAME/CONFIGURATION/SPLIT"
    )
    assert refusal("hub:owner/corpus/20231101.sw", Fields("body")).startswith(
        'hub:owner/corpus/20231101.sw: row 1: passage has no "body"'
    )
