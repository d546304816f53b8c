"""What a coordinator is shown of a recommendation."""

from collections.abc import Sequence

from rich.markup import escape

from matching.cards import NeedCard, OfferCard
from matching.explain import clipped
from matching.suggestions import NearMiss, NeedsForPartner, OffersForNeed, Suggestion, rules_said
from service.terminal.console import out, slots_said


def print_recommendation(answer: OffersForNeed | NeedsForPartner) -> None:
    """Print who or what was asked for, what suits it in order, then the near misses with their rules."""
    if isinstance(answer, OffersForNeed):
        _print_offers(answer)
    else:
        _print_needs(answer)


def _print_offers(answer: OffersForNeed) -> None:
    need = answer.need
    _print(f"[bold]{_need_said(need)}[/]" if need.need_id else f"[bold]{_new_need_said(need)}[/]")
    _print(f"{escape(need.statement)}\n")
    if not answer.offers:
        _print("No offer of this kind breaks no rule and is about this.")
    for rank, pair in enumerate(answer.offers, start=1):
        who = f"[bold]{escape(pair.offer.partner)}[/] ({pair.offer.offer_id})"
        head = f"{who}, fit {pair.scores.fit:.2f}, {_free_said(pair.offer)}"
        _print_suggestion(rank, head, pair, pair.reason.focus)
    _print_near_misses(
        [(miss.offer.partner, miss.offer.offer_id, miss.offer.focus, miss) for miss in answer.near_misses]
    )


def _print_needs(answer: NeedsForPartner) -> None:
    _print(f"[bold]{escape(answer.partner)}[/] ({answer.partner_id})")
    for offer in answer.offers:
        kinds = offer.kinds.replace("|", ", ")
        _print(f"{offer.offer_id}, {kinds}, {_free_said(offer)}: {escape(offer.focus)}")
    _print("")
    if not answer.needs:
        _print("No need of these kinds breaks no rule and is about this.")
    for rank, pair in enumerate(answer.needs, start=1):
        head = f"[bold]{_need_said(pair.need)}[/], fit {pair.scores.fit:.2f} with {pair.offer.offer_id}"
        _print_suggestion(rank, head, pair, _asked(pair.need))
    _print_near_misses(
        [(miss.need.school, miss.need.need_id, _asked(miss.need), miss) for miss in answer.near_misses]
    )


def _need_said(need: NeedCard) -> str:
    """Return whose need it is, how urgent and how much of it is open."""
    slots = f"{need.slots_open} of {slots_said(need.slots)} open"
    return f"{escape(need.school)} ({need.need_id}), {need.kind}, priority {need.priority}, {slots}"


def _new_need_said(need: NeedCard) -> str:
    return f"{need.kind.capitalize()}{f', {escape(need.school)}' if need.school else ''}"


def _asked(need: NeedCard) -> str:
    return f"{need.title}: {need.statement}" if need.title else need.statement


def _free_said(offer: OfferCard) -> str:
    return f"{offer.slots_free} of {slots_said(offer.slots)} free"


def _print_suggestion(rank: int, head: str, pair: Suggestion, about: str) -> None:
    here = f", {slots_said(pair.slots_here)} here already" if pair.slots_here else ""
    _print(f"{rank:3}. {head}{here}")
    if pair.blocked_by:
        _print(f"     [yellow]Not now: {rules_said(pair.blocked_by)}[/] ({', '.join(pair.blocked_by)})")
    _print(f"     {escape(clipped(about))}")
    _print(f"     {escape(pair.reason.why)}")
    parts = ", ".join(f"{name} {value:.2f}" for name, value in pair.scores.parts.items())
    _print(f"     [dim]{parts}[/]")


def _print_near_misses(misses: Sequence[tuple[str, str, str, NearMiss]]) -> None:
    if misses:
        _print("\n[bold]Also similar, but a rule stands in the way[/]")
    for name, its_id, about, miss in misses:
        why = f"[yellow]{rules_said(miss.rules)}[/] ({', '.join(miss.rules)})"
        _print(f"  {escape(name)} ({its_id}): {why}\n      [dim]{escape(clipped(about))}[/]")


def _print(line: str) -> None:
    out.print(line, soft_wrap=True)
