import hashlib
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from matching.exporting import write_folder
from matching.facts import Facts, facts_of, positions
from matching.generate import generate_district
from matching.policy import Rules
from matching.rules import PAIR_RULES
from matching.tables import district_from_tables, read_district
from matching.vocabulary import MENTORING

Tables = dict[str, pd.DataFrame]

ON = date(2026, 9, 14)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return generate_district(220, seed=5, num_needs=1000, num_offers=900, on=ON, with_topics=True)


@pytest.fixture(scope="module")
def facts(tables: Tables) -> Facts:
    return facts_of(district_from_tables(_without_topics(tables)), Rules(), ON)


@pytest.fixture(scope="module")
def running(tables: Tables) -> pd.DataFrame:
    rows = tables["partnerships"]
    rows = rows[rows["status"].isin(("active", "paused"))]
    return rows.assign(
        need=positions(rows["need_id"], tables["needs"]["need_id"]),
        offer=positions(rows["offer_id"], tables["offers"]["offer_id"]),
    )


def _without_topics(tables: Tables) -> Tables:
    return {name: table.drop(columns="topic", errors="ignore") for name, table in tables.items()}


def _bytes_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.mark.parametrize("num_schools", [3, 40])
def test_what_is_written_is_read_without_a_problem_and_unchanged(tmp_path: Path, num_schools: int) -> None:
    tables = generate_district(num_schools, seed=1)
    write_folder(tables, tmp_path / "district")
    district = read_district(tmp_path / "district")
    for name in tables:
        pd.testing.assert_frame_equal(getattr(district, name), tables[name])


def test_same_seed_writes_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys; from matching.exporting import write_folder;"
        "from matching.generate import generate_district;"
        "write_folder(generate_district(12, seed=7), sys.argv[1])"
    )
    write_folder(generate_district(12, seed=7), tmp_path / "here")
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    assert _bytes_of(tmp_path / "here") == _bytes_of(tmp_path / "there")


def test_another_seed_is_another_district() -> None:
    first, second = generate_district(5, seed=1), generate_district(5, seed=2)
    assert not first["needs"]["statement"].equals(second["needs"]["statement"])


def test_numbers_are_exact_when_asked_for(tables: Tables) -> None:
    assert [len(tables[name]) for name in ("schools", "needs", "offers")] == [220, 1000, 900]


def test_needs_and_offers_may_be_none() -> None:
    tables = generate_district(3, seed=1, num_needs=0, num_offers=0)
    assert len(tables["needs"]) == len(tables["offers"]) == len(tables["partnerships"]) == 0


def test_numbers_that_are_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match="num_schools must be >= 3, got 2"):
        generate_district(2, seed=1)


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match="a new or an empty folder"):
        write_folder(generate_district(3, seed=1), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    tables = generate_district(3, seed=1) | {"no/such/folder": pd.DataFrame({"a": [1]})}
    with pytest.raises(OSError, match="no/such"):
        write_folder(tables, tmp_path / "district")
    assert list(tmp_path.iterdir()) == []


def test_topics_only_stand_where_asked_for(tables: Tables) -> None:
    assert "topic" not in generate_district(3, seed=1)["needs"].columns
    assert tables["needs"]["topic"].nunique() > 40


def test_about_a_third_of_the_needs_is_for_mentoring(tables: Tables) -> None:
    assert 0.26 < (tables["needs"]["kind"] == "mentoring").mean() < 0.36


def test_supply_falls_short_of_demand_most_of_all_for_mentoring(tables: Tables) -> None:
    needs, offers = tables["needs"], tables["offers"]
    kind_of_topic = dict(zip(needs["topic"], needs["kind"], strict=True))
    supply = offers.groupby(offers["topic"].map(kind_of_topic))["slots"].sum()
    share = supply / needs.groupby("kind")["slots"].sum()
    assert offers["slots"].sum() / needs["slots"].sum() == pytest.approx(1 / 1.2, abs=0.02)
    assert share.idxmin() == "mentoring"
    assert share["mentoring"] == pytest.approx(0.6, abs=0.03)


def test_poorer_schools_read_less_well_and_miss_more_school(tables: Tables) -> None:
    figures = tables["evidence"].query("need_id == ''").pivot_table("value", "school_id", "measure")
    correlation = figures.corr()["low_income_pct"]
    assert correlation["reading_proficient_pct"] < -0.7
    assert correlation["chronic_absence_pct"] > 0.6


def test_some_surveys_have_too_few_respondents(tables: Tables) -> None:
    surveys = tables["evidence"].query("source == 'survey'")["respondents"].dropna()
    assert 0 < (surveys < 10).mean() < 0.3


@pytest.mark.parametrize(
    ("table", "column", "least", "most"),
    [
        ("needs", "priority", 0.03, 0.15),
        ("needs", "schedule", 0.2, 0.45),
        ("needs", "min_slots", 0.2, 0.4),
        ("offers", "grades", 0.6, 0.8),
        ("offers", "trained_slots", 0.1, 0.4),
        ("partners", "latitude", 0.8, 0.95),
        ("partners", "max_schools", 0.25, 0.5),
        ("partners", "agreement_expires", 0.4, 0.6),
    ],
)
def test_optional_cells_are_often_blank(
    tables: Tables, table: str, column: str, least: float, most: float
) -> None:
    cells = tables[table][column]
    filled = (cells != "").mean() if cells.dtype == "str" else cells.notna().mean()
    assert least < filled < most


def test_some_agreements_and_clearances_have_expired(tables: Tables) -> None:
    for cells in (tables["partners"]["agreement_expires"], tables["offers"]["cleared_until"]):
        assert 0.02 < (cells.dropna() < pd.Timestamp(ON)).mean() < 0.15


def test_running_partnerships_break_no_pair_rule(facts: Facts, running: pd.DataFrame) -> None:
    need, offer = running["need"].to_numpy(), running["offer"].to_numpy()
    assert len(running) > 200
    for rule, allows in PAIR_RULES.items():
        assert allows(facts, need, offer, Rules()).all(), rule


def test_running_partnerships_overdraw_no_need_and_no_offer(facts: Facts, running: pd.DataFrame) -> None:
    need, offer, slots = (running[name].to_numpy() for name in ("need", "offer", "slots"))
    mentoring = facts.needs.kind[need] == MENTORING
    given = np.bincount(offer, slots, facts.num_offers)
    trained = np.bincount(offer[mentoring], slots[mentoring], facts.num_offers)
    assert (np.bincount(need, slots, facts.num_needs) <= facts.needs.slots).all()
    assert (given <= facts.offers.slots).all()
    assert (trained <= facts.offers.trained).all()


def test_running_partnerships_keep_the_counts_and_the_least_slots(
    facts: Facts, running: pd.DataFrame
) -> None:
    need, offer, slots = (running[name].to_numpy() for name in ("need", "offer", "slots"))
    partner, school = facts.offers.partner[offer], facts.needs.school[need]
    met = pd.DataFrame({"need": need, "school": school, "partner": partner})
    for owner, other, limit in (
        ("need", "partner", facts.needs.max_partners),
        ("school", "partner", facts.school_max_partners),
        ("partner", "school", facts.partner_max_schools),
    ):
        count = met.groupby(owner)[other].nunique()
        assert (count.to_numpy() <= limit[count.index]).all(), owner
    assert (slots >= np.minimum(facts.offers.min_slots[offer], facts.needs.slots[need])).all()
    assert (np.bincount(need, slots, facts.num_needs)[need] >= facts.needs.min_slots[need]).all()


def test_texts_vary(tables: Tables) -> None:
    assert tables["needs"]["statement"].nunique() > 800
    assert tables["offers"]["focus"].nunique() > 650
    assert tables["partners"]["name"].is_unique
    assert tables["schools"]["name"].is_unique


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("needs", "statement"),
        ("needs", "title"),
        ("offers", "focus"),
        ("partners", "description"),
        ("comments", "text"),
    ],
)
def test_texts_are_written_cleanly(tables: Tables, table: str, column: str) -> None:
    broken = re.compile(r"[{}<>|]|  |\s[.,;:?!]|\.\.|,\.|\b(a|an|the|of|for|in|to) \1\b", re.I)
    article = re.compile(r"\b[Aa] [aeio]|\b[Aa]n [bcdfgj-np-tvwxz]")
    spanish = re.compile(r"\b(el|la|los|las|que|con|para)\b")
    texts = [text for text in tables[table][column].unique().tolist() if text]
    assert [text for text in texts if broken.search(text)] == []
    assert [text for text in texts if article.search(text) and not spanish.search(text)] == []
    assert [text for text in texts if text != text.strip() or text[0].islower()] == []


def test_the_two_sides_of_a_topic_are_nearer_than_two_topics_but_not_apart(tables: Tables) -> None:
    needs, offers = tables["needs"], tables["offers"]
    said = (needs["title"] + " " + needs["statement"]).tolist()
    words = TfidfVectorizer(stop_words="english").fit(said + offers["focus"].tolist())
    score = (words.transform(said) @ words.transform(offers["focus"]).T).toarray()
    same = needs["topic"].to_numpy()[:, None] == offers["topic"].to_numpy()[None, :]
    assert score[same].mean() > 2 * score[~same].mean()
    assert np.quantile(score[~same], 0.95) > np.quantile(score[same], 0.25)


def test_no_one_can_be_reached() -> None:
    tables = generate_district(30, seed=3)
    for name in ("schools", "partners"):
        emails = tables[name]["contact_email"]
        phones = tables[name]["contact_phone"]
        assert emails[emails != ""].str.endswith("@example.org").all()
        assert phones[phones != ""].str.fullmatch(r"555-01\d\d").all()
