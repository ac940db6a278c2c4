"""Files of people's own, written as their programs write them."""

from collections.abc import Sequence
from pathlib import Path

import docx
from pypdf import PdfReader, PdfWriter


def write_pdf(path: Path, pages: Sequence[str], *, title: str = "", password: str = "") -> Path:
    """Writes a PDF of some pages, each with lines of ASCII, or none where its text is empty."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        lines = " ".join(f"({line}) Tj T*" for line in text.split("\n")) if text else ""
        stream = f"BT /F1 12 Tf 14 TL 50 700 Td {lines} ET"
        kids.append(f"{len(objects) + 1} 0 R")
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects) + 2} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    end += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    path.write_bytes((body + end).encode("ascii"))
    if title or password:
        writer = PdfWriter(clone_from=PdfReader(path))
        writer.add_metadata({"/Title": title})
        if password:
            writer.encrypt(password, algorithm="RC4-128")
        writer.write(path)
    return path


def write_docx(path: Path, paragraphs: Sequence[str], *, rows: Sequence[Sequence[str]] = (), heading: str = "") -> Path:
    """Writes a Word file: a heading, paragraphs, and at the end a table."""
    made = docx.Document()
    if heading:
        made.add_heading(heading, 1)
    for text in paragraphs:
        made.add_paragraph(text)
    if rows:
        table = made.add_table(len(rows), len(rows[0]))
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                table.cell(row, column).text = cell
    made.save(str(path))
    return path


def html(title: str, paragraphs: Sequence[str], *, lang: str = "") -> str:
    """A page with a menu and a footer around its own text."""
    attribute = f' lang="{lang}"' if lang else ""
    own = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        f"<!DOCTYPE html><html{attribute}><head><title>{title}</title></head><body>"
        '<nav><ul><li><a href="/">Home</a></li><li><a href="/all">All pages</a></li></ul></nav>'
        f"<main><article><h1>{title}</h1>{own}</article></main>"
        "<footer><p>All rights reserved. Cookies are used here.</p></footer></body></html>"
    )
