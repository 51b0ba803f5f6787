"""The sums of the whole file that an answer's headers offer. They are used if the listing has none."""

import base64
import binascii
import re
from collections.abc import Iterator

from downloads_app.sources.answers import AnswerHead

_BYTES = {"sha256": 32, "md5": 16}
_NAMES = {"sha-256": "sha256", "sha256": "sha256", "md5": "md5"}
_MEMBER = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*:?([A-Za-z0-9+/]+=*):?\s*(?:;.*)?")


def read_offered_sums(head: AnswerHead, *, is_partial: bool) -> dict[str, str]:
    """Return the sums in lower-case hex, by the name of their hash function.

    `Repr-Digest` (RFC 9530) and `Digest` (RFC 3230) are sums of the whole file, also in an answer with a part of it.
    `Content-MD5` (RFC 1864) is a sum of the body. Google's `X-Goog-Hash` is a sum of the stored bytes, which may be
    unpacked before they are sent.
    """
    if head.is_encoded:
        return {}
    headers = head.headers
    told = [*_read_members(headers.get("repr-digest", "")), *_read_members(headers.get("digest", ""))]
    if headers.get("x-goog-stored-content-encoding", "identity") == "identity":
        told += _read_members(headers.get("x-goog-hash", ""))
    if not is_partial and "content-md5" in headers:
        told.append(("md5", headers["content-md5"]))
    return {name: digest for name, text in told if (digest := _decode(name, text)) is not None}


def _read_members(header: str) -> Iterator[tuple[str, str]]:
    for member in header.split(","):
        match = _MEMBER.fullmatch(member)
        if match and match[1].lower() in _NAMES:
            yield _NAMES[match[1].lower()], match[2]


def _decode(name: str, text: str) -> str | None:
    """Return a sum in hex; None if its length is wrong."""
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == _BYTES[name] else None
