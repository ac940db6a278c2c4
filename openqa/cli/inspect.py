"""`openqa info`, `verify` and `snapshot`: what an index is made of, whether its bytes are sound, and a copy of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openqa.cli.options import AsJson, IndexPath
from openqa.cli.output import note, print_json, size
from openqa.cli.progress import Count, progress

if TYPE_CHECKING:
    from openqa.index.folder import Damage
    from openqa.index.repair import RepairSummary


def info(index: IndexPath, as_json: AsJson = False) -> None:
    """Show what an index holds and how it was built."""
    from openqa.pipeline.index import open_index

    with open_index(index) as opened:
        found = opened.info()
    if as_json:
        print_json({**asdict(found), "path": str(found.path)})
        return
    deleted = f", {found.n_deleted_passages:,} deleted ones are still in them" if found.n_deleted_passages else ""
    lines = {
        "index": found.path,
        "passages": f"{found.n_passages:,}",
        "documents": f"{found.n_documents:,}",
        "segments": f"{found.n_segments:,}{deleted}",
        "size": size(found.size_bytes),
        "generation": f"{found.generation} (format {found.format}, {found.created_by})",
    }
    for name, part in found.parts.items():
        lines[f"part {name}"] = f"{size(part.size_bytes)}, {_pairs(part.config)}"
    lines["settings"] = _pairs(found.settings)
    if found.folders:
        lines["synced with"] = ", ".join(found.folders)
    width = max(map(len, lines)) + 2
    for label, value in lines.items():
        typer.echo(f"{label:{width}}{value}")


def verify(
    index: IndexPath,
    quick: Annotated[bool, typer.Option("--quick", help="Check sizes, and bytes only of files up to 8 MB.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Go back to the newest generation without damage, and say what is lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every byte of an index.

    Exit code 1, and the names of the files, if any is not what was committed.
    """
    from openqa.index.folder import verify_folder

    if quick and repair:
        raise typer.BadParameter("--quick and --repair exclude each other: a repair checks every byte")
    if repair:
        _repair(index, as_json=as_json)
        return
    with progress(Count("checking", "bytes")) as count:
        damages = list(verify_folder(index, "quick" if quick else "full", on_progress=count))
    if as_json:
        print_json({"index": str(index), "damaged": _damages_json(damages)})
    for damage in damages:
        note(f"{damage.file}: {damage.problem}")
    if damages:
        note(f'index "{index}" is damaged; {_advice(index, damages)}')
        raise typer.Exit(1)
    note(f'index "{index}" is sound{", as far as --quick looks" if quick else ""}')


def snapshot(
    index: IndexPath,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A new or empty folder.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Copy an index to another folder while it is searched and written.

    The copy is an index of its own. On the same disk it shares its files with the index by hard links, which takes no
    time and no space; on another disk every byte is copied and checked, which is what a backup should be.
    """
    from openqa.index.backup import copy_folder
    from openqa.index.generation import read_generation

    with progress(Count("copying", "bytes")) as count:
        number = copy_folder(index, target, on_progress=count)
    copied = read_generation(target, number)
    size_bytes = sum(entry.size_bytes for _, entry in copied.all_files())
    if as_json:
        print_json(
            {"index": str(index), "target": str(target), "generation": number, "passages": copied.n_passages}
            | {"documents": copied.n_documents, "size_bytes": size_bytes}
        )
    note(
        f'copied generation {number} of "{index}" to "{target}": {copied.n_passages:,} passages of '
        f"{copied.n_documents:,} documents, {size(size_bytes)}"
    )


def _repair(index: Path, *, as_json: bool) -> None:
    from openqa.index.repair import repair_folder

    with progress(Count("checking", "bytes")) as count:
        summary = repair_folder(index, on_progress=count)
    if as_json:
        print_json({"index": str(index), "damaged": _damages_json(summary.damages), **_repair_json(summary)})
    for damage in summary.damages:
        note(f"{damage.file}: {damage.problem}")
    if not summary.dropped:
        note(f'index "{index}" is sound; nothing was changed')
        return
    note(
        f'index "{index}" is back at what generation {summary.restored} held, as generation {summary.generation}; '
        f"dropped: generation {', '.join(map(str, summary.dropped))}\n"
        f"passages {summary.n_passages_before:,} before, {summary.n_passages:,} now; "
        f"documents {summary.n_documents_before:,} before, {summary.n_documents:,} now"
    )
    if any(damage.file.name.startswith("generation-") for damage in summary.damages):
        note("what a damaged generation file held is not known, so it is not among these numbers")
    note("run again what was added, replaced or deleted since then")


def _repair_json(summary: "RepairSummary") -> dict[str, Any]:
    return {
        "generation": summary.generation,
        "restored": summary.restored,
        "dropped": list(summary.dropped),
        "documents_before": summary.n_documents_before,
        "passages_before": summary.n_passages_before,
        "documents": summary.n_documents,
        "passages": summary.n_passages,
    }


def _damages_json(damages: "Sequence[Damage]") -> list[dict[str, str]]:
    return [{"file": str(damage.file), "problem": damage.problem} for damage in damages]


def _advice(index: Path, damages: "Sequence[Damage]") -> str:
    from openqa.index.repair import rebuildable_parts

    parts = rebuildable_parts(index, damages)
    if parts:
        commands = " and ".join(f"openqa parts {index} rebuild {part}" for part in parts)
        return f"its passages are not, so run {commands}"
    return (
        f"restore these files from a copy, go back to the newest generation without damage "
        f"(openqa verify {index} --repair), or build the index again"
    )


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
    )
