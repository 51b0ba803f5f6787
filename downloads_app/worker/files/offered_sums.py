"""The sums of the whole file that an answer's headers offer. They are used if the listing has none."""

import re
from collections.abc import Iterator

from downloads_app.sources.answers import AnswerHead
from downloads_app.sources.documents import read_base64_sum
from downloads_app.sources.s3.sums import are_of_whole

_BYTES = {"sha256": 32, "sha512": 64, "sha1": 20, "git": 20, "md5": 16, "crc32": 4}
_NAMES = {"sha-256": "sha256", "sha-512": "sha512", "sha": "sha1", "sha-1": "sha1", "sha256": "sha256", "md5": "md5"}
_MEMBER = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*:?([A-Za-z0-9+/]+=*):?\s*(?:;.*)?")
_IN_HEX = (
    ("x-checksum-sha256", "sha256"),  # Artifactory, Nexus
    ("x-checksum-sha1", "sha1"),
    ("x-checksum-md5", "md5"),
    ("x-bz-content-sha1", "sha1"),  # Backblaze B2
)
_IN_BASE64 = (
    ("x-amz-checksum-sha256", "sha256"),  # Amazon S3; a sum of parts' sums ends in `-3`, say, and cannot be read
    ("x-amz-checksum-sha1", "sha1"),
    ("x-amz-checksum-crc32", "crc32"),
    ("x-ms-blob-content-md5", "md5"),  # Azure
)
_NAMED = {"repr-digest", "digest", "x-goog-hash", "content-digest", "content-md5", "oc-checksum", "x-linked-etag"}
_NAMED |= {"x-repo-commit", *(header for header, _ in (*_IN_HEX, *_IN_BASE64))}
"""All headers that are read here."""
_HEX_DIGEST = re.compile(r'"?([0-9a-fA-F]+)"?')
_OWNCLOUD = re.compile(r"(sha256|sha1|md5):([0-9a-fA-F]+)", re.IGNORECASE)


def read_offered_sums(head: AnswerHead, *, is_partial: bool) -> dict[str, str]:
    """Return the sums in lower-case hex, by the name of their hash function (`git`: the name of Git's blob).

    `Repr-Digest` (RFC 9530) and `Digest` (RFC 3230) are sums of the whole file, also in an answer with a part of it.
    `Content-Digest` and `Content-MD5` (RFC 1864) are sums of the body. Google's `X-Goog-Hash` is a sum of the stored
    bytes, which may be unpacked before they are sent. An `ETag` is no sum, unless a hub sent it.
    """
    headers = head.headers
    if _NAMED.isdisjoint(headers) or head.is_encoded:
        return {}
    told = [*_read_members(headers.get("repr-digest", "")), *_read_members(headers.get("digest", ""))]
    if headers.get("x-goog-stored-content-encoding", "identity") == "identity":
        told += _read_members(headers.get("x-goog-hash", ""))
    if are_of_whole(headers):
        told += [(name, headers[header]) for header, name in _IN_BASE64 if header in headers]
    if not is_partial:
        told += _read_members(headers.get("content-digest", ""))
        told.append(("md5", headers.get("content-md5", "")))
    in_hex = [(name, headers.get(header, "")) for header, name in _IN_HEX]
    in_hex += [(match[1].lower(), match[2]) for match in _OWNCLOUD.finditer(headers.get("oc-checksum", ""))]
    sums = {name: digest for name, text in told if (digest := read_base64_sum(text, _BYTES[name]))}
    sums |= {name: digest for name, text in in_hex if (digest := _read_hex(name, text))}
    return sums | read_linked_sums(head)


def read_linked_sums(head: AnswerHead) -> dict[str, str]:
    """Return the sum that a hub tells of a file, also in the redirect that leads to it.

    `X-Linked-ETag` is the SHA-256 of an LFS file. The `ETag` of a hub's own answer is that too, or Git's name of a
    small file. What a hub's redirects lead to has ETags of another kind.
    """
    linked = head.headers.get("x-linked-etag", "")
    if not linked and "x-repo-commit" in head.headers and head.status in (200, 206):
        linked = head.headers.get("etag", "").removeprefix("W/")
    found = ((name, _read_hex(name, linked)) for name in ("sha256", "git"))
    return {name: digest for name, digest in found if digest}


def _read_members(header: str) -> Iterator[tuple[str, str]]:
    for member in header.split(",") if header else ():
        match = _MEMBER.fullmatch(member)
        if match and match[1].lower() in _NAMES:
            yield _NAMES[match[1].lower()], match[2]


def _read_hex(name: str, text: str) -> str | None:
    match = _HEX_DIGEST.fullmatch(text) if text else None
    return match[1].lower() if match and len(match[1]) == 2 * _BYTES[name] else None
