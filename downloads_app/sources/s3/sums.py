"""The sums that a store has of its objects: it tells them when it is asked for each object's head."""

import base64
import binascii
import time
from collections.abc import Mapping, Sequence

from downloads_app.sources import RemoteFile
from downloads_app.sources.listing_reader import ListingReader

MAX_ASKED_FILES = 200
MAX_ASKING_SECONDS = 5.0
"""One request a file: the largest come first, since for them a broken byte is likeliest and a request cheapest."""


def find_sums(reader: ListingReader, files: Sequence[RemoteFile]) -> dict[str, str]:
    """Return the SHA-256 that the store has of some of `files`, by their addresses."""
    until = time.monotonic() + MAX_ASKING_SECONDS
    found: dict[str, str] = {}
    for file in sorted(files, key=lambda file: file.size_bytes or 0, reverse=True)[:MAX_ASKED_FILES]:
        if time.monotonic() > until:
            break
        answer = reader.fetch(file.url, ["x-amz-checksum-mode: ENABLED"], is_head=True)
        sha256 = read_sha256(answer.headers) if answer.status == 200 else None
        if sha256 is not None:
            found[file.url] = sha256
    return found


def read_sha256(headers: Mapping[str, str]) -> str | None:
    """Return the SHA-256 of a whole object; one of the sums of its parts (`…-3`, COMPOSITE) is none."""
    if headers.get("x-amz-checksum-type", "FULL_OBJECT").upper() != "FULL_OBJECT":
        return None
    try:
        digest = base64.b64decode(headers.get("x-amz-checksum-sha256", ""), validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == 32 else None
