"""A provider of OpenID Connect on loopback, which can be told to do each thing a bad one would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class LocalProvider:
    """Signs whoever comes in as one person; ``person`` and ``claims`` are put into the ID token over all else."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.client_id, self.client_secret = "partnermatch", "s3cret"
        self.key = self.signing_key = new_key("first")
        self.person: dict[str, object] = {"sub": "248289", "email": "ana@school.org", "email_verified": True}
        self.claims: dict[str, object] = {}
        self.header: dict[str, object] = {"alg": "RS256", "kid": "first"}
        self.metadata: dict[str, object] = {}
        self.is_down = False
        self.codes: dict[str, dict[str, str]] = {}

    def document(self) -> dict[str, object]:
        """Return what the provider says of itself."""
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return (
            {"issuer": self.issuer}
            | {name: f"{self.issuer}/{end}" for name, end in ends.items()}
            | self.metadata
        )

    def authorize(self, query: str) -> str:
        """Return where the browser is sent back to, with a code."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == self.client_id
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"]})

    def redeem(self, sent: dict[str, str], authorization: str) -> dict[str, object] | None:
        """Return tokens for a code, once, to the client that has its verifier."""
        asked = self.codes.pop(sent.get("code", ""), None)
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = _base64(digest)
        if asked is None or authorization != f"Basic {basic}" or asked["code_challenge"] != challenge:
            return None
        if asked["redirect_uri"] != sent.get("redirect_uri"):
            return None
        now = int(time.time())
        times = {"iat": now, "exp": now + 300}
        claims = {"iss": self.issuer, "aud": self.client_id, "nonce": asked["nonce"], **times, **self.person}
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return {
            "access_token": secrets.token_urlsafe(),
            "token_type": "Bearer",
            "id_token": self.signed(claims),
        }

    def signed(self, claims: dict[str, object]) -> str:
        """Return an ID token: by RSA as it should be, or as an attacker signs who has the public key alone."""
        if self.header["alg"] == "RS256":
            return jwt.encode(self.header, claims, self.signing_key)
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (self.header, claims))
        mac = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{_base64(mac) if self.header['alg'] == 'HS256' else ''}"


@cache
def new_key(name: str) -> RSAKey:
    """Return the key of a name, the same whenever asked: making one takes long."""
    return RSAKey.generate_key(2048, {"kid": name}, auto_kid=False)


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


@contextmanager
def local_provider() -> Iterator[LocalProvider]:
    """Run a provider on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if provider.is_down:
                self.send_error(503)
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(parts.query))
                self.end_headers()
            elif parts.path == "/keys":
                self.answer(200, {"keys": [provider.key.as_dict(private=False)]})
            else:
                self.answer(200, provider.document())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            tokens = provider.redeem(sent, self.headers.get("Authorization", ""))
            self.answer(200 if tokens else 400, tokens or {"error": "invalid_grant"})

        def answer(self, status: int, value: object) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = LocalProvider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
