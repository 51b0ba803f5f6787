"""Which patterns a download may ask for."""

from collections.abc import Sequence

from downloads_app.errors import InvalidInput
from downloads_app.models.columns import UNSTORABLE
from downloads_app.sources.selection import Selection

MAX_PATTERNS = 100
MAX_PATTERN_LENGTH = 500
MAX_TOTAL_LENGTH = 5_000
"""Characters of all patterns of a field together, because RE2 searches for all of them at once."""


def check_patterns(include: Sequence[str], exclude: Sequence[str]) -> Selection:
    """Return both lists as a selection; raises InvalidInput, which names the field."""
    return Selection(_check(include, "include"), _check(exclude, "exclude"))


def _check(patterns: Sequence[str], field: str) -> tuple[str, ...]:
    if len(patterns) > MAX_PATTERNS or any(not 0 < len(p) <= MAX_PATTERN_LENGTH for p in patterns):
        raise InvalidInput(
            f"{field} takes up to {MAX_PATTERNS} patterns of 1 to {MAX_PATTERN_LENGTH} characters",
            {field: "too many or too long"},
        )
    if sum(map(len, patterns)) > MAX_TOTAL_LENGTH:
        raise InvalidInput(f"{field} takes up to {MAX_TOTAL_LENGTH} characters in all", {field: "too long"})
    if any(UNSTORABLE.search(pattern) for pattern in patterns):
        raise InvalidInput(f"{field} has a character that no file name has", {field: "not text"})
    return tuple(patterns)
