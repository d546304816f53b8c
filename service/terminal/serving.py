"""What the server says in the terminal."""

from rich.markup import escape

from service.terminal.console import out


def print_address(address: str) -> None:
    """Print where the service is to be found."""
    out.print(f"Partnermatch answers at [bold]{escape(address)}[/]; Ctrl-C stops it.", soft_wrap=True)


def print_admin_link(link: str) -> None:
    """Print the link by which the first admin is made."""
    out.print("Nobody can sign in yet. Open this link, once, to become the admin:", soft_wrap=True)
    out.print(f"  {escape(link)}", soft_wrap=True)
