"""What a coordinator is shown of a recommendation."""

from rich.markup import escape

from matching.recommendation import Recommendation
from service.terminal.console import out, slots_said


def print_recommendation(answer: Recommendation) -> None:
    """Print the ranked offers with the parts of their fit, then the near misses with their rules."""
    out.print(
        f"[bold]{answer.kind.capitalize()}[/] {escape(answer.need_id)}: {escape(answer.statement)}\n",
        soft_wrap=True,
    )
    if answer.offers.empty:
        out.print("No offer breaks no rule and is about this.")
    for rank, offer in enumerate(answer.offers.to_dict("records"), start=1):
        parts = ", ".join(
            f"{name.removeprefix('fit_')} {offer[name]:.2f}"
            for name in answer.offers.columns
            if name.startswith("fit_")
        )
        free = f"{offer['slots_free']} of {slots_said(offer['slots'])} free"
        out.print(
            f"{rank:3}. [bold]{escape(offer['partner'])}[/] ({offer['offer_id']}), fit {offer['fit']:.2f}, {free}",
            soft_wrap=True,
        )
        out.print(f"     {escape(offer['reason'])}", soft_wrap=True)
        out.print(f"     [dim]{parts}[/]", soft_wrap=True)
    if len(answer.near_misses):
        out.print("\n[bold]Also similar, but a rule stands in the way[/]")
    for miss in answer.near_misses.to_dict("records"):
        out.print(
            f"  {escape(miss['partner'])} ({miss['offer_id']}): [yellow]{miss['why']}[/] ({miss['rules']})",
            soft_wrap=True,
        )
