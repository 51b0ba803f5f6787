"""Compiles globs into one regular expression for RE2.

Users choose the patterns and providers the paths, so both may be hostile. RE2 never backtracks: the cost is linear.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

_MAX_MEMORY_BYTES = 16 << 20
_TOKEN = re.compile(r"(\*+)|(\?)|\[(!?+)(\][^\]]*|[^\]]+)\]", re.DOTALL)


@lru_cache(maxsize=8)  # an expression may grow to _MAX_MEMORY_BYTES
def compile_globs(patterns: tuple[str, ...]) -> Any:
    """Return one expression that matches a path if any of `patterns` matches it."""
    options = re2.Options()
    options.max_mem, options.log_errors, options.never_capture = _MAX_MEMORY_BYTES, False, True
    branches = ("".join(_translate(pattern)) for pattern in patterns)
    return re2.compile(f"(?s)(?:{'|'.join(branches)})", options)


def _translate(pattern: str) -> Iterator[str]:
    """Yield the parts of a glob's expression. Special are `*`, `?`, `[abc]`, `[a-z]`, `[!a]`; all else is literal."""
    at = 0
    for token in _TOKEN.finditer(pattern):
        yield re2.escape(pattern[at : token.start()])
        star, question, negation, members = token.groups()
        yield ".*" if star else "." if question else _translate_set(negation, members)
        at = token.end()
    yield re2.escape(pattern[at:])


def _translate_set(negation: str, members: str) -> str:
    """Return a set of characters. A reversed range (`z-a`) is empty, as in fnmatch."""
    parts = re.findall(r"(.)-(.)|(.)", members, re.DOTALL)
    ranges = [(low, high) if low else (one, one) for low, high, one in parts]
    inner = "".join(rf"\x{{{ord(low):x}}}-\x{{{ord(high):x}}}" for low, high in ranges if low <= high)
    if inner:
        return f"[{'^' if negation else ''}{inner}]"
    return "." if negation else r"[^\x{0}-\x{10FFFF}]"
