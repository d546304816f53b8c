"""Answers to questions about a plan, as a coordinator reads them."""

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd
from rich.markup import escape
from rich.table import Table

from matching.consequences import Consequence
from matching.district import District
from matching.fit import MILLION
from matching.objections import Objection
from matching.replacements import Replacement
from service.terminal.console import out, slots_said

MOST_MOVES = 20


def print_consequence(found: Consequence) -> None:
    """Print the sentence, the levels that change, and the matches that move."""
    out.print(f"[bold]{escape(found.sentence)}[/]", soft_wrap=True)
    _print_levels(found.levels)
    _print_moves(found.moves)
    for said in _lines_said(found):
        out.print(said, soft_wrap=True)
    if not found.is_proven and (found.levels["after"] < found.levels["before"]).any():
        out.print(
            "\nThis is the best found near the plan as it is; matching anew may lose less.", soft_wrap=True
        )


def print_objection(district: District, found: Objection) -> None:
    """Print why a need does not get an offer, what would bring it in, and what forcing it would do."""
    out.print(f"[bold]Why does {escape(_named(district, found))}[/]\n", soft_wrap=True)
    out.print(escape(found.why), soft_wrap=True)
    out.print(f"\n[bold]What would bring it in:[/] {escape(found.change)}", soft_wrap=True)
    if found.consequence is not None and not found.consequence.moves.empty:
        allowed = " (were the pair allowed)" if found.rules else ""
        out.print(f"\n[bold]If it came{allowed}[/]")
        _print_moves(found.consequence.moves)


def print_replacements(found: Sequence[Replacement]) -> None:
    """Print the replacements, best first, each with what it would cost."""
    if not found:
        out.print("No other offer or need can take the place of this match.")
    for rank, one in enumerate(found, start=1):
        who = f"{one.partner} ({one.offer_id}) for {one.school} ({one.need_id})"
        out.print(
            f"{rank:3}. [bold]{escape(who)}[/], {slots_said(one.slots)}, fit {one.fit:.2f}", soft_wrap=True
        )
        out.print(f"     {escape(one.consequence.sentence)}", soft_wrap=True)


def _named(district: District, found: Objection) -> str:
    need = district.needs.loc[district.needs["need_id"] == found.need_id].iloc[0]
    offer = district.offers.loc[district.offers["offer_id"] == found.offer_id].iloc[0]
    school = district.schools.loc[district.schools["school_id"] == need["school_id"], "name"].iloc[0]
    partner = district.partners.loc[district.partners["partner_id"] == offer["partner_id"], "name"].iloc[0]
    return f"{school} ({found.need_id}) not get {partner} ({found.offer_id})?"


def _print_levels(levels: pd.DataFrame) -> None:
    changed = levels[levels["before"] != levels["after"]]
    if changed.empty:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Level", no_wrap=True)
    for name in ("needed", "now", "then", "change"):
        table.add_column(name, justify="right")
    for row in changed.to_dict("records"):
        gain = row["after"] - row["before"]
        colour = "green" if gain > 0 else "red"
        cells = (f"{row[name]:,}" for name in ("needed", "before", "after"))
        table.add_row(row["level"], *cells, f"[{colour}]{gain:+,}[/]")
    out.print()
    out.print(table)


def _print_moves(moves: pd.DataFrame) -> None:
    if moves.empty:
        return
    out.print()
    for row in moves.head(MOST_MOVES).to_dict("records"):
        out.print(f"  {_move_said(row)}", soft_wrap=True)
    if len(moves) > MOST_MOVES:
        out.print(f"  ... and {len(moves) - MOST_MOVES} more; --json lists them all.")


def _move_said(row: Mapping[Hashable, object]) -> str:
    before, after = int(str(row["before"])), int(str(row["after"]))
    who = f"{row['partner']} ({row['offer_id']}) at {row['school']} ({row['need_id']})"
    if not before:
        return f"[green]begins[/]  {escape(who)}: {slots_said(after)}"
    if not after:
        return f"[red]ends[/]    {escape(who)}: {slots_said(before)}"
    word, colour = ("grows", "green") if after > before else ("shrinks", "yellow")
    return f"[{colour}]{word:7}[/] {escape(who)}: {before:,} to {slots_said(after)}"


def _lines_said(found: Consequence) -> list[str]:
    said = []
    if found.keep > 0:
        said.append(f"{slots_said(found.keep)} more would be taken from running matches.")
    if found.even:
        worse = "less" if found.even > 0 else "more"
        said.append(f"The gaps would be spread {worse} evenly over the schools.")
    if found.fit:
        said.append(f"The fit of all matches together would change by {found.fit / MILLION:+.2f}.")
    return said and ["", *said]
