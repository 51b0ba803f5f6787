"""Compares a file with the sum of its listing. SHA-256 is always computed; others only if the listing has them."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import md5, sha1, sha512
from typing import Any
from zlib import crc32

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
    """Return how a file differs from the best sum that the server's answers offered; None if it does not."""
    name = next((name for name in _BY_WORTH if name in offered), None)
    if name is None:
        return None
    found = found_sha256 if name == "sha256" else _SUMS[name](content, size)
    return None if found == offered[name] else f"its {_TITLES[name]} is {found}, the server says {offered[name]}"


def _sum_by(make: Callable[[], Any]) -> Callable[[bytes | int, int], str]:
    def sum_up(content: bytes | int, size_bytes: int) -> str:
        digest = make()
        for part in _read(content, size_bytes):
            digest.update(part)
        return str(digest.hexdigest())

    return sum_up


def _sum_crc32(content: bytes | int, size_bytes: int) -> str:
    found = 0
    for part in _read(content, size_bytes):
        found = crc32(part, found)
    return f"{found:08x}"


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


_sum_md5 = _sum_by(partial(md5, usedforsecurity=False))
_SUMS: dict[str, Callable[[bytes | int, int], str]] = {
    "sha512": _sum_by(sha512),
    "git": lambda content, size: _sum_as_git_does(content, size)[0],
    "sha1": _sum_by(partial(sha1, usedforsecurity=False)),
    "md5": _sum_md5,
    "crc32": _sum_crc32,
}
_BY_WORTH = ("sha256", *_SUMS)
"""The best sum first. SHA-256 is known already; any other costs another reading of the file."""
_TITLES = {
    "sha256": "SHA-256",
    "sha512": "SHA-512",
    "git": "git SHA-1",
    "sha1": "SHA-1",
    "md5": "MD5",
    "crc32": "CRC-32",
}
