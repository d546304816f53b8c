"""People, their roles, and who may be left out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import ConflictError, NotFoundError, NotSignedInError
from service.people import invitations, sessions, tokens
from service.people.principal import Membership, Role
from service.people.recognition import principal_of_session, principal_of_token
from service.people.users import (
    change_user,
    create_user,
    find_user,
    fold_email,
    list_users,
    remove_role,
    set_role,
)
from service.storage.database import Database


def test_an_email_is_kept_without_spaces_in_lower_case() -> None:
    assert fold_email(" Ana@School.ORG ") == "ana@school.org"


def test_no_one_gets_the_email_of_another_by_a_letter_that_folds_to_it() -> None:
    assert fold_email("mi\u212ae@school.org") != fold_email("mike@school.org")


@pytest.mark.parametrize(
    "email", ["", "ana", "@school.org", "ana@", "a na@school.org", "a@b@c", "a@b\nc", "x" * 251 + "@b.c"]
)
def test_what_is_no_email_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match="expected one such as"):
        fold_email(email)


def test_two_people_cannot_have_one_email(database: Database, ana: int) -> None:
    with database.writing() as connection, pytest.raises(ConflictError, match="one that nobody has"):
        create_user(connection, "ANA@school.org", "Another Ana")


def test_a_person_keeps_their_own_email_when_it_is_given_again(database: Database, ana: int) -> None:
    with database.writing() as connection:
        change_user(connection, ana, email="Ana@school.org", name="Ana  Ruiz-Lee")
        assert find_user(connection, ana).name == "Ana Ruiz-Lee"


@pytest.mark.parametrize("name", ["", "  ", "x" * 255, "Ana\x00"])
def test_a_blank_or_unprintable_name_is_refused(database: Database, name: str) -> None:
    with database.writing() as connection, pytest.raises(ValueError, match="Name: expected"):
        create_user(connection, "ana@school.org", name)


def test_a_role_is_replaced_by_another_in_the_same_district(
    database: Database, ana: int, district: int
) -> None:
    with database.writing() as connection:
        set_role(connection, ana, district, Role.LEADER, ["S1", "S2"])
        set_role(connection, ana, district, Role.PARTNER, ["P1"])
        found = find_user(connection, ana).memberships
    assert found == (Membership(district, "riverside", Role.PARTNER, frozenset({"P1"})),)


def test_a_removed_role_is_gone(database: Database, ana: int, district: int) -> None:
    with database.writing() as connection:
        set_role(connection, ana, district, Role.BOARD)
        remove_role(connection, ana, district)
        assert find_user(connection, ana).memberships == ()


@pytest.mark.parametrize(
    ("role", "of", "expected"),
    [
        (Role.LEADER, [], "expected the school_id"),
        (Role.PARTNER, [], "expected the partner_id"),
        (Role.BOARD, ["S1"], "expected no school or partner"),
        (Role.ADMIN, [], "admin is one of the installation"),
    ],
)
def test_a_role_without_what_it_is_of_is_refused(
    database: Database, ana: int, district: int, role: Role, of: list[str], expected: str
) -> None:
    with database.writing() as connection, pytest.raises(ValueError, match=expected):
        set_role(connection, ana, district, role, of)


@pytest.mark.parametrize(("role", "of"), [(Role.LEADER, ["S1", "P1"]), (Role.PARTNER, ["S1"])])
def test_a_role_of_a_school_or_partner_that_is_not_there_is_refused(
    database: Database, ana: int, district: int, role: Role, of: list[str]
) -> None:
    with database.writing() as connection, pytest.raises(NotFoundError, match="expected one of the district"):
        set_role(connection, ana, district, role, of)


def test_nobody_is_changed_who_is_not_there(database: Database, district: int) -> None:
    with database.writing() as connection:
        with pytest.raises(NotFoundError, match="User 99"):
            change_user(connection, 99)
        with pytest.raises(NotFoundError, match="User 99"):
            set_role(connection, 99, district, Role.BOARD)


@pytest.mark.parametrize(("is_admin", "is_active"), [(False, None), (None, False)])
def test_the_last_admin_stays(
    database: Database, ana: int, is_admin: bool | None, is_active: bool | None
) -> None:
    with database.writing() as connection:
        change_user(connection, ana, is_admin=True)
        with pytest.raises(ConflictError, match="another active admin"):
            change_user(connection, ana, is_admin=is_admin, is_active=is_active)
        create_user(connection, "bo@school.org", "Bo", is_admin=True)
        change_user(connection, ana, is_admin=is_admin, is_active=is_active)


def test_two_admins_cannot_take_the_role_from_each_other_at_once(database: Database) -> None:
    with database.writing() as connection:
        both = [create_user(connection, f"{name}@school.org", name, is_admin=True) for name in ("ana", "bo")]

    def demote(user_id: int) -> bool:
        try:
            with database.writing() as connection:
                change_user(connection, user_id, is_admin=False)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, both)) == [False, True]


def test_whoever_is_deactivated_is_out_at_once(database: Database, ana: int, district: int) -> None:
    with database.writing() as connection:
        session = sessions.start(connection, ana)
        link = invitations.invite(connection, ana)
        _, token = tokens.issue(connection, district, tokens.Grant("sync", Role.BOARD), created_by=ana)
        change_user(connection, ana, is_active=False)
        assert principal_of_session(connection, session.secret) is None
        assert principal_of_token(connection, token) is None
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.find_invitation(connection, link)
        with pytest.raises(NotSignedInError, match="active"):
            sessions.start(connection, ana)
        with pytest.raises(NotFoundError, match="active"):
            invitations.invite(connection, ana)


def test_a_token_ends_with_the_role_it_was_made_with(database: Database, ana: int, district: int) -> None:
    with database.writing() as connection:
        create_user(connection, "bo@school.org", "Bo", is_admin=True)
        losses: list[Callable[[], None]] = [
            lambda: remove_role(connection, ana, district),
            lambda: set_role(connection, ana, district, Role.BOARD),
            lambda: change_user(connection, ana, is_admin=False),
        ]
        for lose in losses:
            _, secret = tokens.issue(connection, district, tokens.Grant("sync", Role.BOARD), created_by=ana)
            set_role(connection, ana, district, Role.COORDINATOR)
            assert principal_of_token(connection, secret) is not None
            lose()
            assert principal_of_token(connection, secret) is None


def test_a_session_does_not_come_back_with_its_person(database: Database, ana: int) -> None:
    with database.writing() as connection:
        session = sessions.start(connection, ana)
        change_user(connection, ana, is_active=False)
        change_user(connection, ana, is_active=True)
        assert principal_of_session(connection, session.secret) is None


def test_people_are_listed_with_their_roles(database: Database, ana: int, district: int) -> None:
    with database.writing() as connection:
        create_user(connection, "bo@school.org", "Bo")
        set_role(connection, ana, district, Role.LEADER, ["S2", "S1"])
        listed = list_users(connection)
    assert [(user.email, user.has_signed_up, len(user.memberships)) for user in listed] == [
        ("ana@school.org", False, 1),
        ("bo@school.org", False, 0),
    ]
