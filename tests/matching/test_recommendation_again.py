"""A recommender that knows an earlier one answers as a fresh one does, byte for byte, after any changes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings import Encoder, WordHashEncoder
from matching.district import District
from matching.generate import generate_district
from matching.policy import policy_from_mapping
from matching.recommendation import Recommender
from matching.tables import district_from_tables
from tests.matching.cases import ON

TEXTS = ["Chess club", "Tutores de lectura para niños", "reading mentors", "warm coats"]
WAYS = ["Mon 15:00-16:30", "Tue 08:00-09:00|Thu 08:00-09:00", ""]
CELLS: dict[tuple[str, str], Sequence[object]] = {
    ("needs", "statement"): TEXTS,
    ("needs", "title"): TEXTS,
    ("needs", "slots"): [0, 1, 9],
    ("needs", "kind"): ["mentoring", "tutoring", "event"],
    ("needs", "priority"): [1, 5, None],
    ("needs", "schedule"): WAYS,
    ("needs", "languages"): ["", "Spanish", "Hmong"],
    ("needs", "goal"): TEXTS,
    ("needs", "focus_area"): ["", "reading", "food"],
    ("needs", "need_id"): ["renamed need"],
    ("schools", "name"): TEXTS,
    ("schools", "max_partners"): [0, 1, None],
    ("partners", "description"): TEXTS,
    ("partners", "priorities"): ["", "reading|coats", "chess"],
    ("partners", "languages"): ["", "Spanish"],
    ("partners", "years_committed"): [1.0, 4.0],
    ("partners", "agreement_expires"): [None, "2020-01-01"],
    ("offers", "focus"): TEXTS,
    ("offers", "kinds"): ["mentoring", "event|tutoring"],
    ("offers", "slots"): [0, 1, 9],
    ("offers", "grades"): ["", "K-2", "6-8"],
    ("offers", "cost_to_school"): [0.0, 900.0],
    ("partnerships", "status"): ["active", "ended", "declined"],
    ("partnerships", "slots"): [1, 9],
    ("evidence", "value"): [1.0, 99.0],
    ("evaluations", "rating"): [1.0, 5.0],
}
Edit = tuple[str, str, int, object]
EDITS = st.sampled_from(sorted(CELLS)).flatmap(
    lambda cell: st.tuples(
        st.just(cell[0]), st.just(cell[1]), st.integers(0, 99), st.sampled_from(CELLS[cell])
    )
)
"""A cell of a row, or where the column is "" a row that goes."""
DROPS = st.tuples(
    st.sampled_from(["partnerships", "evaluations", "evidence"]), st.just(""), st.integers(0, 99), st.none()
)


@pytest.fixture(scope="module")
def district() -> District:
    return district_from_tables(generate_district(4, seed=3, num_needs=14, num_offers=12))


def edited(district: District, edit: Edit) -> District:
    name, column, at, value = edit
    table = getattr(district, name).copy()
    if table.empty:
        return district
    row = at % len(table)
    if column:
        table.loc[row, column] = value
    else:
        table = table.drop(index=row).reset_index(drop=True)
    changed = replace(district, **{name: table})
    # The needs' id stands in other tables too: those rows lose what they refer to, as in `positions`.
    return changed if column != "need_id" else _without(changed, district.needs["need_id"][row])


def _without(district: District, need_id: str) -> District:
    tables = {
        name: table[table["need_id"] != need_id].reset_index(drop=True)
        for name, table in district.tables.items()
        if "need_id" in table and name != "needs"
    }
    return replace(district, **tables)  # type: ignore[arg-type]  # all fields named here are tables


def all_said(recommender: Recommender, district: District) -> str:
    answers = [recommender.offers_for(need).as_dict() for need in district.needs["need_id"]]
    answers += [
        recommender.needs_for_partner(partner).as_dict() for partner in district.partners["partner_id"]
    ]
    answers += [
        recommender.offers_for(need, area="reading").as_dict() for need in district.needs["need_id"][:3]
    ]
    answers += [recommender.offers_for_text("reading and chess", "mentoring", school_id=school).as_dict()
                for school in district.schools["school_id"]]  # fmt: skip
    return json.dumps(answers, sort_keys=True)


@pytest.mark.parametrize(("table", "column"), sorted(CELLS))
def test_a_change_of_any_column_counts(district: District, table: str, column: str) -> None:
    known = Recommender(district, on=ON, encoder=WordHashEncoder())
    changed = district
    for row, value in enumerate(CELLS[table, column]):
        changed = edited(changed, (table, column, row, value))
    again = Recommender(changed, on=ON, encoder=WordHashEncoder(), earlier=known)
    fresh = Recommender(changed, on=ON, encoder=WordHashEncoder())
    assert all_said(again, changed) == all_said(fresh, changed)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.one_of(EDITS, DROPS), min_size=1, max_size=5))
def test_changes_give_what_a_fresh_recommender_gives(district: District, edits: list[Edit]) -> None:
    encoder: Encoder = WordHashEncoder()
    known = Recommender(district, on=ON, encoder=encoder)
    for edit in edits:
        district = edited(district, edit)
        known = Recommender(district, on=ON, encoder=encoder, earlier=known)
    assert all_said(known, district) == all_said(Recommender(district, on=ON, encoder=encoder), district)


def test_another_day_and_policy_give_what_a_fresh_recommender_gives(district: District) -> None:
    policy, encoder = policy_from_mapping({"fit": {"floor": 0.0, "half_distance_km": 1.0}}), WordHashEncoder()
    known = Recommender(district, on=ON, encoder=encoder)
    later = Recommender(district, policy, on=date(2027, 9, 14), encoder=encoder, earlier=known)
    fresh = Recommender(district, policy, on=date(2027, 9, 14), encoder=encoder)
    assert all_said(later, district) == all_said(fresh, district) != all_said(known, district)


def test_what_stays_is_not_made_again(district: District) -> None:
    known = Recommender(district, on=ON, encoder=WordHashEncoder())
    later = edited(district, ("partnerships", "slots", 0, 1))
    again = Recommender(later, on=ON, encoder=WordHashEncoder(), earlier=known)
    assert again._scorer.texts is known._scorer.texts
    assert again._scorer.facts.needs is known._scorer.facts.needs
    assert again._occupancy is not known._occupancy
