"""What the server and whoever keeps it are told in the terminal."""

from collections.abc import Sequence

from rich.markup import escape

from service.operations.audit_log import INSTALLATION, Break, Head
from service.terminal.console import err, out


def print_address(address: str) -> None:
    """Print where the service is to be found."""
    out.print(f"Partnermatch answers at [bold]{escape(address)}[/]; Ctrl-C stops it.", soft_wrap=True)


def print_admin_link(link: str) -> None:
    """Print the link by which the first admin is made."""
    out.print("Nobody can sign in yet. Open this link, once, to become the admin:", soft_wrap=True)
    out.print(f"  {escape(link)}", soft_wrap=True)


def print_heads(heads: Sequence[Head]) -> None:
    """Print that the audit log holds, and the last entry of each chain."""
    entries = sum(head.number for head in heads)
    out.print(
        f"The audit log holds: {entries:,} entries in {len(heads)} chains, whose last ones are",
        soft_wrap=True,
    )
    for head in heads:
        out.print(f"  {_chain(head.chain)}: entry {head.number:,}, {head.sha256}", soft_wrap=True)


def print_broken(broken: Break) -> None:
    """Print the first place where the audit log is broken."""
    err.print(
        f"[bold red]The audit log is broken[/] at entry {broken.number:,} of {_chain(broken.chain)}: {broken.why}.",
        soft_wrap=True,
    )


def _chain(number: int) -> str:
    return "the installation" if number == INSTALLATION else f"district {number}"
