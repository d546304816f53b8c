"""Invented people to ask: names, addresses at example.org and telephone numbers that no one has."""

from collections.abc import Sequence

from matching.generate.grammar import Grammar, Phrases


def person(phrases: Phrases, grammar: Grammar) -> str:
    """Return a first and a last name."""
    people = grammar.words["people"]
    return f"{phrases.say(people['first'], {})} {phrases.say(people['last'], {})}"


def contacts(
    phrases: Phrases,
    count: int,
    grammar: Grammar,
    *,
    share: float,
    names: Sequence[str] | None = None,
) -> dict[str, list[str]]:
    """Return the three contact columns, filled in about `share` of all rows; `names` where they are known."""
    columns: dict[str, list[str]] = {"contact_name": [], "contact_email": [], "contact_phone": []}
    for row in range(count):
        known = phrases.chance(share)
        name = ((names[row] if names else "") or person(phrases, grammar)) if known else ""
        columns["contact_name"].append(name)
        address = name.lower().replace(" ", ".")
        columns["contact_email"].append(f"{address}@example.org" if name and phrases.chance(0.9) else "")
        phone = f"555-01{int(phrases.pick(range(100))):02d}"
        columns["contact_phone"].append(phone if name and phrases.chance(0.7) else "")
    return columns
