"""The command for mid-year: rematch."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import (
    BROKEN_RULES,
    AsJson,
    DistrictPath,
    Effort,
    Model,
    OnDate,
    PolicyPath,
    Seed,
    bad_input,
    day_of,
    encoder_of,
    read_rules,
    read_tables,
    stoppable,
)


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
    from matching.rematching import rematch as rematch_district
    from matching.rematching import rematch_curve
    from matching.report.rematch import write_rematch
    from service.terminal.console import progress_bar
    from service.terminal.rematch import print_rematch

    if curve and max_moves is not None:
        raise typer.BadParameter("Give either --max-moves or --curve.")
    with bad_input(as_json=as_json):
        found, rules, encoder = read_tables(district), read_rules(policy), encoder_of(model)
        released = [_pair(text) for text in release or []]
        run = Run(on=day_of(on), effort=effort, seed=seed)
        with progress_bar() as progress:
            if curve:
                points = rematch_curve(
                    found, rules, released=released, run=run, encoder=encoder, progress=progress
                )
            else:
                points = (
                    rematch_district(
                        found,
                        rules,
                        max_moves=max_moves,
                        released=released,
                        run=run,
                        encoder=encoder,
                        progress=progress,
                    ),
                )
            files = write_rematch(points, out, is_curve=curve, progress=progress)
    if as_json:
        typer.echo(files["summary.json"].read_text(encoding="utf-8"))
    else:
        print_rematch(points, files["report.html"])
    if not all(point.matching.audit.is_passed for point in points):
        raise typer.Exit(BROKEN_RULES)


def _pair(text: str) -> tuple[str, str]:
    need, separator, offer = text.partition("=")
    if not separator or not need or not offer:
        raise ValueError(f"--release {text}: expected NEED=OFFER, such as N012=O034.")
    return need, offer
