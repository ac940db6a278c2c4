"""`openqa build` and `openqa add`: documents into an index."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openqa.cli.options import AsJson, DocumentLang, Files, IdField, IndexPath, TextField
from openqa.cli.output import note, print_json, progress, size

if TYPE_CHECKING:
    from openqa.pipeline.config import Recipe

_RECIPE_SUFFIX = ".toml"


def build(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX|RECIPE", help="A new index folder, or a recipe that ends in .toml.")
    ],
    files: Files = None,
    lang: DocumentLang = None,
    parts: Annotated[
        str | None, typer.Option("--parts", help="What to search by, joined by commas.  [default: bm25,dense]")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help='"sentences" or "document" (one passage a document).  [default: sentences]'),
    ] = None,
    window_words: Annotated[
        int | None, typer.Option("--window-words", help="Words in a passage, about.  [default: 100]")
    ] = None,
    text_field: TextField = None,
    id_field: IdField = None,
    as_json: AsJson = False,
) -> None:
    """Build an index from documents or a recipe.

    The index of the recipe indexes/mine.toml is the folder indexes/mine; options go before what the recipe says.
    """
    from openqa.corpus.documents import read_documents
    from openqa.pipeline.index import build as build_index

    chosen = {
        "lang": lang,
        "parts": None if parts is None else tuple(name.strip() for name in parts.split(",")),
        "split": split,
        "window_words": window_words,
        "text_field": text_field,
        "id_field": id_field,
    }
    recipe = _recipe(index, files, {key: value for key, value in chosen.items() if value is not None})
    documents = read_documents(
        recipe.documents, lang=recipe.config.lang, text_field=recipe.text_field, id_field=recipe.id_field
    )
    with progress(f"building {recipe.index_path}", "passages") as advance:
        built = build_index(recipe.index_path, documents, config=recipe.config, on_progress=advance)
    with built:
        info = built.info()
    if as_json:
        print_json(
            {
                "index": str(info.path),
                "generation": info.generation,
                "documents": info.n_documents,
                "passages": info.n_passages,
                "size_bytes": info.size_bytes,
            }
        )
    note(
        f'built "{info.path}": {info.n_passages:,} passages of {info.n_documents:,} documents, '
        f"{', '.join(info.parts)}, {size(info.size_bytes)}"
    )


def add(
    index: IndexPath,
    files: Files = None,
    lang: DocumentLang = None,
    text_field: TextField = None,
    id_field: IdField = None,
    as_json: AsJson = False,
) -> None:
    """Add documents to an index.

    Documents that are in it already with the same content are skipped.
    """
    from openqa.corpus.documents import read_documents
    from openqa.pipeline.index import open_index
    from openqa.pipeline.questions import check_language

    if not files:
        raise typer.BadParameter("no documents given; name at least one file or folder")
    if lang is not None:
        check_language(lang)
    with open_index(index) as opened, progress(f"adding to {index}", "passages") as advance:
        documents = read_documents(files, lang=lang or "und", text_field=text_field, id_field=id_field)
        summary = opened.add(documents, on_progress=advance)
    if as_json:
        print_json(
            {
                "index": str(index),
                "generation": summary.generation,
                "documents": summary.n_documents,
                "passages": summary.n_passages,
                "skipped_documents": summary.n_skipped_documents,
            }
        )
    note(
        f'added to "{index}": {summary.n_passages:,} passages of {summary.n_documents:,} documents; '
        f"{summary.n_skipped_documents:,} documents were there already"
    )


def _recipe(index: Path, files: list[Path] | None, chosen: dict[str, Any]) -> "Recipe":
    from openqa.pipeline.config import IndexConfig, Recipe, read_recipe

    if index.suffix == _RECIPE_SUFFIX:
        if files:
            raise typer.BadParameter(f"{index} is a recipe and names its own documents; leave FILES out")
        return read_recipe(index, chosen)
    if not files:
        raise typer.BadParameter("no documents given; name at least one file or folder, or a recipe that ends in .toml")
    fields = {key: chosen.pop(key, None) for key in ("text_field", "id_field")}
    return Recipe(index, tuple(files), IndexConfig(**chosen), **fields)
