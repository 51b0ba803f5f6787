"""Whether a file has the sum that its listing tells. SHA-256 is always taken; git's SHA-1 only where it is told."""

import os
from hashlib import sha1

from downloads_app.sources import RemoteFile

_STEP_BYTES = 1 << 20


def find_difference(remote: RemoteFile, found_sha256: str, content: bytes | int, size_bytes: int) -> str | None:
    """Say how a file differs from its sum; None where it does not. `content` is the bytes, or their descriptor."""
    if remote.sha256 is not None:
        told = f"its SHA-256 is {found_sha256}, {remote.sha256} is expected"
        return None if found_sha256 == remote.sha256 else told
    if remote.git_sha1 is None:
        return None
    of_blob, plain = _sum_as_git_does(content, size_bytes)
    if remote.git_sha1 in (of_blob, plain):  # some mirrors tell the SHA-1 of the bare content, which proves as much
        return None
    return f"git's SHA-1 is {of_blob}, {remote.git_sha1} is expected"


def _sum_as_git_does(content: bytes | int, size_bytes: int) -> tuple[str, str]:
    """Return the SHA-1 of git's blob and that of the bare content."""
    of_blob, plain = sha1(b"blob %d\0" % size_bytes, usedforsecurity=False), sha1(usedforsecurity=False)
    at = 0
    while at < size_bytes:
        step = min(_STEP_BYTES, size_bytes - at)
        part = content[at : at + step] if isinstance(content, bytes) else os.pread(content, step, at)
        if not part:
            break
        of_blob.update(part)
        plain.update(part)
        at += len(part)
    return of_blob.hexdigest(), plain.hexdigest()
