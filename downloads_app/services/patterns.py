"""Which files of a listing a download wants: `include` and `exclude` globs, as hub clients know them.

Whoever asks chooses the patterns, and a provider the paths: so they are matched by RE2, which never goes back in a
path, and within a budget of time.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import re2

from downloads_app.errors import InvalidInput
from downloads_app.sources import RemoteFile

MAX_PATTERNS = 100
MAX_PATTERN_LENGTH = 500
MAX_TOTAL_LENGTH = 5_000
"""Characters of all patterns of a field together: what RE2 has to look for at once."""
MAX_MATCH_SECONDS = 10.0
"""Of a thread's CPU time for one listing. A hundred thousand files and ordinary patterns take one."""
_MAX_MEMORY_BYTES = 16 << 20
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_TOKEN = re.compile(r"(\*+)|(\?)|\[(!?+)(\][^\]]*|[^\]]+)\]", re.DOTALL)


def check_patterns(include: Sequence[str], exclude: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return both as lists; raises InvalidInput, which names the field."""
    return _check(include, "include"), _check(exclude, "exclude")


def select_files(files: Iterable[RemoteFile], include: Sequence[str], exclude: Sequence[str]) -> list[RemoteFile]:
    """Return the files that match any of `include` (none means all) and none of `exclude`.

    A `*` also crosses slashes; a pattern that ends in a slash means everything below that folder. Raises
    InvalidInput where that takes longer than MAX_MATCH_SECONDS. Not for the event loop: it may take that long.
    """
    wanted, unwanted = (_compile(patterns) if patterns else None for patterns in (include, exclude))
    deadline = time.thread_time() + MAX_MATCH_SECONDS
    found = []
    for file in files:
        if (wanted is None or wanted.fullmatch(file.path)) and not (unwanted and unwanted.fullmatch(file.path)):
            found.append(file)
        if time.thread_time() > deadline:
            raise InvalidInput("These patterns take too long to match; give fewer or simpler ones")
    return found


def _check(patterns: Sequence[str], field: str) -> list[str]:
    if len(patterns) > MAX_PATTERNS or any(not 0 < len(p) <= MAX_PATTERN_LENGTH for p in patterns):
        raise InvalidInput(
            f"{field} takes up to {MAX_PATTERNS} patterns of 1 to {MAX_PATTERN_LENGTH} characters",
            {field: "too many or too long"},
        )
    if sum(map(len, patterns)) > MAX_TOTAL_LENGTH:
        raise InvalidInput(f"{field} takes up to {MAX_TOTAL_LENGTH} characters in all", {field: "too long"})
    if any(_UNSTORABLE.search(pattern) for pattern in patterns):
        raise InvalidInput(f"{field} has a character that no file name has", {field: "not text"})
    return list(patterns)


def _compile(patterns: Sequence[str]) -> Any:
    """Return one expression for all patterns."""
    options = re2.Options()
    options.max_mem, options.log_errors, options.never_capture = _MAX_MEMORY_BYTES, False, True
    branches = ("".join(_translate(f"{p}*" if p.endswith("/") else p)) for p in patterns)
    return re2.compile(f"(?s)(?:{'|'.join(branches)})", options)


def _translate(pattern: str) -> Iterator[str]:
    """Yield a glob as parts of an expression: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`; all else stands for itself."""
    at = 0
    for token in _TOKEN.finditer(pattern):
        yield re2.escape(pattern[at : token.start()])
        star, question, negation, members = token.groups()
        yield ".*" if star else "." if question else _translate_set(negation, members)
        at = token.end()
    yield re2.escape(pattern[at:])


def _translate_set(negation: str, members: str) -> str:
    """Return a set of characters; a range that ends before it begins has none, as in fnmatch."""
    parts = re.findall(r"(.)-(.)|(.)", members, re.DOTALL)
    ranges = [(low, high) if low else (one, one) for low, high, one in parts]
    inner = "".join(rf"\x{{{ord(low):x}}}-\x{{{ord(high):x}}}" for low, high in ranges if low <= high)
    if inner:
        return f"[{'^' if negation else ''}{inner}]"
    return "." if negation else r"[^\x{0}-\x{10FFFF}]"
