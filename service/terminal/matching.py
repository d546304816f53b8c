"""What a coordinator is shown of a whole allocation: coverage, best matches, gaps, broken rules."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from matching.audit import Audit, Finding
from matching.pipeline import Matching
from matching.report import headlines
from service.terminal.console import out, print_warnings, slots_said

MOST_FINDINGS = 10
BAR_WIDTH = 24


def print_matching(matching: Matching, report: Path) -> None:
    """Print what a coordinator wants to know first: coverage by level, best matches, most urgent gaps, the report."""
    story = headlines(matching)
    print_warnings(matching.district.warnings)
    out.print(f"\n[bold]{escape(story.sentence)}[/]\n", soft_wrap=True)
    print_levels(matching)
    if story.best:
        out.print("\n[bold]Best matches[/]")
    for best in story.best:
        where = f"{best.school} ({best.need_id}, {slots_said(best.slots)}): {best.partner}"
        out.print(f"  {best.fit:.2f}  {escape(where)}\n        [dim]{escape(best.reason)}[/]", soft_wrap=True)
    if story.gaps:
        out.print("\n[bold]Most urgent gaps[/]")
    for gap in story.gaps:
        unmet = f"{slots_said(gap.slots_unmet)} of {gap.kind} unmet, priority {gap.priority}"
        where = f"{gap.school} ({gap.need_id}): {unmet}"
        out.print(f"  {escape(where)}\n        [dim]{escape(gap.detail)}[/]", soft_wrap=True)
    print_audit_line(matching.audit)
    _print_findings(matching.audit.findings[:MOST_FINDINGS])
    for need, offer, slots in matching.allocation.locks_cut.itertuples(index=False):
        out.print(
            f"  [yellow]Forced:[/] the locked match of {need} and {offer} lost {slots_said(slots)}.",
            soft_wrap=True,
        )
    if matching.allocation.stopped_by_clock:
        out.print("[yellow]The search was stopped by the clock before its effort was spent.[/]")
    out.print(f"\nRead the report: [bold]{escape(str(report))}[/]", soft_wrap=True)


def print_audit(audit: Audit) -> None:
    """Print every broken rule, every warning and the level values."""
    _print_findings(audit.findings)
    table = Table("Level", box=None)
    for name in ("needed", "filled"):
        table.add_column(name, justify="right")
    for level in audit.levels:
        table.add_row(level.name, f"{level.needed:,}", f"{level.filled:,}")
    out.print(table)
    print_audit_line(audit)


def _print_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        colour = "red" if finding.is_error else "yellow"
        where = " ".join(part for part in (finding.need_id, finding.offer_id) if part)
        said = f"[{colour}]{finding.rule}[/] {escape(where)}: {escape(finding.message)}"
        out.print(f"  {said}", soft_wrap=True)


def print_audit_line(audit: Audit) -> None:
    """Print whether the audit passed, and how many warnings it has."""
    errors = sum(finding.is_error for finding in audit.findings)
    warnings = len(audit.findings) - errors
    broken = f"{errors} broken rule{'s' if errors != 1 else ''}"
    verdict = "[green]Audit passed[/]" if audit.is_passed else f"[bold red]Audit: {broken}[/]"
    out.print(f"\n{verdict}, {warnings} warning{'s' if warnings != 1 else ''}.")


def print_levels(matching: Matching) -> None:
    """Print a row a level: coverage as a bar, slots, bound, whether it is proven."""
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
    out.print(table)
