"""The command that says whom to recruit."""

from dataclasses import asdict

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
    print_json,
    read_input,
    stoppable,
)


@stoppable()
def recruit(
    district: DistrictPath,
    policy: PolicyPath = None,
    on: OnDate = None,
    effort: Effort = "standard",
    seed: Seed = 0,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Say which new offers would fill the most open slots, and why each level stays short; nothing is written."""
    from matching.pipeline import Run, match
    from matching.recruiting import recruiting_brief
    from service.terminal.console import progress_bar
    from service.terminal.recruiting import print_brief

    with bad_input(as_json=as_json):
        found, rules, encoder = read_input(district, policy, model)
    run = Run(on=day_of(on), effort=effort, seed=seed)
    with progress_bar() as progress:
        brief = recruiting_brief(match(found, rules, run=run, encoder=encoder, progress=progress))
    if as_json:
        print_json(asdict(brief))
    else:
        print_brief(brief)
