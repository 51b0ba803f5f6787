"""How an API key looks: `dla_`, 34 random letters and digits, and 6 that are a checksum.

The checksum is the CRC-32 of the 34 characters, in base 62 (0-9 A-Z a-z), filled up with zeros: the way of GitHub's
tokens (https://github.blog/engineering/behind-githubs-new-authentication-token-formats/). With it, scanners and we
ourselves know a key without the database. It proves nothing: anybody can compute one.
"""

import hashlib
import re
import secrets
import string
import zlib

from downloads_app.errors import NotAuthenticated

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIXES = ("dla_", "hf_dla")
"""The second one is for tools of the hub's world, which drop tokens of another form. Both name the same key."""
RANDOM_LENGTH = 34
CHECKSUM_LENGTH = 6
HINT_LENGTH = len(PREFIXES[0]) + 4
MALFORMED = "This is not an API key: its form or its checksum is wrong"
_CHARACTERS = re.compile(f"[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}")


def make_key() -> str:
    """Return a new random key."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return f"{PREFIXES[0]}{body}{checksum_of(body)}"


def looks_like_key(raw: str) -> bool:
    """Whether somebody means this as an API key: it begins like one."""
    return raw.startswith(PREFIXES)


def read_key(raw: str) -> str:
    """Return a key in its first form; raises NotAuthenticated unless form and checksum are right."""
    prefix = next((prefix for prefix in PREFIXES if raw.startswith(prefix)), None)
    rest = raw[len(prefix) :] if prefix else ""
    if not _CHARACTERS.fullmatch(rest) or checksum_of(rest[:RANDOM_LENGTH]) != rest[RANDOM_LENGTH:]:
        raise NotAuthenticated(MALFORMED)
    return PREFIXES[0] + rest


def checksum_of(body: str) -> str:
    """Return the last characters of the key whose random ones are `body`."""
    number, digits = zlib.crc32(body.encode("ascii")), ""
    while len(digits) < CHECKSUM_LENGTH:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def digest_of(key: str) -> str:
    """Return what is stored of a key. Finding a row by it tells nothing about the key by the time it takes."""
    return hashlib.sha256(key.encode("ascii")).hexdigest()
