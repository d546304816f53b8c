"""The command line `partnermatch`, a command a function."""

import sys
import traceback
from typing import Annotated

import typer

from service.cli.asking import alternates, what_if, why_not
from service.cli.hsds import from_hsds, to_hsds
from service.cli.keeping import backup, restore, verify_log
from service.cli.matching import audit, match
from service.cli.options import INTERNAL_ERROR
from service.cli.people import token
from service.cli.recommending import recommend
from service.cli.recruiting import recruit
from service.cli.rematching import rematch
from service.cli.serving import serve
from service.cli.tables import check, generate, tables

app = typer.Typer(
    name="partnermatch",
    help="Match what schools need with what community partners offer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    check,
    match,
    rematch,
    recommend,
    recruit,
    what_if,
    why_not,
    alternates,
    audit,
    generate,
    from_hsds,
    to_hsds,
    tables,
    serve,
    token,
    backup,
    restore,
    verify_log,
):
    app.command()(command)


def main() -> None:
    """Run the command line; an error nobody foresaw ends with code 3 and its trace."""
    try:
        app()
    except Exception:
        traceback.print_exc()
        typer.echo("partnermatch: a fault of the program, not of your data; nothing was written.", err=True)
        sys.exit(INTERNAL_ERROR)


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(version("partnermatch"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Match what schools need with what community partners offer."""
