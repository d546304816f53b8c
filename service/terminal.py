"""What the command line shows a coordinator: bars, tables and one clear sentence where something is wrong."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from matching.audit import Audit, Finding
from matching.district import District
from matching.errors import Problem
from matching.pipeline import Matching
from matching.recommendation import Recommendation
from matching.report import headlines

MOST_LINES = 50
MOST_FINDINGS = 10
BAR_WIDTH = 24
STAGES = {
    "embedding": "Reading new texts",
    "candidates": "Comparing needs and offers",
}
PATIENCE_SECONDS = 1.0

_out = Console(highlight=False, soft_wrap=False)
_err = Console(stderr=True, highlight=False)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """Give a callback that draws a bar a stage once a second has passed; nothing where no one watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal)
    tasks: dict[str, TaskID] = {}
    begun = time.monotonic()

    def show(stage: str, done: float) -> None:
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
    if not _err.is_terminal:
        yield
        return
    with _err.status(words + " ..."):
        yield


def print_problems(problems: Sequence[Problem]) -> None:
    """Print every problem of a district's tables, the first `MOST_LINES` in full."""
    _err.print(
        f"[bold red]{len(problems)} problem{'s' if len(problems) != 1 else ''} found; nothing was changed.[/]"
    )
    for problem in problems[:MOST_LINES]:
        _err.print(f"  {escape(str(problem))}", soft_wrap=True)
    if len(problems) > MOST_LINES:
        _err.print(f"  ... and {len(problems) - MOST_LINES} more; --json lists them all.")


def print_error(message: str) -> None:
    """Print one sentence about what is wrong with the input."""
    _err.print(f"[bold red]Stopped:[/] {escape(message)}", soft_wrap=True)


def print_district(district: District) -> None:
    """Print what a checked district holds, and its warnings."""
    counts = ", ".join(f"{len(table)} {name}" for name, table in district.tables.items() if len(table))
    _out.print(f"[bold green]No problems.[/] {counts}.", soft_wrap=True)
    print_warnings(district.warnings)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print what a coordinator should know and nothing needs to stop for."""
    for warning in warnings:
        _out.print(f"  [yellow]Note:[/] {escape(warning)}", soft_wrap=True)


def print_generated(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Print what was generated and where it is."""
    counts = ", ".join(f"{len(table)} {name}" for name, table in tables.items())
    _out.print(f"Wrote {counts} to {escape(str(folder))}.", soft_wrap=True)


def print_matching(matching: Matching, report: Path) -> None:
    """Print what a coordinator wants to know first: coverage by level, best matches, most urgent gaps, the report."""
    story = headlines(matching)
    print_warnings(matching.district.warnings)
    _out.print(f"\n[bold]{escape(story.sentence)}[/]\n", soft_wrap=True)
    _out.print(_level_table(matching))
    if story.best:
        _out.print("\n[bold]Best matches[/]")
    for best in story.best:
        where = f"{best.school} ({best.need_id}, {_slots(best.slots)}): {best.partner}"
        _out.print(
            f"  {best.fit:.2f}  {escape(where)}\n        [dim]{escape(best.reason)}[/]", soft_wrap=True
        )
    if story.gaps:
        _out.print("\n[bold]Most urgent gaps[/]")
    for gap in story.gaps:
        where = f"{gap.school} ({gap.need_id}): {_slots(gap.slots_unmet)} of {gap.kind} unmet, priority {gap.priority}"
        _out.print(f"  {escape(where)}\n        [dim]{escape(gap.detail)}[/]", soft_wrap=True)
    _print_audit_line(matching.audit)
    _print_findings(matching.audit.findings[:MOST_FINDINGS])
    for need, offer, slots in matching.allocation.locks_cut.itertuples(index=False):
        _out.print(
            f"  [yellow]Forced:[/] the locked match of {need} and {offer} lost {_slots(slots)}.",
            soft_wrap=True,
        )
    if matching.allocation.stopped_by_clock:
        _out.print("[yellow]The search was stopped by the clock before its effort was spent.[/]")
    _out.print(f"\nRead the report: [bold]{escape(str(report))}[/]", soft_wrap=True)


def print_recommendation(answer: Recommendation) -> None:
    """Print the ranked offers with the parts of their fit, then the near misses with their rules."""
    _out.print(
        f"[bold]{answer.kind.capitalize()}[/] {escape(answer.need_id)}: {escape(answer.statement)}\n",
        soft_wrap=True,
    )
    if answer.offers.empty:
        _out.print("No offer breaks no rule and is about this.")
    for rank, offer in enumerate(answer.offers.to_dict("records"), start=1):
        parts = ", ".join(
            f"{name.removeprefix('fit_')} {offer[name]:.2f}"
            for name in answer.offers.columns
            if name.startswith("fit_")
        )
        free = f"{offer['slots_free']} of {_slots(offer['slots'])} free"
        _out.print(
            f"{rank:3}. [bold]{escape(offer['partner'])}[/] ({offer['offer_id']}), fit {offer['fit']:.2f}, {free}",
            soft_wrap=True,
        )
        _out.print(f"     {escape(offer['reason'])}", soft_wrap=True)
        _out.print(f"     [dim]{parts}[/]", soft_wrap=True)
    if len(answer.near_misses):
        _out.print("\n[bold]Also similar, but a rule stands in the way[/]")
    for miss in answer.near_misses.to_dict("records"):
        _out.print(
            f"  {escape(miss['partner'])} ({miss['offer_id']}): [yellow]{miss['why']}[/] ({miss['rules']})",
            soft_wrap=True,
        )


def print_audit(audit: Audit) -> None:
    """Print every broken rule, every warning and the level values."""
    _print_findings(audit.findings)
    table = Table("Level", box=None)
    for name in ("needed", "filled"):
        table.add_column(name, justify="right")
    for level in audit.levels:
        table.add_row(level.name, f"{level.needed:,}", f"{level.filled:,}")
    _out.print(table)
    _print_audit_line(audit)


def _print_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        colour = "red" if finding.is_error else "yellow"
        where = " ".join(part for part in (finding.need_id, finding.offer_id) if part)
        said = f"[{colour}]{finding.rule}[/] {escape(where)}: {escape(finding.message)}"
        _out.print(f"  {said}", soft_wrap=True)


def _print_audit_line(audit: Audit) -> None:
    errors = sum(finding.is_error for finding in audit.findings)
    warnings = len(audit.findings) - errors
    broken = f"{errors} broken rule{'s' if errors != 1 else ''}"
    verdict = "[green]Audit passed[/]" if audit.is_passed else f"[bold red]Audit: {broken}[/]"
    _out.print(f"\n{verdict}, {warnings} warning{'s' if warnings != 1 else ''}.")


def _level_table(matching: Matching) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("Level", no_wrap=True)
    table.add_column("Coverage")
    for name in ("filled", "needed", "bound"):
        table.add_column(name, justify="right")
    table.add_column("proven")
    for level in matching.allocation.levels:
        if level.needed:
            share = level.filled / level.needed
            full = round(share * BAR_WIDTH)
            bar = f"[green]{'█' * full}[/][dim]{'░' * (BAR_WIDTH - full)}[/] {share:4.0%}"
            proven = "[green]yes[/]" if level.proven else "no"
            table.add_row(
                level.name, bar, f"{level.filled:,}", f"{level.needed:,}", f"{level.bound:,}", proven
            )
    return table


def _slots(count: int) -> str:
    return f"{count:,} slot{'s' if count != 1 else ''}"
