"""What is shown of tokens; a token itself goes to standard output alone, all else beside it."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from service.people.tokens import Token
from service.terminal.console import err, out


def print_issued(token: Token) -> None:
    """Tell what a token is that was printed."""
    what = escape(f"{token.role} {token.of}".strip())
    does = "reads and changes" if token.may_write else "reads"
    err.print(
        f"Token {token.id}: {what}, {does}, until {token.expires_at:%Y-%m-%d}. Keep it now, it is not shown again. "
        "Send it as [bold]Authorization: Bearer TOKEN[/].",
        soft_wrap=True,
    )


def print_revoked(number: int) -> None:
    """Tell that a token lets nobody in any more."""
    err.print(f"Token {number} lets nobody in any more.")


def print_tokens(tokens: Sequence[Token]) -> None:
    """Print all tokens of a district, a line each."""
    table = Table("Number", "Name", "Role", "Of", "Changes", "Until", box=None, header_style="bold")
    for token in tokens:
        until = "revoked" if token.revoked_at else f"{token.expires_at:%Y-%m-%d}"
        until += "" if token.is_valid or token.revoked_at else ", over"
        changes = "yes" if token.may_write else "no"
        table.add_row(str(token.id), escape(token.name), token.role, escape(token.of), changes, until)
    out.print(table if tokens else "No tokens.")
