"""Signing in with OpenID Connect: authorization code with PKCE, state and nonce, and an ID token that is checked.

Nobody gets in who is not known here: whoever signs in for the first time needs an account, made by an admin, with the
same e-mail, and the provider's word that it is verified; from then on they are known by issuer and subject.

References
----------
OpenID Connect Core 1.0, section 3.1.3.7; RFC 7636 (PKCE); RFC 9700, "Best Current Practice for OAuth 2.0 Security".
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.httpx_client import OAuth2Client, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from sqlalchemy import Connection, insert, select

from service.errors import NotSignedInError
from service.people.secret import new_secret
from service.people.users import fold_email
from service.storage.tables import identities, users

# Signatures by a key pair alone: with the others whoever can check an ID token could make one.
_ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
_LEEWAY_SECONDS: Final = 60
_KEPT_SECONDS: Final = 3600
_FAILED: Final = "Signing in with {name} did not work; try again, or sign in with your password."
_UNKNOWN: Final = "No account here belongs to you at {name}; ask an admin to invite your e-mail."


@dataclass(frozen=True, slots=True)
class Client:
    """How this installation is registered at a provider; ``name`` stands on the button."""

    issuer: str
    client_id: str
    client_secret: str = ""
    name: str = "OpenID Connect"

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        is_local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not self.client_id or not (is_local or (parts.scheme == "https" and parts.hostname)):
            raise ValueError(
                f"OpenID Connect: expected an https issuer and a client id, got {self.issuer!r}."
            )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in: all it has to remember follows from one secret, which its browser keeps in a cookie."""

    secret: str

    @classmethod
    def new(cls) -> "Attempt":
        """Return an attempt like no other."""
        return cls(new_secret())

    @property
    def state(self) -> str:
        """What comes back with the code, to show that this browser asked for it."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What comes back in the ID token, to show that it was made for this attempt."""
        return self._derived("nonce")

    @property
    def code_verifier(self) -> str:
        """What shows the provider that whoever redeems the code asked for it."""
        return self._derived("code verifier")

    def _derived(self, label: str) -> str:
        return hmac.new(self.secret.encode(), label.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider says it is; ``email`` is "" where it does not say that it is verified."""

    issuer: str
    subject: str
    email: str


class Provider:
    """A provider of OpenID Connect; what it says of itself is read when first needed, and again after an hour."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}  # Any: JSON
        self._keys = KeySet([])
        self._read_at = -float("inf")

    def authorization_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return where to send the browser.

        Raises
        ------
        NotSignedInError
            Where the provider does not answer as it should.
        """
        try:
            metadata, _ = self._known()
            with self._session(redirect_uri) as session:
                url, _ = session.create_authorization_url(
                    metadata["authorization_endpoint"],
                    state=attempt.state,
                    nonce=attempt.nonce,
                    code_verifier=attempt.code_verifier,
                )
        except (httpx2.HTTPError, OAuthError, JoseError, ValueError, KeyError) as error:
            raise self._failed() from error
        return str(url)

    def identity_of(self, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str) -> Identity:
        """Return who came back from the provider.

        Parameters
        ----------
        attempt
            The one this browser began.
        answer
            The parameters it came back with.
        redirect_uri
            The same as at its beginning.

        Raises
        ------
        NotSignedInError
            Where anything is not as it must be; why is the cause of the exception, and not for the browser.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise self._failed() from ValueError("state is of another attempt")
        if not answer.get("code"):
            raise self._failed() from ValueError(f"no code but error {answer.get('error', '')!r}")
        try:
            metadata, _ = self._known()
            with self._session(redirect_uri) as session:
                tokens = session.fetch_token(
                    metadata["token_endpoint"], code=answer["code"], code_verifier=attempt.code_verifier
                )
            claims = self._checked(tokens, attempt)
        except (httpx2.HTTPError, OAuthError, JoseError, ValueError, KeyError, TypeError) as error:
            raise self._failed() from error
        email = claims.get("email")
        is_verified = claims.get("email_verified") is True and isinstance(email, str)
        return Identity(self.client.issuer, claims["sub"], email if is_verified else "")

    def unknown(self) -> NotSignedInError:
        """Return what to tell someone who has no account here."""
        return NotSignedInError(_UNKNOWN.format(name=self.client.name))

    def _failed(self) -> NotSignedInError:
        return NotSignedInError(_FAILED.format(name=self.client.name))

    def _session(self, redirect_uri: str) -> OAuth2Client:
        client = self.client
        return OAuth2Client(
            client.client_id,
            client.client_secret or None,
            scope="openid email profile",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=10,
        )

    def _known(self, *, anew: bool = False) -> tuple[dict[str, Any], KeySet]:
        """Return what the provider says of itself, and its keys."""
        with self._lock:
            if anew or time.monotonic() - self._read_at > _KEPT_SECONDS:
                metadata = _read_json(self.client.issuer.rstrip("/") + "/.well-known/openid-configuration")
                if metadata.get("issuer") != self.client.issuer:
                    raise ValueError(
                        f"Issuer: expected {self.client.issuer}, found {metadata.get('issuer')!r}."
                    )
                self._keys = KeySet.import_key_set(_read_json(metadata["jwks_uri"]))  # type: ignore[arg-type]  # checked there
                self._metadata, self._read_at = metadata, time.monotonic()
            return self._metadata, self._keys

    def _checked(self, tokens: Mapping[str, Any], attempt: Attempt) -> CodeIDToken:
        """Return the claims of an ID token that is signed by the provider, for us, for this attempt, and not over."""
        registry = JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False)
        _, keys = self._known()
        try:
            decoded = jwt.decode(tokens["id_token"], keys, registry=registry)
        except InvalidKeyIdError:
            # The provider has changed its keys since we read them.
            _, keys = self._known(anew=True)
            decoded = jwt.decode(tokens["id_token"], keys, registry=registry)
        must = {
            "iss": {"essential": True, "value": self.client.issuer},
            "aud": {"essential": True, "value": self.client.client_id},
            "sub": {"essential": True},
        }
        given = {"nonce": attempt.nonce, "client_id": self.client.client_id}
        claims = CodeIDToken(
            decoded.claims, decoded.header, must, given | {"access_token": tokens.get("access_token")}
        )
        claims.validate(leeway=_LEEWAY_SECONDS)
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise ValueError("Subject: expected a text.")
        return claims


def user_of(connection: Connection, identity: Identity) -> int | None:
    """Return the active person an identity is of, linking it where it comes for the first time; None for strangers.

    Parameters
    ----------
    connection
        In a write transaction.
    identity
        As the provider told it.
    """
    same = (identities.c.issuer == identity.issuer) & (identities.c.subject == identity.subject)
    known = select(users.c.id, users.c.is_active).join(identities, identities.c.user_id == users.c.id)
    found = connection.execute(known.where(same)).one_or_none()
    if found is not None:
        known_id: int = found.id
        return known_id if found.is_active else None
    return _link(connection, identity)


def _link(connection: Connection, identity: Identity) -> int | None:
    """Link an identity to the account of its verified e-mail, unless another of that provider is linked already."""
    try:
        email = fold_email(identity.email)
    except ValueError:
        return None
    account = select(users.c.id).where(users.c.email == email, users.c.is_active).with_for_update()
    user_id: int | None = connection.execute(account).scalar_one_or_none()
    other = (identities.c.user_id == user_id) & (identities.c.issuer == identity.issuer)
    if user_id is None or connection.execute(select(identities.c.subject).where(other)).first():
        return None
    row = {"issuer": identity.issuer, "subject": identity.subject, "user_id": user_id}
    connection.execute(insert(identities).values(row))
    return user_id


def _read_json(url: str) -> dict[str, Any]:  # Any: JSON
    answer = httpx2.get(url, timeout=10, follow_redirects=False)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError(f"{url}: expected a JSON object.")
    return found
