"""Reads sizes in listings for people: `1.9M`, `2.9 KiB`, `360 B`, `12345`."""

import re

# A number with a unit between spaces: it is not part of a date or a word.
_WITH_UNIT = re.compile(r"(?<![^\s(])(\d[\d,]*(?:\.\d+)?)\s?(?:([kmgtp])i?b?|i?b|bytes?)(?![^\s)])", re.IGNORECASE)
_BARE = re.compile(r"(?<!\S)(\d{1,3}(?:,\d{3})+|\d{1,19})\s*$")
_YEAR_OF_DATE = re.compile(r"(?:[A-Za-z]{3,9}\.?|\d{1,2},?)\s+(?:19|20)\d\d\s*$")
_DECIMAL_COMMA = re.compile(r",(?!\d{3}\b)")
_EXPONENTS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def find_rounded_size(text: str) -> int | None:
    """Return the approximate size in bytes from a listing's row; None if the row has no size.

    A number with a unit may stand anywhere, a number without one only at the end. Units are powers of 1024.
    """
    found = _WITH_UNIT.search(text)
    if found:
        number = float(_DECIMAL_COMMA.sub(".", found[1]).replace(",", ""))
        return int(number * 1024 ** _EXPONENTS[(found[2] or "").lower()])
    bare = _BARE.search(text)
    if bare is None or _YEAR_OF_DATE.search(text):
        return None
    return int(bare[1].replace(",", ""))
