"""Reads values in a provider's documents: JSON, sizes, sums. Also makes addresses of names."""

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from downloads_app.errors import SourceError

MAX_SIZE_BYTES = 2**63 - 1
MAX_FILES = 100_000
"""In one listing."""
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_BETWEEN_ITEMS = re.compile(r"[ \t\r\n,]*")
_DECODER = json.JSONDecoder()


def parse_json(body: bytes, what: str) -> object:
    """Decode JSON from outside. Raises a permanent SourceError that says that `what` cannot be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _unreadable(what) from None


def parse_json_rows(body: bytes, what: str) -> Iterator[object]:
    """Yield the items of a JSON array one by one: no single call holds the interpreter for long.

    Missing or extra commas between items are accepted. Raises a permanent SourceError like `parse_json`.
    """
    try:
        text = body.decode().strip()
        if not text.startswith("[") or not text.endswith("]"):
            raise _unreadable(what)
        at, end = 1, len(text) - 1
        while (at := _skip(text, at)) < end:
            item, at = _DECODER.raw_decode(text, at)
            yield item
    except (ValueError, RecursionError):
        raise _unreadable(what) from None


def read_size(value: object) -> int | None:
    """Return a size from outside, in bytes; None for unknown. Raises ValueError for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SIZE_BYTES:
        raise ValueError("its size is not a whole number of bytes")
    return value


def read_sha256(value: object) -> str | None:
    """Return a SHA-256 from outside in lowercase hex; None for unknown. Raises ValueError for anything else."""
    if value is None:
        return None
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError("its sha256 is not 64 hexadecimal digits")
    return value.lower()


def read_base64_sum(text: str, length_bytes: int) -> str | None:
    """Return a sum that a header has in Base64, in lowercase hex; None if it is none of that length."""
    try:
        digest = base64.b64decode(text, validate=True)
    except ValueError:  # also for characters that are not ASCII
        return None
    return digest.hex() if len(digest) == length_bytes else None


def quote_path(path: str) -> str:
    """Percent-encode each segment of a path: then `?`, `#` and `%` in a name stay part of the name."""
    return quote(path, safe="/", errors="surrogatepass")  # check_path refuses such a name, if it is wanted


def _skip(text: str, at: int) -> int:
    found = _BETWEEN_ITEMS.match(text, at)
    return found.end() if found else at


def _unreadable(what: str) -> SourceError:
    return SourceError(f"{what} is not JSON that can be read", permanent=True)
