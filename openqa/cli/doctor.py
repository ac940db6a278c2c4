"""`openqa doctor`: versions, extras, models, and a small test of everything."""

from dataclasses import asdict

import typer

from openqa.cli.options import AsJson
from openqa.cli.output import note, print_json


def doctor(as_json: AsJson = False) -> None:
    """Show what is installed, and test it.

    Exit code 1 if something is broken; an extra that is not installed is no fault.
    """
    from openqa.pipeline.health import checks

    n_broken = 0
    for check in checks():
        n_broken += not check.is_ok
        if as_json:
            print_json(asdict(check))
        else:
            typer.echo(f"{'ok    ' if check.is_ok else 'BROKEN'}  {check.name:18} {check.found}")
    if n_broken:
        note(f"{n_broken} checks failed; see the lines marked BROKEN")
        raise typer.Exit(1)
