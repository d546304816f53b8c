"""Commands for questions about a plan: what-if, why-not, alternates."""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import (
    AsJson,
    DistrictPath,
    Effort,
    Model,
    OnDate,
    PolicyPath,
    Seed,
    bad_input,
    day_of,
    pair_of,
    print_json,
    read_input,
    stoppable,
)

if TYPE_CHECKING:
    from matching.consequences import Change
    from matching.pipeline import Basis

Matches = Annotated[
    Path | None,
    typer.Option(
        "--matches",
        metavar="FILE",
        help="The plan asked about: matches.csv of an earlier match, or one typed by hand; matched anew if left out.",
    ),
]
Need = Annotated[str, typer.Argument(metavar="NEED", help="Id of a need.")]
Offer = Annotated[str, typer.Argument(metavar="OFFER", help="Id of an offer.")]


def what_if(
    district: DistrictPath,
    force: Annotated[
        list[str] | None,
        typer.Option(
            "--force", metavar="NEED=OFFER[:SLOTS]", help="Let a need have an offer, with so many slots."
        ),
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option("--forbid", metavar="NEED=OFFER", help="Keep an offer from a need.")
    ] = None,
    slots: Annotated[
        list[str] | None,
        typer.Option("--slots", metavar="OFFER=+N", help="Let an offer have more slots (+3) or fewer (-2)."),
    ] = None,
    drop_partner: Annotated[
        list[str] | None, typer.Option("--drop-partner", metavar="PARTNER", help="Let a partner withdraw.")
    ] = None,
    matches: Matches = None,
    policy: PolicyPath = None,
    on: OnDate = None,
    effort: Effort = "standard",
    seed: Seed = 0,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show what a change would do: which levels gain or lose, and which matches move."""
    from matching import consequences
    from service.terminal.asking import print_consequence

    with bad_input(as_json=as_json):
        changes: list[Change] = [
            *(consequences.Force(*_forced(text)) for text in force or []),
            *(consequences.Forbid(*pair_of("--forbid", text)) for text in forbid or []),
            *(consequences.ChangeSlots(*_slots(text)) for text in slots or []),
            *(consequences.DropPartner(text) for text in drop_partner or []),
        ]
        if not changes:
            raise ValueError("What if what? Give --force, --forbid, --slots or --drop-partner.")
        plan = _plan(district, matches, policy, day_of(on), (effort, seed), model)
        found = consequences.what_if(plan, changes)
    if as_json:
        print_json(found.as_dict())
    else:
        print_consequence(found)


def why_not(
    district: DistrictPath,
    need: Need,
    offer: Offer,
    matches: Matches = None,
    policy: PolicyPath = None,
    on: OnDate = None,
    effort: Effort = "standard",
    seed: Seed = 0,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Say why a need does not get an offer, and the smallest change that would bring it in."""
    from matching import objections
    from service.terminal.asking import print_objection

    with bad_input(as_json=as_json):
        plan = _plan(district, matches, policy, day_of(on), (effort, seed), model)
        found = objections.why_not(plan, need, offer)
    if as_json:
        print_json(found.as_dict())
    else:
        print_objection(plan.scorer.district, found)


def alternates(
    district: DistrictPath,
    need: Need,
    offer: Offer,
    other_needs: Annotated[
        bool,
        typer.Option("--other-needs", help="Other needs for this offer, not other offers for this need."),
    ] = False,
    limit: Annotated[int, typer.Option(help="How many.", min=1)] = 5,
    matches: Matches = None,
    policy: PolicyPath = None,
    on: OnDate = None,
    effort: Effort = "standard",
    seed: Seed = 0,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show the best replacements for a match, each with what it would cost."""
    from matching import replacements
    from service.terminal.asking import print_replacements

    with bad_input(as_json=as_json):
        plan = _plan(district, matches, policy, day_of(on), (effort, seed), model)
        found = replacements.alternates(plan, need, offer, limit, same="offer" if other_needs else "need")
    if as_json:
        print_json([one.as_dict() for one in found])
    else:
        print_replacements(found)


def _plan(
    path: Path,
    matches: Path | None,
    policy: Path | None,
    on: date,
    how: tuple[Effort, int],
    model: str | None,
) -> "Basis":
    """Return the plan that a question is about: that of a file, else one matched now."""
    from matching.consequences import basis_of, standing_plan
    from matching.pipeline import Run, match
    from matching.tables import read_matches
    from service.terminal.console import progress_bar, waiting

    district, rules, encoder = read_input(path, policy, model)
    if matches is not None:
        given = read_matches(matches)
        with waiting("Taking up the plan"):
            return standing_plan(district, given, rules, on=on, encoder=encoder)
    run = Run(on=on, effort=how[0], seed=how[1])
    with stoppable(), progress_bar() as progress:
        return basis_of(match(district, rules, run=run, encoder=encoder, progress=progress))


def _forced(text: str) -> tuple[str, str, int | None]:
    pair, separator, slots = text.rpartition(":")
    if not separator:
        return *pair_of("--force", text), None
    if not slots.isdecimal():
        raise ValueError(f"--force {text}: expected NEED=OFFER:SLOTS, such as N012=O034:4.")
    return *pair_of("--force", pair), int(slots)


def _slots(text: str) -> tuple[str, int]:
    offer, _, change = text.partition("=")
    if not offer or not re.fullmatch(r"[+-]\d+", change):
        raise ValueError(f"--slots {text}: expected OFFER=+N or OFFER=-N, such as O034=+3.")
    return offer, int(change)
