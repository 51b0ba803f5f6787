"""Passwords: which are allowed, how they are stored and compared. Needs no database."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from downloads_app.errors import InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 200
MAX_TRIED_BYTES = 1024  # hashing time grows with the length
NO_HASH = "!"
"""Stored in place of a hash for a user who signs in elsewhere: no password matches it."""
_EASY_GUESSES = 1_000_000
"""A password that zxcvbn finds within this number of guesses is refused, like a common one."""
CONTEXT_WORDS = ("download", "downloads", "downloads_app", "model", "models", "huggingface", "ollama")
"""Words that an attacker who knows this service tries first."""
_JUDGED_LENGTH = 24
"""Characters that are judged at the beginning and at the end: the time to judge grows faster than the length."""
# Argon2id as OWASP's password storage cheat sheet has it: about 30 ms, and 19 MiB a sign-in under way.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))


def hash_password(password: str, username: str = "", field: str = "password") -> str:
    """Hash the password that a user is to have (tens of milliseconds of CPU).

    Raises InvalidInput for an unfit one, which names the `field` that it came in.
    """
    fault = find_fault(password, username)
    if fault:
        raise InvalidInput(f"{field}: {fault}", {field: fault})
    return _hasher.hash(password)


def find_fault(password: str, username: str = "") -> str | None:
    """Say why this cannot be the user's password; None where it can (NIST SP 800-63B, section 3.1.1)."""
    if len(password) < MIN_LENGTH:
        return f"at least {MIN_LENGTH} characters"
    if len(password) > MAX_LENGTH:
        return f"at most {MAX_LENGTH} characters"
    if password.casefold() == username.casefold():
        return "it is the user's name"
    if _is_easily_guessed(password, username):
        return "it is one of the common ones, or is made of one; several words that do not belong together are better"
    return None


def _is_easily_guessed(password: str, username: str) -> bool:
    from zxcvbn import zxcvbn  # its word lists take a tenth of a second to load

    parts = {password[:_JUDGED_LENGTH], password[-_JUDGED_LENGTH:]}
    inputs = [username, *CONTEXT_WORDS] if username else list(CONTEXT_WORDS)
    return all(zxcvbn(part, user_inputs=inputs)["guesses"] < _EASY_GUESSES for part in parts)


def matches(password_hash: str | None, password: str) -> bool:
    """Compare, in the same time whether the user exists (None: no such user) and has a password, or not."""
    if password_hash == NO_HASH:
        password_hash = None
    if len(password.encode("utf-8", "surrogatepass")) > MAX_TRIED_BYTES:
        return False
    try:
        is_right = _hasher.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return is_right and password_hash is not None
