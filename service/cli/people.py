"""The command on tokens: token."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import Data, bad_input
from service.people.principal import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection


def token(
    role: Annotated[
        Role | None, typer.Option("--role", help="Make a token: what the program is in the district.")
    ] = None,
    district: Annotated[
        str | None,
        typer.Option("--district", metavar="KEY", help="The district it is for; the only one if left out."),
    ] = None,
    data: Data = None,
    of: Annotated[
        str, typer.Option("--of", metavar="ID", help="A leader's school_id, or a partner's partner_id.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="What it is listed as.")] = "command line",
    days: Annotated[int, typer.Option("--days", metavar="N", help="How long it lasts, a year at most.")] = 90,
    read_only: Annotated[bool, typer.Option("--read-only", help="Let it read, and change nothing.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the district's tokens.")] = False,
    revoke: Annotated[
        int | None, typer.Option("--revoke", metavar="NUMBER", help="End a token of that list at once.")
    ] = None,
) -> None:
    """Print a token with which a program asks the service, once; or list and revoke those there are."""
    if [role is not None, list_all, revoke is not None].count(True) != 1:
        raise typer.BadParameter("expected one of --role ROLE, --list and --revoke NUMBER.")
    with bad_input(), _installation(data) as connection:
        from service.people import tokens
        from service.terminal.people import print_issued, print_revoked, print_tokens

        district_id = _district_id(connection, district)
        if role is not None:
            grant = tokens.Grant(name, role, of, may_write=not read_only, days=days)
            number, secret = tokens.issue(connection, district_id, grant)
            _record(connection, district_id, "created", number)
        elif revoke is not None:
            tokens.revoke(connection, district_id, revoke)
            _record(connection, district_id, "revoked", revoke)
        listed = tokens.list_tokens(connection, district_id)
    # Told once it is kept.
    if role is not None:
        typer.echo(secret)
        print_issued(next(token for token in listed if token.id == number))
    elif revoke is not None:
        print_revoked(revoke)
    else:
        print_tokens(listed)


@contextmanager
def _installation(data: Path | None) -> "Iterator[Connection]":
    """Give a write transaction on the database that `serve` made."""
    from service.operations.starting import StartError, hold_data, open_database
    from service.settings import read_settings

    settings = read_settings(data)
    if not settings.database_url and not settings.database_file.exists():
        raise ValueError(f"{settings.data}: expected a database, found none; `partnermatch serve` makes it.")
    try:
        with (
            hold_data(settings),
            closing(open_database(settings)) as database,
            database.writing() as connection,
        ):
            yield connection
    except StartError as error:
        raise ValueError(str(error)) from error


def _district_id(connection: "Connection", key: str | None) -> int:
    from sqlalchemy import select

    from service.storage.tables import districts

    found = connection.execute(select(districts.c.key, districts.c.id).order_by(districts.c.key)).all()
    ids = {row.key: int(row.id) for row in found}
    if key is None and len(ids) == 1:
        return next(iter(ids.values()))
    if key not in ids:
        raise ValueError(f"--district: expected one of {', '.join(ids) or 'none yet'}, got {key or 'none'}.")
    return ids[key]


def _record(connection: "Connection", district_id: int, action: str, number: int) -> None:
    from service.operations import audit_log

    # Whoever can run this has the whole database: there is no one to name.
    thing = ("tokens", str(number))
    audit_log.append(connection, district_id, actor="command line", action=action, thing=thing)
