"""Passwords that are hashed fast: how slow it is is for the library to test."""

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from service.people.passwords import Passwords


def fast_passwords() -> Passwords:
    return Passwords(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
