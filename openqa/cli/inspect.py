"""`openqa info` and `openqa verify`: what an index is made of, and whether its bytes are sound."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from openqa.cli.options import AsJson, IndexPath
from openqa.cli.output import note, print_json, size


def info(index: IndexPath, as_json: AsJson = False) -> None:
    """Show what an index holds and how it was built."""
    from openqa.pipeline.index import open_index

    with open_index(index) as opened:
        found = opened.info()
    if as_json:
        print_json({**asdict(found), "path": str(found.path)})
        return
    lines = {
        "index": found.path,
        "passages": f"{found.n_passages:,}",
        "documents": f"{found.n_documents:,}",
        "segments": f"{found.n_segments:,}",
        "size": size(found.size_bytes),
        "generation": f"{found.generation} (format {found.format}, {found.created_by})",
    }
    for name, part in found.parts.items():
        lines[f"part {name}"] = f"{size(part.size_bytes)}, {_pairs(part.config)}"
    lines["settings"] = _pairs(found.settings)
    width = max(map(len, lines)) + 2
    for label, value in lines.items():
        typer.echo(f"{label:{width}}{value}")


def verify(
    index: IndexPath,
    quick: Annotated[bool, typer.Option("--quick", help="Check sizes, and bytes only of files up to 8 MB.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check every byte of an index.

    Exit code 1, and the names of the files, if any is not what was committed.
    """
    from openqa.index.folder import verify_folder

    damages = list(verify_folder(index, "quick" if quick else "full"))
    if as_json:
        print_json({"index": str(index), "damaged": [{"file": str(d.file), "problem": d.problem} for d in damages]})
    for damage in damages:
        note(f"{damage.file}: {damage.problem}")
    if damages:
        note(f'index "{index}" is damaged; restore these files from a copy, or build the index again')
        raise typer.Exit(1)
    note(f'index "{index}" is sound')


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
    )
