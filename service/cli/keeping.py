"""Commands for whoever keeps an installation: backup, restore, verify-log."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import BAD_INPUT, BROKEN_RULES, AsJson, Data, print_json

if TYPE_CHECKING:
    from service.operations.audit_log import Head
    from service.settings import Settings
    from service.storage.database import Database


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file, a zip.")], data: Data = None
) -> None:
    """Write all that the service keeps to one file, while it goes on serving; keep that file as safe as the service."""
    from service.operations.backup import back_up
    from service.terminal.console import out, progress_bar

    with _or_say_why(), _database(data) as database, progress_bar() as progress:
        manifest = back_up(database, file, progress)
    out.print(f"{manifest.num_rows:,} rows of {len(manifest.tables)} tables are in {file}.", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote, from either database.")],
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Remove all that is there; without it, only an empty one is filled."),
    ] = False,
    data: Data = None,
) -> None:
    """Take a backup back, all of it or nothing, and check the audit log in it; stop the server first."""
    from service.operations.backup import restore as take_back
    from service.operations.starting import be_alone, hold_data
    from service.storage.database import Database
    from service.terminal.console import out, progress_bar

    with _or_say_why():
        settings = _settings(data)
        with hold_data(settings, alone=True), closing(Database(settings.url)) as database:
            be_alone(database)
            with progress_bar() as progress:
                manifest = take_back(database, file, replace=replace, progress=progress)
    out.print(
        f"{manifest.num_rows:,} rows of {len(manifest.tables)} tables are back, as they were at {manifest.made_at}; "
        "the audit log holds.",
        markup=False,
    )


def verify_log(
    noted: Annotated[
        Path | None,
        typer.Option(
            "--noted", metavar="FILE", help="What --json printed earlier: those entries must still be there."
        ),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Check that no entry of the audit log was changed, removed or slipped in; exit code 1 where one was."""
    from service.operations import audit_log
    from service.terminal.serving import print_broken, print_heads

    with _or_say_why(), _database(data) as database, database.reading() as connection:
        broken = audit_log.verify(connection, _noted(noted) if noted else ())
        heads = audit_log.heads(connection)
    if as_json:
        print_json({"broken": asdict(broken) if broken else None, "heads": [asdict(head) for head in heads]})
    elif broken:
        print_broken(broken)
    else:
        print_heads(heads)
    if broken:
        raise typer.Exit(BROKEN_RULES)


def _noted(path: Path) -> "list[Head]":
    from service.operations.audit_log import Head

    try:
        return [Head(**head) for head in json.loads(path.read_text(encoding="utf-8"))["heads"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected what `verify-log --json` printed, found something else."
        ) from error


def _settings(data: Path | None) -> "Settings":
    from service.settings import read_settings

    return read_settings(data)


@contextmanager
def _database(data: Path | None) -> "Iterator[Database]":
    """Give the database of an installation, as it is."""
    from service.storage.database import Database

    settings = _settings(data)
    if not settings.database_url and not settings.database_file.exists():
        raise ValueError(f"{settings.data}: expected a database, found none; `partnermatch serve` makes it.")
    with closing(Database(settings.url)) as database:
        yield database


@contextmanager
def _or_say_why() -> Iterator[None]:
    """Turn what stands in the way into a clear message and exit code 2."""
    from sqlalchemy.exc import DBAPIError

    from service.operations.backup import BackupError
    from service.operations.starting import StartError, in_one_line
    from service.terminal.console import print_error

    try:
        yield
    except (BackupError, StartError, ValueError) as error:
        print_error(str(error))
        raise typer.Exit(BAD_INPUT) from error
    except DBAPIError as error:
        print_error(f"The database cannot be used: {in_one_line(error.orig)}")
        raise typer.Exit(BAD_INPUT) from error
    except OSError as error:
        print_error(f"{error.filename or 'A file'}: {error.strerror or error}. Nothing was changed.")
        raise typer.Exit(BAD_INPUT) from error
