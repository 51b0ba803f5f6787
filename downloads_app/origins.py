"""The form of an origin, as browsers send it (RFC 6454, section 6.2)."""

import re

_ORIGIN = re.compile(
    r"(http(?!://[^/]*:80$)|https(?!://[^/]*:443$))://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
)


def check_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Return origins that browsers can send. Raises ValueError for any other."""
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                "origins as browsers send them, separated by commas, like https://app.example.org: "
                "small letters, no path, no usual port, no *"
            )
    return origins
