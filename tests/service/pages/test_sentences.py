"""The domain's sentences in Spanish: all that a district gives rise to, and whatever else may stand in a text."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from html import unescape
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings import WordHashEncoder
from matching import DataError, audit_allocation, read_district, recruiting_brief
from matching.audit import Finding
from matching.columns import Cell
from matching.consequences import Change, DropPartner, Forbid, basis_of, what_if
from matching.district import District
from matching.objections import why_not
from matching.pipeline import Matching, Run, match
from matching.rematching import rematch
from matching.rule_gaps import rule_gaps
from matching.schemas import TABLES
from service.pages.reader import Reader
from service.pages.sentences import LONGEST_TEXT, told

FIXTURES = Path(__file__).parents[3] / "fixtures"
ON = date(2026, 9, 14)
SPANISH, ENGLISH = Reader("es"), Reader("en")
UNTOLD = '<span lang="en">'
QUOTED = re.compile(r"<q.*?</q>|“.*?”|«.*?»")
REASON = (
    "Reading & writing <b>. Both say “third grade”, “a” and “b”; the texts are very close in meaning (0.62). "
    "For grades 3-5, 7 of the need, 2.3 km away, free on Mondays and Tuesdays, speaks Spanish and Somali."
)


@cache
def plan_of(name: str) -> tuple[District, Matching]:
    district = read_district(FIXTURES / name)
    return district, match(district, run=Run(on=ON, effort="quick"), encoder=WordHashEncoder())


def sentences_of(name: str) -> Iterator[str]:
    district, plan = plan_of(name)
    yield from plan.priorities["priority_reason"]
    yield from plan.allocation.matches["reason"]
    yield from plan.unmet["detail"]
    moved = rematch(district, run=Run(on=ON, effort="quick"), encoder=WordHashEncoder())
    yield from moved.changes["reason"]
    yield from (finding.message for finding in broken_plan(district, plan))
    yield from consequences(district, plan)
    yield from gaps(plan)
    brief = recruiting_brief(plan)
    yield from (said for short in brief.shortages for said in (short.sentence, short.advice))
    yield from (recruit.sentence for recruit in brief.recruits)


def broken_plan(district: District, plan: Matching) -> Iterator[Finding]:
    """Return what an audit says of a plan that was doubled, with pairs that nobody would make."""
    matches = plan.allocation.matches[["need_id", "offer_id", "slots"]]
    pairs = zip(district.needs["need_id"], district.offers["offer_id"][::-1], strict=False)
    others = pd.DataFrame([(*pair, 1) for pair in pairs], columns=matches.columns)
    every = pd.concat([matches.assign(slots=matches["slots"] * 2), matches.head(2), others])
    yield from audit_allocation(district, every, on=ON, encoder=WordHashEncoder()).findings


def consequences(district: District, plan: Matching) -> Iterator[str]:
    basis = basis_of(plan)
    pairs = plan.allocation.matches[["need_id", "offer_id"]].itertuples(index=False)
    changes = [Forbid(*pair) for pair in islice(pairs, 0, None, 20)]
    withdrawals = [DropPartner(partner) for partner in district.partners["partner_id"][::20]]
    each: list[Change] = [*changes, *withdrawals]
    for one in each:
        found = what_if(basis, [one])
        yield from [found.sentence, *found.moves["reason"]]
    offers = district.offers["offer_id"].tolist()
    for place, need in enumerate(plan.district.needs["need_id"][::9]):
        objection = why_not(basis, need, offers[place * 7 % len(offers)])
        yield from [objection.why, objection.change]


def gaps(plan: Matching) -> Iterator[str]:
    scorer = plan.basis.scorer
    for need in range(0, len(scorer.district.needs), 5):
        for offer in range(0, len(scorer.district.offers), 9):
            for gap in rule_gaps(scorer, need, offer):
                yield f"{gap.found[:1].upper()}{gap.found[1:]}; {gap.wanted}."


@pytest.mark.parametrize("name", ["tiny", "demo"])
def test_every_sentence_of_a_district_is_told_in_spanish(name: str) -> None:
    """A new sentence of the domain, or a changed one, has to be written into sentences.po too."""
    texts = {text for text in sentences_of(name) if text}
    in_spanish = {text: told(SPANISH, text) for text in texts}
    assert [text for text, said in in_spanish.items() if UNTOLD in said] == []
    left = [
        said for said in in_spanish.values() if re.search(r" (the|would|have|are) ", QUOTED.sub("", said))
    ]
    assert left == []


def test_sentence_without_a_pattern_stays_in_english_and_says_so() -> None:
    said = told(SPANISH, "No match would change. Nobody saw <this> coming.")
    assert said == 'Ninguna asignación cambiaría. <span lang="en">Nobody saw &lt;this&gt; coming.</span>'


def test_reason_is_told_with_the_partners_words_as_they_are() -> None:
    assert told(SPANISH, REASON) == (
        '<q lang="en">Reading &amp; writing &lt;b&gt;.</q> Ambos textos dicen “third grade”, “a” y “b”; los textos '
        "tienen un sentido muy cercano (0,62). Para los grados 3-5, 7 de la necesidad, a 2,3 km, "
        "libre los lunes y martes, habla español y somalí."
    )


def test_names_ids_and_unknown_words_stay_as_they_are() -> None:
    holder = (
        "The offer has 1,200 slots: 3 for Reed and The Rest, East (N1, other help at priority 2) and 7 free."
    )
    assert told(SPANISH, holder) == (
        "La oferta tiene 1.200 plazas: 3 para Reed and The Rest, East (N1, otra ayuda de prioridad 2) y 7 libres."
    )
    assert told(SPANISH, "Computed from evidence: joy 3.50 (for this need).") == (
        "Calculada a partir de los datos: joy: 3,50 (para esta necesidad)."
    )
    assert told(
        SPANISH, "The partner's agreement expired on 2026-06-30; the agreement would have to be renewed."
    ) == ("El convenio de la organización venció el 30 de junio de 2026; habría que renovar el convenio.")


def test_name_that_looks_like_markup_is_escaped_within_a_sentence() -> None:
    said = told(SPANISH, "The offer has 5 slots: 5 for Reed <b>&amp; {name} (N1, mentoring at priority 1).")
    assert "5 para Reed &lt;b&gt;&amp;amp; {name} (N1, mentoría de prioridad 1)." in said


def test_day_that_is_none_stays_as_it_is() -> None:
    assert "2026-99-30" in told(
        SPANISH, "The clearance ended on 2026-99-30; the clearance would have to be renewed."
    )


def test_english_is_left_as_it_is() -> None:
    assert unescape(told(ENGLISH, REASON)) == REASON
    assert told(ENGLISH, "a < b") == "a &lt; b"


def test_long_reason_is_cut_between_its_sentences() -> None:
    assert told(SPANISH, REASON, 150).endswith("(0,62). ...")
    assert told(ENGLISH, REASON, 40) == "Reading &amp; writing &lt;b&gt;. Both say ..."


@given(st.text(alphabet="xzq<>&'.,;:()“”% \n\x00é0", max_size=200))
def test_no_letter_is_lost_of_what_has_no_pattern(text: str) -> None:
    said = told(SPANISH, text)
    assert unescape(re.sub(r"</?span[^<>]*>", "", said)).replace("\ufffd", "\x00") == text.replace(
        "\ufffd", "\x00"
    )


@given(
    st.lists(
        st.sampled_from([*REASON.split(" "), "<i>", "“", "mentoring-1", "5", "and", "Offer", "="]),
        max_size=60,
    )
)
def test_every_mixture_of_words_is_told_and_escaped(words: list[str]) -> None:
    said = told(SPANISH, " ".join(words))
    assert "<" not in re.sub(r'</?(span|q)( lang="[a-z]*")?>', "", said)


@pytest.mark.parametrize("piece", ["a, ", "Both say “", "5 for (a, ", "Then ", "1 slot and ", ". ", "x. "])
def test_endless_text_is_told_at_once(piece: str) -> None:
    text = piece * (LONGEST_TEXT // len(piece))
    assert len(told(SPANISH, text).striptags()) > 0
    assert told(SPANISH, text + "x" * LONGEST_TEXT).startswith(UNTOLD)


def test_whoever_reads_a_number_reads_all_its_digits() -> None:
    assert "foo: 12.345,60 %" in told(SPANISH, "Computed from evidence: foo 12,345.60%.")


def bad_problems(folder: Path) -> Iterator[str]:
    """Yield what is said of tables in which all that can be wrong in a cell is."""
    for table in TABLES.values():
        columns = [column.name for column in table.columns if column.cell is not Cell.CONTACT]
        rows = [columns, ["?"] * len(columns), [""] * len(columns), ["?"] * (len(columns) + 1)]
        text = "\n".join(",".join(row) for row in rows)
        (folder / f"{table.name}.csv").write_text(f"{text},{columns[0]}\n", encoding="utf-8")
    with pytest.raises(DataError) as found:
        read_district(folder)
    yield from map(str, found.value.problems)
    yield from (column.expected for table in TABLES.values() for column in table.columns)


def test_what_is_wrong_in_a_table_is_told_in_spanish(tmp_path: Path) -> None:
    said = {text: told(SPANISH, text) for text in bad_problems(tmp_path)}
    assert len(said) > 100
    assert [text for text, one in said.items() if UNTOLD in one] == []
    assert said[
        'schools row 2, column grades: found "?", expected grades like PK-5 or K|3-5 (PK, TK, K, 1 to 13)'
    ] == (
        "escuelas, fila 2, columna grades: se encontró «?»; se esperaba grados como PK-5 o K|3-5 (PK, TK, K, 1 a 13)"
    )


def test_warnings_of_a_district_are_told_in_spanish() -> None:
    district, _ = plan_of("demo")
    assert district.warnings
    assert not any(UNTOLD in told(SPANISH, warning) for warning in district.warnings)
