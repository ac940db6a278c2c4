"""Which fields of records, or columns of tables, hold what."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of fields; None is the usual name.

    Attributes:
        text: "text".
        id: the first of "id", "_id" and "docid".
        title: "title".
        tables: how rows of CSV and TSV files without a column of texts become text: "markdown", "sentences", or a
            template with columns in braces.
    """

    text: str | None = None
    id: str | None = None
    title: str | None = None
    tables: str = "markdown"

    def options(self) -> dict[str, str]:
        """Returns what differs from the usual, as recipes name it: text_field, id_field, title_field, tables."""
        values = {KEYS[field.name]: getattr(self, field.name) for field in fields(self)}
        return {key: value for key, value in values.items() if value not in (None, getattr(USUAL, NAMES[key]))}


KEYS = {"text": "text_field", "id": "id_field", "title": "title_field", "tables": "tables"}  # in recipes
NAMES = {key: name for name, key in KEYS.items()}
USUAL = Fields()
