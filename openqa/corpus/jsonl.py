"""Records of a JSON Lines corpus as documents: plain JSON Lines, BEIR's corpus.jsonl and MIRACL's docs-*.jsonl.

The three differ only in the name of the id field. Everything that is not id, title, text, url or lang becomes metadata.
A record without an id is refused: an id made from its line number would change with the order of the lines.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from openqa.corpus.fields import USUAL, Fields
from openqa.errors import DataError
from openqa.files import display_name, json_type, read_jsonl
from openqa.types import Document

ID_FIELDS = ("id", "_id", "docid")
_NAMES = ("url", "lang")
_LIKELY_TEXT = ("body", "content", "contents", "context", "passage", "paragraph", "document", "abstract", "answer")
_LIKELY_ID = ("doc_id", "docno", "document_id", "passage_id", "pid", "uid", "uuid", "key", "url", "slug")


def jsonl_documents(
    path: Path,
    *,
    lang: str = "und",
    fields: Fields = USUAL,
    watch: Callable[[IO[bytes]], None] | None = None,
) -> Iterator[Document]:
    """Yields a document for each line of a JSON Lines file.

    Args:
        path: the file; may end in .gz, or be "-" for standard input.
        lang: the language of records that have no "lang".
        fields: their names.
        watch: is given the open file, to see how far it has been read.

    Raises:
        DataError: a line is not a JSON object, has no id or no text, or a value is of the wrong type; with path:line.
    """
    for number, record in read_jsonl(path, watch):
        where = f"{display_name(path)}:{number}"
        yield record_document(record, where, lang, fields)


def record_document(record: dict[str, Any], where: str, lang: str, fields: Fields) -> Document:
    """Returns a record as a document.

    Args:
        record: JSON values by name.
        where: its place, for messages.
        lang: its language where it has no "lang".
        fields: their names.

    Raises:
        DataError: it has no id or no text, or a value is of the wrong type.
    """
    id_name, text_field = first_field(record, (fields.id,) if fields.id else ID_FIELDS), fields.text or "text"
    if id_name is None:
        raise DataError(_no_id(record, where, fields.id))
    id = id_text(record[id_name], id_name, where)
    if text_field not in record:
        raise DataError(_no_text(record, where, text_field))
    text = record[text_field]
    if not isinstance(text, str):
        raise DataError(f'{where}: "{text_field}" is {json_type(text)}; a string is needed')
    names = (fields.title or "title", *_NAMES)
    title, url, own_lang = (as_text(record.get(name)) for name in names)
    metadata = _metadata(record, (id_name, text_field, *names))
    require_unicode(where, id=id, text=text, title=title, url=url, lang=own_lang)
    require_unicode(where, metadata="".join(metadata) + "".join(metadata.values()))
    return Document(id=id, text=text, title=title, lang=own_lang.strip() or lang, url=url, metadata=metadata)


def is_record(line: str | bytes) -> bool:
    """True when a line is a JSON object of its own and not SQuAD's: some publish JSON Lines under the suffix .json."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and "data" not in record


def first_field(record: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """Returns the first of the names that the record holds with a value other than null."""
    return next((name for name in names if record.get(name) is not None), None)


def id_text(value: object, field: str, where: str) -> str:
    """Returns an id as text; whole numbers are taken too.

    Raises:
        DataError: the value is neither a string that is not blank nor a whole number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise DataError(f'{where}: "{field}" is {json_type(value)}; an id is a string or a whole number')
    if not value.strip():
        raise DataError(f'{where}: "{field}" is empty; every record needs an id of its own')
    return value


def as_text(value: object) -> str:
    """Returns a JSON value as text: a string as it stands, null as nothing, all else as compact JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def require_unicode(where: str, **fields: str) -> None:
    r"""Refuses text that cannot be written as UTF-8: JSON can spell half a surrogate pair, such as "\ud83d".

    Raises:
        DataError: a field holds half a surrogate pair.
    """
    for name, text in fields.items():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(
                f'{where}: "{name}" holds half a surrogate pair (\\u{ord(text[error.start]):04x}) at character '
                f"{error.start}; write the record again as valid Unicode"
            ) from error


def _metadata(record: dict[str, Any], taken: tuple[str, ...]) -> dict[str, str]:
    """Returns the other fields as str to str; an object called "metadata", as BEIR has, is merged into them."""
    rest = {name: value for name, value in record.items() if name not in taken}
    nested = rest.pop("metadata") if isinstance(rest.get("metadata"), dict) else {}
    return {name: as_text(value) for name, value in {**nested, **rest}.items() if value is not None}


def _no_id(record: dict[str, Any], where: str, id_field: str | None) -> str:
    guess = first_field(record, _LIKELY_ID)
    advice = f"pass --id-field {guess}" if guess and guess != id_field else "name its field with --id-field"
    return f'{where}: passage has no "{id_field or "id"}" ({_found(record)}); add one to every record or {advice}'


def _no_text(record: dict[str, Any], where: str, text_field: str) -> str:
    guess = _likely_text(record)
    advice = f"rename the field or pass --text-field {guess}" if guess else "add it or name its field with --text-field"
    return f'{where}: passage has no "{text_field}" ({_found(record)}); {advice}'


def _likely_text(record: dict[str, Any]) -> str | None:
    strings = {name: value for name, value in record.items() if isinstance(value, str) and value.strip()}
    by_name = first_field(strings, _LIKELY_TEXT)
    others = [name for name in strings if name not in (*ID_FIELDS, *_LIKELY_ID, "title", *_NAMES)]
    longest = max(others, key=lambda name: len(strings[name]), default=None)
    if by_name or longest is None:
        return by_name
    return longest if len(strings[longest].split()) > 1 else None


def _found(record: dict[str, Any]) -> str:
    return f"found: {', '.join(json.dumps(name, ensure_ascii=False) for name in record) or 'nothing'}"
