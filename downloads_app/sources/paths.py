"""Decides which file names from a remote listing may be stored. Any name may be hostile before this check."""

import re
from collections.abc import Iterable

from downloads_app.errors import SourceError

ROOT = "."
"""The repository with everything below the provider's own address (for kinds that hold folders)."""
MAX_SEGMENT_BYTES = 255
"""The longest name that Linux filesystems store (NAME_MAX)."""
MAX_PATH_BYTES = 3072
"""Leaves a quarter of PATH_MAX (4096) to the folders above."""
_SHOWN_CHARACTERS = 120
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def check_path(path: str) -> str:
    """Return `path` unchanged, or raise a permanent SourceError that names it and says what is wrong."""
    fault = find_fault(path)
    if fault:
        raise SourceError(f"Refused the file name {_shorten(path)} of the listing: {fault}", permanent=True)
    return path


def check_paths(paths: Iterable[str]) -> None:
    """Check each path, and that all can exist together: none twice, none both a file and a folder."""
    files: set[str] = set()
    for path in paths:
        if check_path(path) in files:
            raise SourceError(f"The listing names {_shorten(path)} twice", permanent=True)
        files.add(path)
    for path in files:
        folder = path
        while folder := folder.rpartition("/")[0]:
            if folder in files:
                raise SourceError(f"The listing has {_shorten(folder)} as a file and as a folder", permanent=True)


def find_fault(path: str) -> str | None:
    """Return what is wrong with `path`, or None."""
    if not path:
        return "it is empty"
    if path.startswith("/"):
        return "it is absolute"
    if "\\" in path:
        return "it has a backslash"
    if _CONTROL.search(path):
        return "it has a control character"
    if _SURROGATE.search(path):
        return "it is not valid Unicode"
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"it is longer than {MAX_PATH_BYTES} bytes"
    return next(filter(None, map(_find_segment_fault, path.split("/"))), None)


def _find_segment_fault(segment: str) -> str | None:
    if not segment:
        return "it has an empty segment"
    if segment in (".", ".."):
        return f"it has a {segment!r} segment"
    if _DRIVE.match(segment):
        return "it has a drive letter"
    if len(segment.encode()) > MAX_SEGMENT_BYTES:
        return f"a segment is longer than {MAX_SEGMENT_BYTES} bytes"
    return None


def _shorten(path: str) -> str:
    if len(path) > _SHOWN_CHARACTERS:
        path = path[:_SHOWN_CHARACTERS] + "…"
    return ascii(path) if not path.isprintable() else repr(path)
