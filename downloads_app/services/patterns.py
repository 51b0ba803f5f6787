"""Which files of a listing a download wants: `include` and `exclude` globs, as hub clients know them."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from downloads_app.errors import InvalidInput
from downloads_app.sources import RemoteFile

MAX_PATTERNS = 100
MAX_PATTERN_LENGTH = 500


def check_patterns(include: Sequence[str], exclude: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return both as lists; raises InvalidInput, which names the field."""
    return _check(include, "include"), _check(exclude, "exclude")


def select_files(files: Iterable[RemoteFile], include: Sequence[str], exclude: Sequence[str]) -> list[RemoteFile]:
    """Return the files that match any of `include` (none means all) and none of `exclude`.

    A `*` also crosses slashes; a pattern that ends in a slash means everything below that folder.
    """
    return [
        file for file in files if (not include or _matches(file.path, include)) and not _matches(file.path, exclude)
    ]


def _check(patterns: Sequence[str], field: str) -> list[str]:
    if len(patterns) > MAX_PATTERNS or any(not 0 < len(p) <= MAX_PATTERN_LENGTH for p in patterns):
        raise InvalidInput(
            f"{field} takes up to {MAX_PATTERNS} patterns of 1 to {MAX_PATTERN_LENGTH} characters",
            {field: "too many or too long"},
        )
    return list(patterns)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, f"{p}*" if p.endswith("/") else p) for p in patterns)
