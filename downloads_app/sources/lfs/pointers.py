"""Git LFS pointers: small text files that replace large files in a Git tree.

Form: git-lfs, `docs/spec.md`. A pointer with extensions names a file that only a program can rebuild, so we keep the
pointer itself.
"""

import hashlib
import re
from dataclasses import dataclass

MIN_POINTER_BYTES = 120
MAX_POINTER_BYTES = 200
"""Every pointer's size is between these two. GitLab uses the same bounds."""
SHA1_DIGITS = 40
_POINTER = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v1\n"
    rb"oid sha256:([0-9a-f]{64})\n"
    rb"size (0|[1-9][0-9]{0,18})\n?"
)


@dataclass(frozen=True, slots=True)
class Pointer:
    """The object that a pointer names. `sha256` is also its name at the LFS server."""

    sha256: str
    size_bytes: int


def may_be_pointer(size_bytes: int | None) -> bool:
    """Whether a file of this size may be a pointer."""
    return size_bytes is not None and MIN_POINTER_BYTES <= size_bytes <= MAX_POINTER_BYTES


def read_pointer(content: bytes) -> Pointer | None:
    """Return the object that a file's content names; None if the file is no pointer."""
    match = _POINTER.fullmatch(content)
    return Pointer(match[1].decode(), int(match[2])) if match else None


def is_blob(content: bytes, name: str) -> bool:
    """Whether a Git blob of this content has the hexadecimal object name `name` (SHA-1, or SHA-256 in newer ones)."""
    digest = hashlib.sha1(usedforsecurity=False) if len(name) == SHA1_DIGITS else hashlib.sha256()
    digest.update(b"blob %d\0" % len(content) + content)
    return digest.hexdigest() == name
