"""The `Link` header (RFC 8288), as far as a list goes on behind it."""

import re

_NEXT = re.compile(r"<([^<>]*)>[^<>]*;\s*rel\s*=\s*(?:\"[^\"<>]*\bnext\b|next\b)", re.IGNORECASE)


def find_next_link(header: str) -> str | None:
    """Return the address with the relation `next`, as it is written; None where there is none."""
    found = _NEXT.search(header)
    return found[1] if found else None
