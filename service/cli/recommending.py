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
    encoder_of,
    print_json,
    read_rules,
    read_tables,
)


def recommend(
    district: DistrictPath,
    need: Annotated[str | None, typer.Option("--need", metavar="ID", help="A need of the district.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="T", help="What a school needs, in words.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="K", help="With --text: kind of help.")
    ] = None,
    school: Annotated[str, typer.Option("--school", metavar="ID", help="With --text: the school.")] = "",
    limit: Annotated[int, typer.Option(help="How many offers.", min=1)] = 10,
    policy: PolicyPath = None,
    on: OnDate = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Recommend offers for one need, and show which rule stands in the way of the next best."""
    from matching.recommendation import NEW_NEED, with_new_need
    from matching.recommendation import recommend as recommend_offers
    from service.terminal.console import waiting
    from service.terminal.recommendation import print_recommendation

    if (need is None) == (text is None) or (text is None) != (kind is None):
        raise typer.BadParameter("Give either --need ID, or --text T together with --kind K.")
    with bad_input(as_json=as_json):
        found, rules, encoder = read_tables(district), read_rules(policy), encoder_of(model)
        if text is not None and kind is not None:
            found, need = with_new_need(found, text, kind, school), NEW_NEED
        with waiting("Loading the model and comparing texts"):
            answer = recommend_offers(found, str(need), rules, on=day_of(on), limit=limit, encoder=encoder)
    if as_json:
        print_json(
            {
                "need_id": answer.need_id,
                "kind": answer.kind,
                "statement": answer.statement,
                "offers": answer.offers.to_dict("records"),
                "near_misses": answer.near_misses.to_dict("records"),
            }
        )
    else:
        print_recommendation(answer)
