"""Commands on a whole allocation: match, audit."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import (
    BROKEN_RULES,
    AsJson,
    DistrictPath,
    Effort,
    ExplainPolicy,
    Model,
    OnDate,
    PolicyPath,
    Seed,
    bad_input,
    day_of,
    print_json,
    read_input,
    stoppable,
)


@stoppable()
def match(
    district: DistrictPath,
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Folder for the results.")],
    policy: PolicyPath = None,
    explain_policy: ExplainPolicy = False,
    on: OnDate = None,
    effort: Effort = "standard",
    seed: Seed = 0,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Match all offers to all needs and write the report, the tables and the workbook."""
    from matching.pipeline import Run
    from matching.pipeline import match as match_district
    from matching.report import write_results
    from service.terminal.console import progress_bar
    from service.terminal.matching import print_matching

    with bad_input(as_json=as_json):
        found, rules, encoder = read_input(district, policy, model)
    run = Run(on=day_of(on), effort=effort, seed=seed)
    with progress_bar() as progress:
        matching = match_district(found, rules, run=run, encoder=encoder, progress=progress)
        with bad_input(as_json=as_json):
            files = write_results(matching, out, progress=progress)
    if as_json:
        typer.echo(files["summary.json"].read_text(encoding="utf-8"))
    else:
        print_matching(matching, files["report.html"])
    if not matching.audit.is_passed:
        raise typer.Exit(BROKEN_RULES)


def audit(
    district: DistrictPath,
    matches: Annotated[Path, typer.Argument(metavar="MATCHES.csv", help="need_id, offer_id, slots a row.")],
    rematch: Annotated[
        bool,
        typer.Option("--rematch", help="Check a plan for mid-year: what runs is locked as rematch does."),
    ] = False,
    policy: PolicyPath = None,
    on: OnDate = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Check any allocation against all rules, also one typed by hand."""
    from matching.audit import audit_allocation
    from matching.standing import running_matches, with_standing
    from matching.tables import read_matches
    from service.terminal.console import waiting
    from service.terminal.matching import print_audit

    with bad_input(as_json=as_json):
        found, rules, encoder = read_input(district, policy, model)
        given = read_matches(matches)
        if rematch:
            found = with_standing(found, rules, running_matches(found, rules, day_of(on)))
        with waiting("Checking every rule"):
            result = audit_allocation(found, given, rules, on=day_of(on), encoder=encoder)
    if as_json:
        print_json({"is_passed": result.is_passed, **asdict(result)})
    else:
        print_audit(result)
    if not result.is_passed:
        raise typer.Exit(BROKEN_RULES)
