"""Word files as documents: paragraphs and tables in the order of the file, a table's rows as those of Markdown."""

from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

from openqa.corpus.tables import markdown_row
from openqa.errors import DataError, NoText, require
from openqa.types import Document

DOCX_SUFFIXES = (".docx",)
_TITLES = ("Title", "Heading 1")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # of encrypted files, and of Word's older form


def docx_documents(path: Path, id: str, lang: str) -> Iterator[Document]:
    """Yields one file as a document.

    Args:
        path: the file.
        id: of the document.
        lang: its language where the file names none.

    Raises:
        DataError: the file cannot be read, or is encrypted.
        NoText: it has no text.
        MissingExtra: python-docx is not installed.
    """
    require("documents", "docx")
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from docx.table import Table

    try:
        with path.open("rb") as file:
            if file.read(len(_OLE)) == _OLE:
                raise DataError(f"{path}: is encrypted, or of Word's old form; save it as .docx without a password")
            found = docx.Document(file)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; give a file that exists and can be read") from error
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{path}: is no Word file that can be read ({error}); it is damaged or cut off") from error
    blocks = []
    for block in found.iter_inner_content():
        if isinstance(block, Table):
            blocks.append("\n".join(markdown_row([cell.text for cell in row.cells]) for row in block.rows))
        else:
            blocks.append(block.text)
    text = "\n\n".join(block for block in blocks if block.strip())
    if not text:
        raise NoText(f"{path}: has no text; give a file with some")
    about = found.core_properties
    headings = (block.text for block in found.paragraphs if block.style and block.style.name in _TITLES)
    heading = next((text for text in headings if text.strip()), "")
    yield Document(id, text, about.title.strip() or heading.strip() or path.stem, about.language or lang)
