"""What a coordinator is shown of a plan for mid-year."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from matching.changes import Change
from matching.rematching import Rematching, knee
from matching.standing import Cause
from service.terminal.console import out, print_warnings, slots_said
from service.terminal.matching import print_audit_line, print_levels

MOST_CHANGES = 15
WORDS = {
    Change.KEPT: "go on as they are",
    Change.ENLARGED: "grow",
    Change.NEW: "begin",
    Change.REDUCED: "shrink",
    Change.ENDED: "end",
}


def print_rematch(points: Sequence[Rematching], report: Path) -> None:
    """Print the levels of the last plan, what becomes of running matches, what ends and why, and the curve."""
    last = points[-1]
    print_warnings(last.matching.district.warnings)
    print_levels(last.matching)
    counts = last.changes["change"].value_counts()
    said = [f"{counts[change]} {words}" for change, words in WORDS.items() if counts.get(change)]
    out.print(f"\n[bold]Matches:[/] {', '.join(said) or 'none run and none are planned'}.", soft_wrap=True)
    forced = int(last.changes["forced"].sum())
    out.print(
        f"{slots_said(last.moves)} moved by the plan, {slots_said(forced)} lost to what happened.",
        soft_wrap=True,
    )
    _print_losses(last)
    if len(points) > 1:
        _print_curve(points)
    print_audit_line(last.matching.audit)
    out.print(f"\nRead the report: [bold]{escape(str(report))}[/]", soft_wrap=True)


def _print_losses(plan: Rematching) -> None:
    lost = plan.changes[plan.changes["change"].isin([Change.ENDED, Change.REDUCED])]
    order = {level.name: rank for rank, level in enumerate(plan.matching.allocation.levels)}
    lost = lost.assign(is_proposed=lost["cause"] == Cause.BETTER_USE, rank=lost["level"].map(order))
    lost = lost.sort_values(["is_proposed", "rank"], kind="stable")
    if len(lost):
        out.print("\n[bold]Calls to make first[/]")
    for row in lost.head(MOST_CHANGES).itertuples():
        out.print(
            f"  {row.need_id} and {row.offer_id}: {row.before} to {row.after}. [dim]{escape(str(row.reason))}[/]",
            soft_wrap=True,
        )
    if len(lost) > MOST_CHANGES:
        out.print(f"  ... and {len(lost) - MOST_CHANGES} more in changes.csv.")


def _print_curve(points: Sequence[Rematching]) -> None:
    table = Table(title="What each number of moves reaches", title_justify="left", box=None, pad_edge=False)
    levels = [level.name for level in points[0].matching.allocation.levels]
    short = [f"{name[0]}{name[-1]}" for name in levels]
    for name in ("at most", "moves", *short, "all"):
        table.add_column(name, justify="right")
    best = knee(points)
    for index, point in enumerate(points):
        mark = "*" if index == best else ""
        cells = [f"{cell:,}" for cell in (*point.filled, sum(point.filled))]
        table.add_row(
            f"{mark}{point.max_moves:,}", f"{point.moves:,}", *cells, style="bold" if mark else None
        )
    out.print()
    out.print(table)
    out.print("[dim]m1 to o5: mentoring-1 to other-5. * and bold: where more moves begin to bring less.[/]")
