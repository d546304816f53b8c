"""Signing in with OpenID Connect, against a provider on loopback that may lie."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import func, select

from service.errors import NotSignedInError
from service.people.oidc import Attempt, Client, Identity, Provider, user_of
from service.people.users import change_user, create_user
from service.storage.database import Database
from service.storage.tables import identities
from tests.service.people.provider import LocalProvider, local_provider, new_key

REDIRECT = "http://localhost:8000/sign-in/openid/return"


@pytest.fixture
def local() -> Iterator[LocalProvider]:
    with local_provider() as provider:
        yield provider


@pytest.fixture
def provider(local: LocalProvider) -> Provider:
    return Provider(Client(local.issuer, local.client_id, local.client_secret))


def sent_back(provider: Provider, attempt: Attempt) -> dict[str, str]:
    """Return what a browser comes back with that goes where it is sent."""
    answer = httpx2.get(provider.authorization_url(attempt, REDIRECT))
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def signed_in(provider: Provider) -> Identity:
    attempt = Attempt.new()
    return provider.identity_of(attempt, sent_back(provider, attempt), REDIRECT)


def why_refused(provider: Provider) -> str:
    with pytest.raises(NotSignedInError, match="did not work") as refused:
        signed_in(provider)
    return f"{type(refused.value.__cause__).__name__} {refused.value.__cause__}"


def test_whoever_the_provider_signs_in_is_known_by_issuer_and_subject(
    local: LocalProvider, provider: Provider
) -> None:
    assert signed_in(provider) == Identity(local.issuer, "248289", "ana@school.org")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "of another attempt"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another client"}, "aud"),
        ({"aud": "another client", "azp": "partnermatch"}, "aud"),
        ({"aud": None}, "aud"),
        ({"azp": "another client"}, "azp"),
        ({"iss": "https://elsewhere.example"}, "iss"),
        ({"exp": 1_600_000_000}, "expired"),
        ({"exp": None}, "exp"),
        ({"iat": 4_000_000_000}, "valid"),
        ({"nbf": 4_000_000_000}, ""),
        ({"sub": None}, "sub"),
        ({"sub": ""}, ""),
        ({"sub": 7}, ""),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
    ],
)
def test_an_id_token_with_a_claim_that_is_wrong_lets_nobody_in(
    local: LocalProvider, provider: Provider, claims: dict[str, object], reason: str
) -> None:
    local.claims = claims
    assert reason in why_refused(provider)


def test_a_bad_signature_lets_nobody_in(local: LocalProvider, provider: Provider) -> None:
    local.signing_key = new_key("of someone else")
    assert "BadSignature" in why_refused(provider)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_signature_that_anyone_can_make_lets_nobody_in(
    local: LocalProvider, provider: Provider, algorithm: str
) -> None:
    local.header = {"alg": algorithm, "kid": "first"}
    assert "UnsupportedAlgorithm" in why_refused(provider)


def test_keys_that_the_provider_has_changed_are_read_again(local: LocalProvider, provider: Provider) -> None:
    signed_in(provider)
    local.key = local.signing_key = new_key("second")
    local.header = {"alg": "RS256", "kid": "second"}
    assert signed_in(provider).subject == "248289"


def test_the_state_of_another_attempt_lets_nobody_in(provider: Provider) -> None:
    theirs = sent_back(provider, Attempt.new())
    with pytest.raises(NotSignedInError) as refused:
        provider.identity_of(Attempt.new(), theirs, REDIRECT)
    assert "state" in str(refused.value.__cause__)


def test_coming_back_twice_lets_in_once(provider: Provider) -> None:
    attempt = Attempt.new()
    answer = sent_back(provider, attempt)
    provider.identity_of(attempt, answer, REDIRECT)
    with pytest.raises(NotSignedInError, match="did not work"):
        provider.identity_of(attempt, answer, REDIRECT)


def test_a_code_of_another_attempt_lets_nobody_in(provider: Provider) -> None:
    mine = Attempt.new()
    stolen = sent_back(provider, Attempt.new())["code"]
    with pytest.raises(NotSignedInError) as refused:
        provider.identity_of(mine, {"code": stolen, "state": mine.state}, REDIRECT)
    assert "invalid_grant" in str(refused.value.__cause__)


@pytest.mark.parametrize("answer", [{}, {"error": "access_denied"}, {"code": ""}])
def test_whoever_comes_back_without_a_code_stays_out(provider: Provider, answer: dict[str, str]) -> None:
    attempt = Attempt.new()
    with pytest.raises(NotSignedInError, match="did not work"):
        provider.identity_of(attempt, answer | {"state": attempt.state}, REDIRECT)


def test_a_provider_that_says_it_is_another_lets_nobody_in(local: LocalProvider, provider: Provider) -> None:
    local.metadata = {"issuer": "https://elsewhere.example"}
    with pytest.raises(NotSignedInError, match="did not work"):
        provider.authorization_url(Attempt.new(), REDIRECT)


def test_a_provider_that_is_down_is_told_as_such_and_tried_again(
    local: LocalProvider, provider: Provider
) -> None:
    local.is_down = True
    with pytest.raises(NotSignedInError, match="did not work"):
        provider.authorization_url(Attempt.new(), REDIRECT)
    local.is_down = False
    assert signed_in(provider).subject == "248289"


@pytest.mark.parametrize("issuer", ["http://idp.example", "ftp://idp.example", "", "https://"])
def test_an_issuer_in_the_clear_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match="https issuer"):
        Client(issuer, "partnermatch")


def test_the_secrets_of_an_attempt_tell_nothing_of_each_other() -> None:
    attempt = Attempt.new()
    values = {attempt.secret, attempt.state, attempt.nonce, attempt.code_verifier, Attempt.new().state}
    assert len(values) == 5
    assert 43 <= len(attempt.code_verifier) <= 128  # RFC 7636, section 4.1


@pytest.mark.parametrize("is_verified", [False, None, "true", 1])
def test_an_email_that_is_not_verified_is_none(
    local: LocalProvider, provider: Provider, is_verified: object
) -> None:
    local.person["email_verified"] = is_verified
    assert signed_in(provider).email == ""


def test_a_verified_email_links_to_the_account_and_the_subject_is_known_from_then_on(
    database: Database, ana: int
) -> None:
    with database.writing() as connection:
        assert user_of(connection, Identity("https://idp", "1", "Ana@School.org")) == ana
        change_user(connection, ana, email="ana@elsewhere.org")
        assert user_of(connection, Identity("https://idp", "1", "")) == ana


@pytest.mark.parametrize("email", ["", "bo@school.org", "an\u0061\u0301@school.org"])
def test_strangers_stay_strangers(database: Database, ana: int, email: str) -> None:
    with database.writing() as connection:
        assert user_of(connection, Identity("https://idp", "1", email)) is None
        assert connection.execute(select(func.count()).select_from(identities)).scalar_one() == 0


def test_an_account_linked_already_is_not_given_to_another_subject(database: Database, ana: int) -> None:
    with database.writing() as connection:
        user_of(connection, Identity("https://idp", "1", "ana@school.org"))
        assert user_of(connection, Identity("https://idp", "2", "ana@school.org")) is None


def test_the_same_subject_of_another_issuer_is_someone_else(database: Database, ana: int) -> None:
    with database.writing() as connection:
        user_of(connection, Identity("https://idp", "1", "ana@school.org"))
        assert user_of(connection, Identity("https://other", "1", "")) is None


def test_no_identity_gets_in_whose_person_is_not_active(database: Database, ana: int) -> None:
    linked = Identity("https://idp", "1", "ana@school.org")
    with database.writing() as connection:
        bo = create_user(connection, "bo@school.org", "Bo")
        user_of(connection, linked)
        for person in (ana, bo):
            change_user(connection, person, is_active=False)
        assert user_of(connection, linked) is None
        assert user_of(connection, Identity("https://idp", "2", "bo@school.org")) is None
