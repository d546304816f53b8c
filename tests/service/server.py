"""A real server in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

_COMMAND = (sys.executable, "-c", "from service.cli import main; main()")


class Server:
    """`partnermatch serve` on a free port; ends with its block.

    Parameters
    ----------
    data
        Its data folder; its logs are kept there.
    settings
        Further settings, without their prefix.
    """

    def __init__(self, data: Path, **settings: str):
        self.data = data
        data.mkdir(exist_ok=True)
        environment = {f"PARTNERMATCH_{name.upper()}": value for name, value in settings.items()}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*_COMMAND, "serve", "--port", "0", "--data", str(data)],
                env={**os.environ, "PARTNERMATCH_MODEL": "words", "COLUMNS": "200", **environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        said = self.process.stdout.readline()
        assert said.startswith("Partnermatch answers at "), self.log.read_text()
        self.address = said.split()[3].rstrip(";")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        if self.process.stdout:
            self.process.stdout.close()

    @property
    def log(self) -> Path:
        """Where the server's log is written to."""
        return self.data / "server.log"

    def client(self, **headers: str) -> httpx.Client:
        """Return a client of this server."""
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, trust_env=False)

    def stop(self) -> int:
        """Stop the server politely and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """Kill the server without a chance to tidy up."""
        self.process.kill()
        self.process.wait(60)
