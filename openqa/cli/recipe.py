"""`openqa recipe`: templates of recipes, filled in for a language."""

from typing import Annotated

import typer


def recipe(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of a recipe; without one they are listed.", show_default=False)
    ] = None,
    lang: Annotated[str | None, typer.Option("--lang", help='Language of the documents, such as "tr".')] = None,
) -> None:
    """Print a recipe to build from: Wikipedia, WebFAQ, question sets, your own documents.

    Keep it as indexes/NAME.toml, change what you like, and run openqa build on it.
    """
    from openqa.pipeline.recipes import recipe_names, recipe_text

    if name is None:
        for known in recipe_names():
            typer.echo(known)
        return
    typer.echo(recipe_text(name, lang or ("und" if name == OWN else "en")), nl=False)


OWN = "own-documents"
