"""What is compared as text: which columns, cleaned of what, and who is never in it."""

import numpy as np

from embeddings import WordHashEncoder
from matching.texts import Texts, need_texts, offer_texts, plain_text
from tests.districts import make_district, make_need, make_offer, make_partner


def test_a_needs_text_is_title_statement_goal_and_focus_area() -> None:
    need = make_need(statement="Readers wanted.", title="Books", focus_area="ELA", goal="Read by 3rd grade")
    assert need_texts(make_district([need]).needs) == ["Books. Readers wanted. Read by 3rd grade. ELA"]


def test_blank_columns_leave_no_trace_in_a_text() -> None:
    assert need_texts(make_district([make_need(statement="Readers wanted.")]).needs) == ["Readers wanted"]


def test_an_offers_text_is_its_focus_then_who_the_partner_is() -> None:
    partner = make_partner(description="A club of retired teachers.", contact_name="Mo", priorities="music")
    district = make_district([], [make_offer(focus="We tutor.")], partners=[partner])
    assert offer_texts(district) == ["We tutor. A club of retired teachers"]


def test_each_offer_is_described_by_its_own_partner() -> None:
    partners = [make_partner("p1", description="One"), make_partner("p0", description="Zero")]
    offers = [make_offer(partner_id=name, focus="F") for name in ("p0", "p1", "p0")]
    assert offer_texts(make_district([], offers, partners=partners)) == ["F. Zero", "F. One", "F. Zero"]


def test_tags_of_a_web_page_are_no_text() -> None:
    assert plain_text("<p>Read  with <b>us</b></p>\n 3 < 4") == "Read with us 3 < 4"


def test_blocks_and_pairs_have_the_same_scores() -> None:
    needs = [make_need(statement=text) for text in ("reading mentors", "math help", "warm coats")]
    offers = [make_offer(focus=text) for text in ("coats and shoes", "mentors who read")]
    texts = Texts(make_district(needs, offers), WordHashEncoder())
    need, offer = np.divmod(np.arange(6), 2)
    pairs, block = texts.pairs(need, offer), texts.block(0, 3)
    assert pairs.dense.tolist() == block.dense.ravel().tolist()
    assert pairs.similarity.tolist() == block.similarity.ravel().tolist()
    assert texts.block(1, 3).lexical.tolist() == block.lexical[1:].tolist()


def test_priorities_are_unknown_only_where_the_partner_names_none() -> None:
    partners = [make_partner("p0", priorities="reading|mentoring"), make_partner("p1")]
    offers = [make_offer(partner_id="p0"), make_offer(partner_id="p1")]
    district = make_district([make_need(statement="reading mentoring")], offers, partners=partners)
    found = Texts(district, WordHashEncoder()).priorities(np.array([0, 0]), np.array([0, 1]))
    assert found[0] > 0.5
    assert np.isnan(found[1])
    none = make_district([make_need()], [make_offer()])
    assert np.isnan(Texts(none, WordHashEncoder()).priorities(np.array([0]), np.array([0]))).all()
