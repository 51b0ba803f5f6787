"""The sums that a store has of its objects. It sends them in the answer to each object's HEAD request."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from downloads_app.sources import RemoteFile
from downloads_app.sources.documents import read_base64_sum
from downloads_app.sources.listing_reader import ListingReader

MAX_ASKED_FILES = 200
MAX_ASKING_SECONDS = 5.0
"""Time limit for all requests, one a file. The largest files come first: for them an error is likeliest, and a request
costs least compared with the transfer."""
_MD5 = re.compile(r'"([0-9a-f]{32})"')
_ENCRYPTION = "x-amz-server-side-encryption"


def add_sums(reader: ListingReader, files: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    """Return `files` in their order; some now have the store's sum."""
    until = time.monotonic() + MAX_ASKING_SECONDS
    known: dict[str, RemoteFile] = {}
    for file in sorted(files, key=lambda file: file.size_bytes or 0, reverse=True)[:MAX_ASKED_FILES]:
        if time.monotonic() > until:
            break
        answer = reader.fetch(file.url, ["x-amz-checksum-mode: ENABLED"], is_head=True)
        if answer.status == 200:
            sha256 = read_sha256(answer.headers)
            known[file.path] = replace(file, sha256=sha256, md5=None if sha256 else read_md5(answer.headers))
    return tuple(known.get(file.path, file) for file in files)


def read_sha256(headers: Mapping[str, str]) -> str | None:
    """Return the SHA-256 of a whole object, or None."""
    return read_base64_sum(headers.get("x-amz-checksum-sha256", ""), 32) if are_of_whole(headers) else None


def are_of_whole(headers: Mapping[str, str]) -> bool:
    """Whether `x-amz-checksum-…` are of the whole object. Composite ones are of its parts' sums."""
    return headers.get("x-amz-checksum-type", "FULL_OBJECT").upper() == "FULL_OBJECT"


def read_md5(headers: Mapping[str, str]) -> str | None:
    """Return the MD5 of a whole object, from its entity tag, or None.

    The ETag of an object in parts, or encrypted with SSE-C or SSE-KMS, is no MD5 (Amazon S3, "Object").
    """
    is_own_key = any(name.startswith(f"{_ENCRYPTION}-customer") for name in headers)
    if is_own_key or headers.get(_ENCRYPTION, "AES256") != "AES256":
        return None
    found = _MD5.fullmatch(headers.get("etag", ""))
    return found[1] if found else None
