"""Secrets that let someone in: handed out once, kept as a SHA-256 only.

They are 256 random bits, so a fast hash is enough: nobody can try them all, and who reads the database cannot use it.
"""

import hashlib
import secrets


def new_secret() -> str:
    """Return 256 random bits as 43 characters that stand in links, headers and cookies as they are."""
    return secrets.token_urlsafe(32)


def sha256_of(secret: str) -> str:
    """Return what is kept of a secret; looked up by it, a secret is never compared character by character."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
