"""Finds the next page of a list in the `Link` header (RFC 8288)."""

import re

_NEXT = re.compile(r"<([^<>]*)>[^<>]*;\s*rel\s*=\s*(?:\"[^\"<>]*\bnext\b|next\b)", re.IGNORECASE)


def find_next_link(header: str) -> str | None:
    """Return the address with the relation `next`, unchanged and maybe relative; None if there is none."""
    found = _NEXT.search(header)
    return found[1] if found else None
