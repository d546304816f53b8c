"""A small district with a match, a gap, contacts and comments, and what the tests read out of its results."""

from __future__ import annotations

import zipfile
from html.parser import HTMLParser
from pathlib import Path

from matching.pipeline import Matching
from matching.recruiting import recruiting_brief
from matching.report.page import page_of
from matching.report.story import story_of
from matching.report.summary import provenance_of
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import run_match

CONTACT = "Contact Person 555-0199"
CONTACTS: Row = {"contact_name": CONTACT, "contact_email": f"{CONTACT}@example.org", "contact_phone": CONTACT}


def make_matching(**texts: str) -> Matching:
    """Return a matching in which n0 gets 3 of 5 slots and n1, which nobody offers, none of 4."""
    said = {
        "school": "Elm Street",
        "statement": "Help with reading",
        "partner": "Readers",
        "comment": "More books",
    }
    said |= texts
    return run_match(
        make_district(
            [
                make_need("n0", school_id="s0", statement=said["statement"], slots=5, priority=1),
                make_need("n1", school_id="s1", kind="tutoring", slots=4, priority=2),
            ],
            [make_offer("o0", partner_id="p0", focus="Help with reading", slots=3)],
            schools=[make_school("s0", name=said["school"], **CONTACTS), make_school("s1", name="Oak Hill")],
            partners=[make_partner("p0", name=said["partner"], **CONTACTS)],
            comments=[{"school_id": "s1", "respondent": "family", "text": said["comment"], "term": "fall"}],
        )
    )


def make_large_matching(num_needs: int) -> Matching:
    """Return a matching with a match a need, all of one slot and one partner."""
    needs = [make_need(f"n{i}", kind="resources", slots=1, school_id=f"s{i % 7}") for i in range(num_needs)]
    return run_match(make_district(needs, [make_offer("o0", kinds=["resources"], slots=num_needs)]))


def page(matching: Matching) -> str:
    return page_of(story_of(matching, recruiting_brief(matching)), provenance_of(matching))


def everything_in(folder: Path) -> str:
    """Return the text of all files, the parts of the workbook unpacked."""
    texts = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                texts += [archive.read(name).decode() for name in archive.namelist()]
        else:
            texts.append(path.read_text(encoding="utf-8"))
    return "\n".join(texts)


class Outline(HTMLParser):
    """What a page is made of: its tags with their attributes, in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _, attributes in self.tags if attribute in attributes]
