"""`openqa delete`, `sync`, `merge` and `parts`: what changes an index that stands."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openqa.cli.build import left_out_json, note_left_out, written, written_json
from openqa.cli.options import AsJson, DocumentLang, IdField, IndexPath, Restart, Tables, TextField, TitleField, Workers
from openqa.cli.output import note, one_line, print_json
from openqa.cli.progress import Count, progress

if TYPE_CHECKING:
    from openqa.pipeline.sync import SyncSummary

_ACTIONS = ("add", "rebuild", "drop")


def delete(
    index: IndexPath,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Ids of documents; - reads them from standard input, one a line."),
    ] = None,
    ids_file: Annotated[
        Path | None, typer.Option("--ids", help="A file of more ids, one a line; may end in .gz.", show_default=False)
    ] = None,
    passages: Annotated[bool, typer.Option("--passages", help="The ids are those of single passages.")] = False,
    missing_ok: Annotated[
        bool, typer.Option("--missing-ok", help="Pass over ids that the index does not have.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete documents, or single passages, from an index.

    All are deleted, or none on any error. They are found no more at once; their space is freed when segments are
    merged, by itself or by openqa merge.
    """
    from openqa.pipeline.index import open_index

    names = list(_ids(ids or [], ids_file))
    if not names:
        raise typer.BadParameter("no ids given; name at least one, a file with --ids FILE, or - for standard input")
    with open_index(index) as opened, progress(Count("deleting")):
        summary = opened.delete(**{"passages" if passages else "documents": names}, missing_ok=missing_ok)
        generation = opened.info().generation
    if as_json:
        print_json(
            {
                "index": str(index),
                "generation": generation,
                "documents": summary.n_documents,
                "passages": summary.n_passages,
                "missing": summary.n_missing,
            }
        )
    missing = f"; {summary.n_missing:,} ids were not there" if summary.n_missing else ""
    note(f'deleted from "{index}": {summary.n_passages:,} passages, {summary.n_documents:,} whole documents{missing}')


def sync(
    index: IndexPath,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of documents.", show_default=False)],
    lang: DocumentLang = None,
    text_field: TextField = None,
    id_field: IdField = None,
    title_field: TitleField = None,
    tables: Tables = None,
    workers: Workers = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring an index up to what a folder of documents holds, as for a nightly run.

    Adds new files, replaces what has changed and deletes what was removed since the last sync of that folder, all at
    once or nothing on any error. Files with the same bytes as then are not parsed again. Files that cannot be read are
    named, and keep what was read of them before.
    """
    from openqa.corpus.fields import USUAL, Fields
    from openqa.pipeline.index import open_index

    with open_index(index) as opened, progress(Count("syncing", "passages", is_all_new=False)) as count:
        summary = opened.sync(
            folder,
            lang=lang or "und",
            fields=Fields(text_field, id_field, title_field, tables or USUAL.tables),
            dry_run=dry_run,
            workers=workers,
            on_progress=count,
            on_read=count.read,
        )
        generation = opened.info().generation
    if as_json:
        _print_sync_json(index, folder, summary, generation, is_dry_run=dry_run)
    elif dry_run:
        _print_files(summary)
    note_left_out(summary.left_out)
    note(_sync_text(index, folder, summary, is_dry_run=dry_run))


def merge(
    index: IndexPath,
    everything: Annotated[
        bool, typer.Option("--all", help="Into as few segments as can be; frees all that is deleted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Merge segments of an index, which makes search faster and frees the space of what is deleted.

    Rankings stay what they are. Without --all, segments are merged where it is time, as add and delete do.
    """
    from openqa.pipeline.index import open_index

    with open_index(index) as opened, progress(Count("merging", "passages")) as count:
        summary = opened.merge(everything, on_progress=count)
    if as_json:
        print_json(
            {
                "index": str(index),
                "generation": summary.generation,
                "merged_segments": summary.n_merged_segments,
                "new_segments": summary.n_new_segments,
                "segments": summary.n_segments,
            }
        )
    done = f"{summary.n_merged_segments:,} segments into {summary.n_new_segments:,}; it now has {summary.n_segments:,}"
    nothing = f"nothing to merge; it has {summary.n_segments:,} segments"
    note(f'"{index}": {f"merged {done}" if summary.n_merged_segments else nothing}')


def parts(
    index: IndexPath,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="add, rebuild or drop.", show_default=False)],
    part: Annotated[str, typer.Argument(metavar="PART", help="bm25 or dense.", show_default=False)],
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Another encoder for dense.  [default: the one of the index]")
    ] = None,
    workers: Workers = 1,
    restart: Restart = False,
    as_json: AsJson = False,
) -> None:
    """Add a part to an index, rebuild or drop one, from the stored passages and without the corpus.

    Rebuild a part when it is damaged, or when a new release has another encoder or analyzer. Searches go on meanwhile.
    """
    from openqa.errors import unknown_name
    from openqa.index.generation import newest_generation
    from openqa.pipeline.writing import remove_part, write_part

    if action not in _ACTIONS:
        raise unknown_name("action", action, _ACTIONS)
    if action == "drop":
        if encoder is not None:
            raise typer.BadParameter("--encoder is for add and rebuild; leave it out to drop a part")
        generation = remove_part(index, part)
    else:
        n_passages = sum(segment.n_passages for segment in newest_generation(index)[0].segments)
        with progress(Count(f"writing {part}", "passages", n_passages)) as count:
            generation = write_part(
                index,
                part,
                encoder,
                is_there=action == "rebuild",
                workers=workers,
                restart=restart,
                on_progress=count,
            )
    now = newest_generation(index)[0]
    size_bytes = {name: sum(segment.part_bytes(name) for segment in now.segments) for name in sorted(now.parts)}
    if as_json:
        print_json({"index": str(index), "generation": generation, "part_bytes": size_bytes})
    note(f'"{index}" now has parts {", ".join(size_bytes)} (generation {generation})')


def _ids(given: Sequence[str], file: Path | None) -> Iterator[str]:
    """Yields the ids of the command line, of standard input where - stands, and of a file."""
    from openqa.files import STDIN, read_lines

    for name in given:
        if name == str(STDIN):
            yield from (line for _, line in read_lines(STDIN))
        else:
            yield name
    if file is not None:
        yield from (line for _, line in read_lines(file))


def _print_sync_json(index: Path, folder: Path, summary: "SyncSummary", generation: int, *, is_dry_run: bool) -> None:
    files = {"added": summary.added, "changed": summary.changed, "removed": summary.removed}
    record = {
        "index": str(index),
        "folder": str(folder),
        "dry_run": is_dry_run,
        **{f"{name}_files": len(paths) for name, paths in files.items()},
        "unchanged_files": summary.n_unchanged,
        "read_documents": summary.n_read_documents,
        "removed_documents": summary.n_removed_documents,
        **left_out_json(summary.left_out),
    }
    if is_dry_run:
        record["files"] = files
    if summary.written:
        record |= written_json(index, summary.written)
    print_json({**record, "generation": generation})


def _print_files(summary: "SyncSummary") -> None:
    for what in ("added", "changed", "removed"):
        for path in getattr(summary, what):
            typer.echo(f"{what:8} {one_line(path)}")


def _sync_text(index: Path, folder: Path, summary: "SyncSummary", *, is_dry_run: bool) -> str:
    files = (
        f"{len(summary.added):,} files added, {len(summary.changed):,} changed, {len(summary.removed):,} removed, "
        f"{summary.n_unchanged:,} unchanged"
    )
    documents = f"{summary.n_read_documents:,} documents to read, {summary.n_removed_documents:,} to remove"
    if is_dry_run:
        return f'"{folder}": {files}; {documents}; nothing was done (--dry-run)'
    if summary.written is None:
        return f'"{index}" is up to date with "{folder}": {files}'
    return (
        f'synced "{index}" with "{folder}": {files}; {written(summary.written)}; '
        f"{summary.written.n_skipped_documents:,} documents were there already, "
        f"{summary.written.n_replaced_documents:,} replaced others, {summary.n_removed_documents:,} removed"
    )
