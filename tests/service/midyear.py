"""A small district at mid-year: moving help gains mentoring, one partner has left, one mentor stays."""

from datetime import date

from matching.district import District
from service.runs.job import Job, snapshot_of
from service.storage.districts import load_district
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation
from tests.service.planned import add_job

ON = date(2027, 1, 15)


def midyear() -> District:
    """Return two schools: Alder lacks mentors; Birch has some, tutors, and a club whose partner left."""
    needs = [
        make_need("n0", school_id="s0", statement="Reading mentors", slots=4, priority=1, kind="mentoring"),
        make_need("n1", school_id="s1", statement="Reading tutors", slots=4, priority=3, kind="tutoring"),
        make_need("n2", school_id="s1", statement="Algebra mentors", slots=2, priority=2, kind="mentoring"),
        make_need("n3", school_id="s1", statement="A robotics club", slots=3, priority=4, kind="program"),
    ]
    offers = [
        make_offer("o0", partner_id="p0", focus="Reading help", slots=4, kinds=["mentoring", "tutoring"]),
        make_offer("o1", partner_id="p1", focus="Algebra mentors", slots=2, kinds=["mentoring"]),
        make_offer("o2", partner_id="p2", focus="A robotics club", slots=0, kinds=["program"]),
    ]
    partners = [
        make_partner("p0", name="Readers", contact_name="Rosa Reader", contact_phone="555-0100"),
        make_partner("p1", name="Algebra Club"),
        make_partner("p2", name="Robots"),
    ]
    running = [
        {"need_id": f"n{n}", "offer_id": f"o{n - 1}", "slots": slots, "status": "active"}
        for n, slots in ((1, 4), (2, 2), (3, 3))
    ]
    schools = [
        make_school("s0", name="Alder", contact_name="Ann Alder", contact_phone="555-0101"),
        make_school("s1", name="Birch"),
    ]
    return make_district(needs, offers, partners=partners, schools=schools, partnerships=running)


def add_midyear(installation: Installation) -> int:
    """Add the district under the key ``calder``, and return its id."""
    return installation.add_district("calder", midyear())


def add_curve(installation: Installation, district_id: int) -> str:
    """Add a curve that is done to a district, and return the id of its run."""
    with installation.database.reading() as connection:
        snapshot = snapshot_of(load_district(connection, district_id, with_contacts=False))
    job = Job("curve", "calder", snapshot, on=ON, model="words", policy="", effort="quick")
    return add_job(installation.database, job, district_id)
