"""What happens to a district in the course of a year: events with dates, each of which changes its tables.

An event is told in one sentence and applied to the tables as a coordinator would enter it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from matching.generate import START_OF_SCHOOL
from matching.generate.frames import Columns, frame_of

WORST_RATING = 1.2
MIDYEAR = date(2027, 1, 15)

Tables = dict[str, pd.DataFrame]
Happening = Callable[[np.random.Generator, Tables, date], tuple[Tables, str]]
"""Changes tables on a day and says in a sentence what happened, in "" that there was nothing to happen to."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: the day, its name in `HAPPENINGS` and a sentence."""

    on: date
    name: str
    said: str


def until_midyear(tables: Mapping[str, pd.DataFrame], *, num_events: int, seed: int) -> Tables:
    """Return the tables after events drawn at random from September to mid-January, and ``events`` that tells them.

    Parameters
    ----------
    num_events
        How many; one that finds nothing to happen to is drawn again.
    seed
        The same seed gives the same events.
    """
    rng = np.random.default_rng(seed)
    found, rows = dict(tables), []
    for day in np.sort(rng.integers(0, (MIDYEAR - START_OF_SCHOOL).days, num_events)).tolist():
        found, event = happen(rng, found, START_OF_SCHOOL + timedelta(days=day))
        rows.append((event.on.isoformat(), event.name, event.said))
    return found | {"events": pd.DataFrame(rows, columns=["date", "event", "what_happened"])}


def happen(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, Event]:
    """Return the tables after one event drawn at random."""
    names = sorted(HAPPENINGS)
    while True:
        name = names[int(rng.integers(len(names)))]
        changed, said = HAPPENINGS[name](rng, tables, on)
        if said:
            return changed, Event(on, name, said)


def _mentors_leave(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    busy = _given(tables)
    row = _one(rng, tables["offers"], busy > 1)
    if row is None:
        return tables, ""
    lost = max(int(busy[row]) // 2, 1)
    offers = tables["offers"].copy()
    left = max(int(busy[row]) - lost, 0)
    offers.loc[row, "slots"] = left
    offers["trained_slots"] = offers["trained_slots"].clip(upper=offers["slots"])
    return {**tables, "offers": offers}, f"Offer {_text(offers, row, 'offer_id')} loses {lost} of its people."


def _partner_withdraws(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    row = _one(rng, tables["offers"], _given(tables) > 0)
    if row is None:
        return tables, ""
    offers = tables["offers"].copy()
    partner = _text(offers, row, "partner_id")
    is_theirs = offers["partner_id"] == partner
    offers.loc[is_theirs, "slots"] = 0
    offers.loc[is_theirs & offers["trained_slots"].notna(), "trained_slots"] = 0
    return {**tables, "offers": offers}, f"Partner {partner} withdraws."


def _agreement_expires(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    busy = tables["offers"].loc[_given(tables) > 0, "partner_id"]
    row = _one(rng, tables["partners"], tables["partners"]["partner_id"].isin(busy))
    if row is None:
        return tables, ""
    partners = tables["partners"].copy()
    partners.loc[row, "agreement_expires"] = pd.Timestamp(on) - pd.Timedelta(days=1)
    said = f"The agreement of partner {_text(partners, row, 'partner_id')} expires."
    return {**tables, "partners": partners}, said


def _goes_badly(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    runs = tables["partnerships"]
    row = _one(rng, runs, runs["status"].eq("active"))
    if row is None:
        return tables, ""
    need_id, offer_id = _text(runs, row, "need_id"), _text(runs, row, "offer_id")
    partner = tables["offers"].set_index("offer_id")["partner_id"][offer_id]
    school = tables["needs"].set_index("need_id")["school_id"][need_id]
    judged: Columns = {
        "partner_id": [partner],
        "school_id": [school],
        "need_id": [need_id],
        "term": [f"fall {on.year}"],
        "rating": np.array([WORST_RATING]),
        "respondents": rng.integers(12, 30, 1),
    }
    evaluations = _appended(tables["evaluations"], frame_of("evaluations", 1, judged))
    said = f"School {school} judges partner {partner} badly for need {need_id}."
    return {**tables, "evaluations": evaluations}, said


def _results_come_back(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    evidence = tables["evidence"]
    row = _one(rng, evidence, evidence["source"].eq("diagnostic") & evidence["need_id"].eq(""))
    if row is None:
        return tables, ""
    new = evidence.loc[[row]].copy()
    change = float(rng.choice([-12.0, -8.0, 8.0, 12.0]))
    new["value"] = (new["value"] + change).clip(0, 100).round(1)
    new["term"] = f"winter {on.year}"
    said = (
        f"School {new['school_id'].iat[0]}: {new['measure'].iat[0]} comes back {change:+.0f} at "
        f"{new['value'].iat[0]:g}."
    )
    return {**tables, "evidence": _appended(evidence, new)}, said


def _need_closes(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    row = _one(rng, tables["needs"], tables["needs"]["slots"].gt(0))
    if row is None:
        return tables, ""
    needs = tables["needs"].copy()
    needs.loc[row, "slots"], needs.loc[row, "min_slots"] = 0, pd.NA
    said = f"School {_text(needs, row, 'school_id')} closes need {_text(needs, row, 'need_id')}."
    return {**tables, "needs": needs}, said


def _need_opens(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    needs = tables["needs"]
    row = _one(rng, needs, needs["slots"].gt(0))
    if row is None:
        return tables, ""
    new = needs.loc[[row]].copy()
    schools = tables["schools"]
    school, slots = _text(new, row, "school_id"), _text(new, row, "slots")
    grades = schools.set_index("school_id")["grades"]
    place = _one(rng, schools, schools["grades"] == str(grades[school]))
    name = f"{_text(new, row, 'need_id')}x{len(needs)}"
    new["need_id"], new["priority"] = name, pd.NA
    new["school_id"] = _text(schools, place or 0, "school_id")
    said = f"School {_text(new, row, 'school_id')} asks for {slots} slots in new need {name}."
    return {**tables, "needs": _appended(needs, new)}, said


def _offer_arrives(rng: np.random.Generator, tables: Tables, on: date) -> tuple[Tables, str]:
    offers = tables["offers"]
    row = _one(rng, offers, offers["slots"].gt(0))
    if row is None:
        return tables, ""
    new = offers.loc[[row]].copy()
    name = f"{_text(new, row, 'offer_id')}x{len(offers)}"
    new["offer_id"] = name
    partner, slots = _text(new, row, "partner_id"), _text(new, row, "slots")
    return {
        **tables,
        "offers": _appended(offers, new),
    }, f"Partner {partner} gives {slots} slots more in {name}."


HAPPENINGS: Mapping[str, Happening] = {
    "agreement_expires": _agreement_expires,
    "goes_badly": _goes_badly,
    "mentors_leave": _mentors_leave,
    "need_closes": _need_closes,
    "need_opens": _need_opens,
    "offer_arrives": _offer_arrives,
    "partner_withdraws": _partner_withdraws,
    "results_come_back": _results_come_back,
}
"""What may happen, by name."""


def _one(rng: np.random.Generator, table: pd.DataFrame, among: pd.Series) -> int | None:
    """Return the place of a row drawn from those where ``among`` holds, None where there is none."""
    rows = np.flatnonzero(among.to_numpy(dtype=bool))
    return int(rows[int(rng.integers(len(rows)))]) if len(rows) else None


def _text(table: pd.DataFrame, row: int, column: str) -> str:
    return str(table.at[row, column])


def _given(tables: Tables) -> pd.Series:
    """Return the slots of each offer that running partnerships take."""
    runs = tables["partnerships"]
    taken = runs[runs["status"].isin(["active", "paused"])].groupby("offer_id")["slots"].sum()
    slots = tables["offers"]["offer_id"].map(taken).fillna(0).astype(np.int64)
    return slots.where(tables["offers"]["slots"] > 0, 0)


def _appended(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, rows.astype(table.dtypes)], ignore_index=True)
