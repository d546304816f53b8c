"""The command that recommends."""

from typing import Annotated

import typer

from service.cli.options import (
    AsJson,
    DistrictPath,
    Model,
    OnDate,
    PolicyPath,
    bad_input,
    day_of,
    print_json,
    read_input,
)


def recommend(
    district: DistrictPath,
    need: Annotated[
        str | None, typer.Option("--need", metavar="ID", help="A need: which offers suit it?")
    ] = None,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="T", help="What a school needs, in words: the same for that."),
    ] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", metavar="ID", help="A partner: which needs suit its offers?")
    ] = None,
    offer: Annotated[
        str | None, typer.Option("--offer", metavar="ID", help="An offer: which needs suit it?")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="K", help="With --text: kind of help.")
    ] = None,
    school: Annotated[str, typer.Option("--school", metavar="ID", help="With --text: the school.")] = "",
    area: Annotated[
        str | None,
        typer.Option(
            "--area", metavar="KEY", help="Only what is about a focus area; `tables --areas` lists them."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1)] = 10,
    policy: PolicyPath = None,
    on: OnDate = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Recommend offers for a need, or needs for a partner, and say which rule stands in the way of the next best."""
    from matching.questions import Question
    from matching.recommendation import Recommender
    from service.terminal.console import waiting
    from service.terminal.recommendation import print_recommendation

    given = sum(value is not None for value in (need, text, partner, offer))
    if given != 1 or (text is None) != (kind is None):
        raise typer.BadParameter(
            "Give one of --need ID, --text T together with --kind K, --partner ID and --offer ID."
        )
    with bad_input(as_json=as_json):
        found, rules, encoder = read_input(district, policy, model)
        with waiting("Loading the model and comparing texts"):
            question = Question(
                need_id=need,
                text=text,
                partner_id=partner,
                offer_id=offer,
                kind=kind or "",
                school_id=school,
                area=area,
                limit=limit,
            )
            answer = question.asked_of(Recommender(found, rules, on=day_of(on), encoder=encoder))
    if as_json:
        print_json(answer.as_dict())
    else:
        print_recommendation(answer)
