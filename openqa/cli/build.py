"""`openqa build` and `openqa add`: documents into an index."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openqa.cli.options import (
    AsJson,
    DocumentLang,
    Files,
    IdField,
    IndexPath,
    Restart,
    Tables,
    TextField,
    TitleField,
    Workers,
)
from openqa.cli.output import note, print_json, size
from openqa.cli.progress import Count, duration, progress

if TYPE_CHECKING:
    from openqa.corpus.meter import LeftOut
    from openqa.index.writer import WriteSummary
    from openqa.pipeline.config import Recipe

_RECIPE_SUFFIX = ".toml"
_ESTIMATED = ("n_sampled", "is_whole", "n_documents", "n_passages", "size_bytes", "seconds", "passages_per_document")
_SHOWN_LEFT_OUT = 20


def build(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX|RECIPE", help="A new index folder, or a recipe that ends in .toml.")
    ],
    files: Files = None,
    lang: DocumentLang = None,
    parts: Annotated[
        str | None, typer.Option("--parts", help="What to search by, joined by commas.  [default: bm25,dense]")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            help='Of dense: "mini"; "static", faster and worse; a model\'s folder or hub name.  [default: mini]',
        ),
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
    title_field: TitleField = None,
    tables: Tables = None,
    workers: Workers = 1,
    restart: Restart = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check what is given, and show about what it would come to.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build an index from documents or a recipe.

    The index of the recipe indexes/mine.toml is the folder indexes/mine; options go before what the recipe says.
    A build that was stopped goes on where it was when the same command is run again.
    """
    from openqa.corpus.documents import read_documents
    from openqa.corpus.meter import InputMeter
    from openqa.pipeline.index import open_index
    from openqa.pipeline.parts import LazyEncoder
    from openqa.pipeline.writing import write_index

    chosen = {
        "lang": lang,
        "parts": None if parts is None else tuple(name.strip() for name in parts.split(",")),
        "encoder": encoder,
        "split": split,
        "window_words": window_words,
        "text_field": text_field,
        "id_field": id_field,
        "title_field": title_field,
        "tables": tables,
    }
    recipe = _recipe(index, files, {key: value for key, value in chosen.items() if value is not None})
    if dry_run:
        _show_estimate(recipe, as_json=as_json)
        return
    path, config, meter = recipe.index_path, recipe.config, InputMeter()
    documents = read_documents(recipe.documents, lang=config.lang, fields=recipe.fields, meter=meter)
    with progress(Count("building", "passages", share=meter.share)) as count:
        summary = write_index(
            path,
            documents,
            config,
            LazyEncoder(config.encoder),
            workers=workers,
            restart=restart,
            on_progress=count,
            on_read=count.read,
        )
    with open_index(path) as built:
        size_bytes = built.info().size_bytes
    if as_json:
        print_json({**written_json(path, summary), **left_out_json(meter.left_out), "size_bytes": size_bytes})
    note_left_out(meter.left_out)
    note(f'built "{path}": {written(summary)}; {parts_text(summary)}, {size(size_bytes)} in all')


def add(
    index: IndexPath,
    files: Files = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let documents of the index give way to those of the same id.")
    ] = False,
    lang: DocumentLang = None,
    text_field: TextField = None,
    id_field: IdField = None,
    title_field: TitleField = None,
    tables: Tables = None,
    workers: Workers = 1,
    restart: Restart = False,
    as_json: AsJson = False,
) -> None:
    """Add documents to an index.

    Documents that are in it already with the same content are skipped. All are added, or none on any error; an add that
    was stopped goes on where it was when the same command is run again.
    """
    from openqa.corpus.documents import read_documents
    from openqa.corpus.fields import USUAL, Fields
    from openqa.corpus.meter import InputMeter
    from openqa.pipeline.index import open_index
    from openqa.pipeline.questions import check_language

    if not files:
        raise typer.BadParameter("no documents given; name at least one file or folder")
    if lang is not None:
        check_language(lang)
    meter = InputMeter()
    adding = Count("adding", "passages", share=meter.share, is_all_new=False)
    with open_index(index) as opened, progress(adding) as count:
        fields = Fields(text_field, id_field, title_field, tables or USUAL.tables)
        documents = read_documents(files, lang=lang or "und", fields=fields, meter=meter)
        summary = opened.add(
            documents, replace=replace, workers=workers, restart=restart, on_progress=count, on_read=count.read
        )
        generation = opened.info().generation
    if as_json:
        print_json({**written_json(index, summary), **left_out_json(meter.left_out), "generation": generation})
    note_left_out(meter.left_out)
    replaced = f", {summary.n_replaced_documents:,} replaced others" if summary.n_replaced_documents else ""
    skipped = f"{summary.n_skipped_documents:,} documents were there already"
    note(f'added to "{index}": {written(summary)}; {skipped}{replaced}')


def _show_estimate(recipe: "Recipe", *, as_json: bool) -> None:
    from openqa.pipeline.estimate import estimate

    with progress(Count("sampling")):
        found = estimate(recipe)
    if as_json:
        values = {name: getattr(found, name) for name in _ESTIMATED}
        print_json({"index": str(recipe.index_path), **values, **left_out_json(found.left_out)})
    note_left_out(found.left_out)
    about = "" if found.is_whole else "about "
    if found.n_passages is None or found.size_bytes is None or found.seconds is None:
        more = (
            f"more than {found.n_sampled:,} documents, {found.passages_per_document:.1f} passages each; the input does "
        )
        note(f'"{recipe.index_path}" would have {more}not tell how many there are')
        return
    note(
        f'"{recipe.index_path}" would have {about}{found.n_documents:,} documents in {about}{found.n_passages:,} '
        f"passages, about {size(found.size_bytes)}, and take about {duration(found.seconds)} with one worker"
    )


def written(summary: "WriteSummary") -> str:
    """Returns what a command has written, for people."""
    if not summary.n_passages:
        return "no new passages"
    return (
        f"{summary.n_passages:,} passages of {summary.n_documents:,} documents in {duration(summary.elapsed_s)} "
        f"({summary.passages_per_second:,.0f}/s, peak memory {size(summary.peak_memory_bytes)})"
    )


def parts_text(summary: "WriteSummary") -> str:
    """Returns the sizes of the parts that a command has written, for people."""
    return ", ".join(f"{name} {size(size_bytes)}" for name, size_bytes in sorted(summary.part_bytes.items()))


def written_json(index: Path, summary: "WriteSummary") -> dict[str, Any]:
    """Returns what a command has written, for programs."""
    return {
        "index": str(index),
        "generation": summary.generation,
        "documents": summary.n_documents,
        "passages": summary.n_passages,
        "skipped_documents": summary.n_skipped_documents,
        "replaced_documents": summary.n_replaced_documents,
        "deleted_passages": summary.n_deleted_passages,
        "seconds": round(summary.elapsed_s, 3),
        "passages_per_second": round(summary.passages_per_second, 1),
        "peak_memory_bytes": summary.peak_memory_bytes,
        "part_bytes": dict(summary.part_bytes),
    }


def note_left_out(left_out: "Sequence[LeftOut]") -> None:
    """Names what was not read: every file up to twenty, then their number."""
    for found in left_out[:_SHOWN_LEFT_OUT]:
        note(f"left out: {found.name}: {found.why}")
    if len(left_out) > _SHOWN_LEFT_OUT:
        note(f"left out: {len(left_out) - _SHOWN_LEFT_OUT:,} more; --json names them all")


def left_out_json(left_out: "Sequence[LeftOut]") -> dict[str, Any]:
    """Returns what was not read, for programs."""
    return {"left_out": [{"name": found.name, "why": found.why} for found in left_out]}


def _recipe(index: Path, files: list[Path] | None, chosen: dict[str, Any]) -> "Recipe":
    from openqa.corpus.fields import NAMES, Fields
    from openqa.pipeline.config import IndexConfig, Recipe, read_recipe

    if index.suffix == _RECIPE_SUFFIX:
        if files:
            raise typer.BadParameter(f"{index} is a recipe and names its own documents; leave FILES out")
        return read_recipe(index, chosen)
    if not files:
        raise typer.BadParameter("no documents given; name at least one file or folder, or a recipe that ends in .toml")
    named = {name: chosen.pop(key) for key, name in NAMES.items() if key in chosen}
    return Recipe(index, tuple(files), IndexConfig(**chosen), Fields(**named))
