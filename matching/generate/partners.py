"""Generated partners: who they are, where they sit and how far they go."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.generate.draws import some, stated
from matching.generate.frames import Columns, frame_of, ids
from matching.generate.grammar import Grammar, Phrases, Topic, sentence_case
from matching.generate.people import contacts, person
from matching.generate.places import SECOND_LANGUAGES, Neighborhoods
from matching.schemas import PARTNER_KINDS

Index = NDArray[np.int64]

USUAL_RADIUS_KM = {
    "business": 12.0,
    "parent_group": 4.0,
    "faith": 6.0,
    "civic_club": 8.0,
    "higher_education": 20.0,
    "government": 18.0,
    "nonprofit": 12.0,
    "charity": 20.0,
    "individual": 5.0,
}
_TRIES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Owners:
    """Each offer's partner, and each partner's kind (an index into PARTNER_KINDS) and neighborhood."""

    partner: Index
    kind: Index
    neighborhood: Index


def make_partners(
    rng: np.random.Generator, owners: Owners, topic: Index, neighborhoods: Neighborhoods, grammar: Grammar
) -> pd.DataFrame:
    """Return the partners table; `topic` is each offer's, shape ``(num_offers,)``."""
    count = len(owners.kind)
    phrases = Phrases(rng)
    places = [neighborhoods.names[place] for place in owners.neighborhood.tolist()]
    kinds = [PARTNER_KINDS[kind] for kind in owners.kind.tolist()]
    names = _names(phrases, kinds, places, grammar)
    latitude, longitude = neighborhoods.near(rng, owners.neighborhood, 1.2)
    is_placed = some(rng, count, 0.88)
    radius = np.array([USUAL_RADIUS_KM[kind] for kind in kinds]) * rng.lognormal(0, 0.4, count)
    people = [
        name.partition(",")[0] if kind == "individual" else ""
        for name, kind in zip(names, kinds, strict=True)
    ]
    said = _said(phrases, owners, topic, places, grammar)
    columns: Columns = {
        "partner_id": ids("P", count),
        "name": names,
        "kind": kinds,
        "latitude": np.where(is_placed, latitude, np.nan),
        "longitude": np.where(is_placed, longitude, np.nan),
        "radius_km": stated(rng, np.maximum(2.0, radius.round()), 0.65),
        "max_schools": stated(rng, rng.integers(1, 7, count), 0.35),
        "years_committed": stated(rng, np.minimum(rng.geometric(0.35, count), 12), 0.55),
        **said,
        **contacts(phrases, count, grammar, share=0.8, names=people),
    }
    return frame_of("partners", count, columns)


def _names(phrases: Phrases, kinds: list[str], places: list[str], grammar: Grammar) -> list[str]:
    """Return names, distinct but for the few cases where the words run out; people may share one."""
    taken: set[str] = set()
    names = []
    for kind, place in zip(kinds, places, strict=True):
        for _ in range(_TRIES):
            name = phrases.say(grammar.words["partners"][kind], _name_slots(phrases, place, grammar))
            if name not in taken:
                break
        else:
            name = f"{name} of {place}"
        taken.add(name)
        names.append(name)
    return names


def _name_slots(phrases: Phrases, place: str, grammar: Grammar) -> dict[str, str]:
    brand = grammar.words["brand"]
    return {
        "place": place,
        "person": person(phrases, grammar),
        "brand": phrases.say(brand["first"], {}) + phrases.say(brand["second"], {}),
    }


def _said(
    phrases: Phrases, owners: Owners, topic: Index, places: list[str], grammar: Grammar
) -> dict[str, list[str]]:
    """Return description, priorities and languages, which follow what the partner offers."""
    given: list[dict[int, None]] = [{} for _ in places]
    for partner, number in zip(owners.partner.tolist(), topic.tolist(), strict=True):
        given[partner][number] = None
    columns: dict[str, list[str]] = {"description": [], "priorities": [], "languages": []}
    for partner, place in enumerate(places):
        topics = [grammar.topics[number] for number in given[partner]]
        kind = PARTNER_KINDS[owners.kind[partner]]
        wishes = dict.fromkeys([entry.focus for entry in topics] + ["Title I schools"] * phrases.chance(0.2))
        second = phrases.pick(("Spanish", "Spanish", phrases.pick(SECOND_LANGUAGES)))
        columns["description"].append(_description(phrases, kind, topics, place, grammar))
        columns["priorities"].append("|".join(wishes) if phrases.chance(0.3) else "")
        columns["languages"].append(f"English|{second}" if phrases.chance(0.25) else "")
    return columns


def _description(phrases: Phrases, kind: str, topics: list[Topic], place: str, grammar: Grammar) -> str:
    said = []
    if phrases.chance(0.55):
        said.append(phrases.say(grammar.words["descriptions"][kind], {"place": place}))
    if kind != "individual" and phrases.chance(0.4):
        what = " as well as ".join(phrases.say(topic.texts["has"], {}) for topic in topics[:2])
        said.append(f"{phrases.pick(('We run', 'We are known for', 'Our main work:'))} {what}.")
    return sentence_case(" ".join(said))
