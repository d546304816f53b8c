"""The command that serves."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import BAD_INPUT, Data

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

    from service.settings import Settings

# How long requests may take to finish when the server is told to stop.
_SECONDS_TO_FINISH = 15


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; 0.0.0.0: all of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0: any free one.")] = 8000,
    data: Data = None,
) -> None:
    """Serve the API and the pages; the first time, with a demonstration district and a link to become its admin."""
    from service.terminal.console import print_error, waiting

    with waiting("Starting"):
        from service.operations.starting import StartError, hold_data, open_port
        from service.settings import read_settings

    try:
        settings = read_settings(data, host)
        with open_port(host, port) as listener, hold_data(settings):
            _serve(settings, listener, host)
    except (StartError, ValueError) as error:
        print_error(str(error))
        raise typer.Exit(BAD_INPUT) from error


def _serve(settings: "Settings", listener: "socket.socket", host: str) -> None:
    from service.operations.logs import configure_logs
    from service.operations.starting import load_demo, open_database
    from service.people.invitations import first_admin_link
    from service.runs.executors import check_cluster
    from service.terminal.console import waiting
    from service.terminal.serving import print_address, print_admin_link

    configure_logs(settings.log_level)
    check_cluster(settings)
    with waiting("Preparing the database"):
        database = open_database(settings)
        if settings.demo:
            load_demo(database)
    address = settings.public_url or _address(host, listener)
    with waiting("Loading the application"):
        from service.app import create_app

        app = create_app(settings, database)
    link = first_admin_link(database, address)

    def tell() -> None:
        print_address(address)
        if link:
            print_admin_link(link)

    _answer(app, listener, tell)


def _answer(app: "FastAPI", listener: "socket.socket", tell: Callable[[], None]) -> None:
    """Tell that requests are answered, and do so until told to stop; those at hand are finished first."""
    import signal

    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        lifespan="on",
    )
    server = uvicorn.Server(config)

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    # The server raises the signal that stopped it once more when it has stopped; that is a good end, not a death.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    tell()
    server.run(sockets=[listener])


def _address(host: str, listener: "socket.socket") -> str:
    """Return the address to open in a browser on this machine."""
    name = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"
