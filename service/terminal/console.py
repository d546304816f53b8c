"""What the command line shows: progress, and one clear sentence where something is wrong."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from matching.errors import Problem

MOST_LINES = 50
STAGES = {
    "embedding": "Reading new texts",
    "candidates": "Comparing needs and offers",
}
PATIENCE_SECONDS = 1.0

# Without emoji: what a district writes, such as ":x:", stays as it is written.
out = Console(highlight=False, soft_wrap=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


@contextmanager
def progress_bar() -> Iterator[Callable[..., None]]:
    """Give a callback that draws a bar a stage once a second has passed; nothing where no one watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
    tasks: dict[str, TaskID] = {}
    begun = time.monotonic()

    def show(stage: str, done: float, *_levels: object) -> None:
        if time.monotonic() - begun < PATIENCE_SECONDS:
            return
        if not bars.live.is_started:
            bars.start()
        if stage not in tasks:
            tasks[stage] = bars.add_task(STAGES.get(stage, stage.capitalize()), total=1.0)
        bars.update(tasks[stage], completed=done)

    try:
        yield show
    finally:
        bars.stop()


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Show that something is under way where someone watches."""
    if not err.is_terminal:
        yield
        return
    with err.status(words + " ..."):
        yield


def print_problems(problems: Sequence[Problem]) -> None:
    """Print every problem of a district's tables, the first `MOST_LINES` in full."""
    err.print(
        f"[bold red]{len(problems)} problem{'s' if len(problems) != 1 else ''} found; nothing was changed.[/]"
    )
    for problem in problems[:MOST_LINES]:
        err.print(f"  {escape(str(problem))}", soft_wrap=True)
    if len(problems) > MOST_LINES:
        err.print(f"  ... and {len(problems) - MOST_LINES} more; --json lists them all.")


def print_error(message: str) -> None:
    """Print one sentence about what is wrong with the input."""
    err.print(f"[bold red]Stopped:[/] {escape(message)}", soft_wrap=True)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print what a coordinator should know and nothing needs to stop for."""
    for warning in warnings:
        out.print(f"  [yellow]Note:[/] {escape(warning)}", soft_wrap=True)


def slots_said(count: int) -> str:
    """Return a number of slots in words."""
    return f"{count:,} slot{'s' if count != 1 else ''}"
