"""The application: its commands, and how an error of the library ends one."""

import errno
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from openqa.cli.ask import ask, search
from openqa.cli.build import add, build
from openqa.cli.change import delete, merge, parts, sync
from openqa.cli.demo import demo
from openqa.cli.doctor import doctor
from openqa.cli.evaluate import evaluate
from openqa.cli.generate import generate
from openqa.cli.inspect import info, snapshot, verify
from openqa.cli.options import example
from openqa.cli.output import note
from openqa.cli.recipe import recipe
from openqa.cli.train import train
from openqa.errors import OpenQAError


class Commands(TyperGroup):
    """Ends a command that raises an OpenQAError, or an error of the system, with its message and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command of a context."""
        try:
            return super().invoke(ctx)
        except OpenQAError as error:
            note(str(error))
            raise typer.Exit(1) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            note(str(error))
            raise typer.Exit(1) from error

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order in which a newcomer needs them."""
        return list(self.commands)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command(epilog=example("openqa demo"))(demo)
app.command(epilog=example("openqa build indexes/mine documents/ --lang tr"))(build)
app.command(epilog=example("openqa recipe wikipedia --lang tr > indexes/wikipedia-tr.toml"))(recipe)
app.command(epilog=example("openqa add indexes/mine more.jsonl"))(add)
app.command(epilog=example('openqa search indexes/mine "Who discovered penicillin?" -k 5'))(search)
app.command(epilog=example('openqa ask indexes/mine "Who discovered penicillin?"'))(ask)
app.command(epilog=example("openqa info indexes/mine"))(info)
app.command(epilog=example("openqa delete indexes/mine tr sw"))(delete)
app.command(epilog=example("openqa sync indexes/mine documents/ --dry-run"))(sync)
app.command(epilog=example("openqa merge indexes/mine --all"))(merge)
app.command(epilog=example("openqa parts indexes/mine add dense"))(parts)
app.command(epilog=example("openqa verify indexes/mine"))(verify)
app.command(epilog=example("openqa snapshot indexes/mine backups/monday"))(snapshot)
app.add_typer(evaluate, name="evaluate")
app.add_typer(train, name="train")
app.add_typer(generate, name="generate")
app.command(epilog=example("openqa doctor"))(doctor)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from openqa import __version__

        typer.echo(f"openqa {__version__}")
        raise typer.Exit


@app.callback(epilog=example("openqa demo"))
def openqa(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Ask documents in one language a question in another, and get cited answers."""
