"""Data sets of the Hugging Face hub as documents, a row each, streamed: `hub:wikimedia/wikipedia/20231101.tr`.

The name is `hub:OWNER/NAME`, then the configuration and the split where there are several, then `@` and a revision if
one is to be pinned. Where a folder OWNER/NAME stands in the working folder, in the form of a data set, that is read, as
`datasets` has it. Rows come in the data set's order, so a stopped build goes on; rows that it has are read again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openqa.corpus.columns import plain_record
from openqa.corpus.fields import Fields
from openqa.corpus.jsonl import record_document
from openqa.errors import DataError, require
from openqa.types import Document

PREFIX = "hub:"
_FORM = "hub:OWNER/NAME, or hub:OWNER/NAME/CONFIGURATION/SPLIT"


def is_hub(path: Path) -> bool:
    """Returns True if a path names a data set of the hub."""
    return str(path).startswith(PREFIX)


def hub_documents(path: Path, lang: str, fields: Fields) -> Iterator[Document]:
    """Yields a document for each row of a data set.

    Args:
        path: its name, see above.
        lang: the language of rows that have no "lang".
        fields: the names of the columns.

    Raises:
        DataError: the data set cannot be loaded, or a row has no id or no text; with the row.
        MissingExtra: datasets is not installed.
    """
    require("datasets", "datasets")
    import datasets

    name, _, revision = str(path).removeprefix(PREFIX).partition("@")
    parts = name.split("/")
    if not 2 <= len(parts) <= 4 or not all(parts):
        raise DataError(f"{path}: is no name of a data set; give {_FORM}")
    repository, (configuration, split) = "/".join(parts[:2]), (*parts[2:], None, None)[:2]
    number = 0
    try:
        found: Any = datasets.load_dataset(repository, configuration, revision=revision or None, streaming=True)
        for row in found[_split(path, list(found), split)]:
            number += 1
            yield record_document(plain_record(row), f"{path}: row {number}", lang, fields)
    except (OSError, ValueError, RuntimeError) as error:  # datasets' own errors are of these kinds
        why = " ".join(str(error).split())
        raise DataError(
            f"{path}: cannot be read after row {number} ({why}); give {_FORM}, with network, or a folder"
        ) from error


def _split(path: Path, there: list[str], wanted: str | None) -> str:
    if wanted is None and len(there) == 1:
        return there[0]
    if wanted not in there:
        raise DataError(f"{path}: has the splits {', '.join(there)}; give {path}/{there[0]} or another one of them")
    return wanted
