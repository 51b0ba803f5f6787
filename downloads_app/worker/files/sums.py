"""Compares a file with the sum of its listing. SHA-256 is always computed; others only if the listing has them."""

import os
from collections.abc import Iterator, Mapping
from hashlib import md5, sha1

from downloads_app.sources import RemoteFile

_STEP_BYTES = 1 << 20


def find_difference(remote: RemoteFile, found_sha256: str, content: bytes | int, size_bytes: int) -> str | None:
    """Return how a file differs from its sum; None if it does not. `content`: the bytes, or a file descriptor."""
    if remote.sha256 is not None:
        told = f"its SHA-256 is {found_sha256}, {remote.sha256} is expected"
        return None if found_sha256 == remote.sha256 else told
    if remote.md5 is not None:
        found = _sum_md5(content, size_bytes)
        return None if found == remote.md5 else f"its MD5 is {found}, {remote.md5} is expected"
    if remote.git_sha1 is None:
        return None
    of_blob, plain = _sum_as_git_does(content, size_bytes)
    if remote.git_sha1 in (of_blob, plain):  # some mirrors give the plain SHA-1, which is as good
        return None
    return f"git's SHA-1 is {of_blob}, {remote.git_sha1} is expected"


def find_broken_promise(offered: Mapping[str, str], found_sha256: str, content: bytes | int, size: int) -> str | None:
    """Return how a file differs from the sums that the server's answers offered; None if it does not."""
    if offered.get("sha256", found_sha256) != found_sha256:
        return f"its SHA-256 is {found_sha256}, the server says {offered['sha256']}"
    if "md5" in offered and (found := _sum_md5(content, size)) != offered["md5"]:
        return f"its MD5 is {found}, the server says {offered['md5']}"
    return None


def _sum_md5(content: bytes | int, size_bytes: int) -> str:
    digest = md5(usedforsecurity=False)
    for part in _read(content, size_bytes):
        digest.update(part)
    return digest.hexdigest()


def _sum_as_git_does(content: bytes | int, size_bytes: int) -> tuple[str, str]:
    """Return two SHA-1 sums: of git's blob (header and content), and of the content alone."""
    of_blob, plain = sha1(b"blob %d\0" % size_bytes, usedforsecurity=False), sha1(usedforsecurity=False)
    for part in _read(content, size_bytes):
        of_blob.update(part)
        plain.update(part)
    return of_blob.hexdigest(), plain.hexdigest()


def _read(content: bytes | int, size_bytes: int) -> Iterator[bytes]:
    at = 0
    while at < size_bytes:
        step = min(_STEP_BYTES, size_bytes - at)
        part = content[at : at + step] if isinstance(content, bytes) else os.pread(content, step, at)
        if not part:
            return
        yield part
        at += len(part)
