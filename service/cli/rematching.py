"""The command for mid-year: rematch."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from service.cli.options import (
    BROKEN_RULES,
    AsJson,
    DistrictPath,
    Effort,
    Input,
    Model,
    OnDate,
    PolicyPath,
    Seed,
    bad_input,
    day_of,
    pair_of,
    read_input,
    stoppable,
)

if TYPE_CHECKING:
    from matching.pipeline import Progress, Run
    from matching.rematching import Rematching
    from matching.standing import Pair


@stoppable()
def rematch(
    district: DistrictPath,
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Folder for the results.")],
    max_moves: Annotated[
        int | None,
        typer.Option(
            "--max-moves",
            metavar="N",
            min=0,
            help="Most slots to take from running matches; as many as the levels ask for if left out.",
        ),
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Plan for 0, 1, 2, 5, 10, ... moves, each in a folder of its own.")
    ] = False,
    release: Annotated[
        list[str] | None,
        typer.Option(
            "--release", metavar="NEED=OFFER", help="A running mentoring match that the plan may move."
        ),
    ] = None,
    policy: PolicyPath = None,
    on: OnDate = None,
    effort: Effort = "standard",
    seed: Seed = 0,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Plan anew at mid-year: what runs goes on unless the world ends it or a level gains by moving it."""
    from matching.pipeline import Run
    from matching.report.rematch import write_rematch
    from service.terminal.console import progress_bar
    from service.terminal.rematch import print_rematch

    if curve and max_moves is not None:
        raise typer.BadParameter("Give either --max-moves or --curve.")
    with bad_input(as_json=as_json):
        given = read_input(district, policy, model)
        released = [pair_of("--release", text) for text in release or []]
        run = Run(on=day_of(on), effort=effort, seed=seed)
        with progress_bar() as progress:
            limit: int | Literal["curve"] | None = "curve" if curve else max_moves
            plans = _plans(given, limit, released, run, progress)
            files = write_rematch(plans, out, is_curve=curve, progress=progress)
    if as_json:
        typer.echo(files["summary.json"].read_text(encoding="utf-8"))
    else:
        print_rematch(plans, files["report.html"])
    if not all(plan.matching.audit.is_passed for plan in plans):
        raise typer.Exit(BROKEN_RULES)


def _plans(
    given: Input,
    limit: int | Literal["curve"] | None,
    released: Collection["Pair"],
    run: "Run",
    progress: "Progress",
) -> "tuple[Rematching, ...]":
    """Return the plans of the whole curve, or the one plan within the limit on moves."""
    from matching.rematching import rematch, rematch_curve

    district, policy, encoder = given
    if limit == "curve":
        return rematch_curve(district, policy, released=released, run=run, encoder=encoder, progress=progress)
    plan = rematch(
        district,
        policy,
        max_moves=limit,
        released=released,
        run=run,
        encoder=encoder,
        progress=progress,
    )
    return (plan,)
