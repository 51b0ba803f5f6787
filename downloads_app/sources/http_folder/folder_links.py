"""Finds where a link on a folder's page leads: below the folder, to itself, to the folder above, or elsewhere."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from downloads_app.errors import SourceError
from downloads_app.sources.route import find_origin

_ABOVE = re.compile(r"(?:\.{1,2}/)*(?:\.{1,2})?")
_HOSTILE = re.compile(r"^(?:\./)*\.\./|[\x00-\x1f\x7f]")  # urlsplit drops control characters in silence
_PLAIN = re.compile(r"(?:\./)?([^/?#:\\\s\x00-\x1f\x7f]+/?)")
"""The form of most links. These need no splitting."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads."""

    below: str | None
    """The path below the folder, percent-decoded: empty for the folder itself, None for elsewhere."""
    query: str = ""
    is_parent: bool = False
    is_copy: bool = False
    """Whether it leads below a folder of the same path on another host."""
    child: str = ""
    """The child that it leads to by a query, or on another host (but a root has no copies)."""


ELSEWHERE = Target(None)


class FolderLinks:
    """The links of one folder's page."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self.host = parts.netloc
        self.path = _decode(parts.path)
        self._origin = find_origin(url)
        self._parent = self.path.rstrip("/").rpartition("/")[0] + "/"

    def find_target(self, href: str) -> Target:
        """Return where `href` leads, with any encoding. Raises a permanent SourceError if `..` leaves the folder."""
        plain = _PLAIN.fullmatch(href)
        if plain and plain[1] not in ("..", "../", ".", "./"):
            return Target(_decode(plain[1]))
        path = re.split(r"[?#]", href, maxsplit=1)[0]
        if _HOSTILE.search(path) and not _ABOVE.fullmatch(path):
            raise SourceError(f"Refused the link {href[:120]!a} of the listing: it leaves its folder", permanent=True)
        try:
            target = urlsplit(urljoin(self.url, href))
            is_elsewhere = find_origin(urljoin(self.url, href)) != self._origin
        except ValueError:
            return ELSEWHERE  # no address at all
        found = _decode(target.path)
        if is_elsewhere:
            is_copy = found.startswith(self.path) and found != self.path
            return Target(None, is_copy=is_copy, child=found[len(self.path) :] if is_copy and self.path != "/" else "")
        if not found.startswith(self.path):
            is_parent = found.rstrip("/") == self._parent.rstrip("/") and self.path != "/"
            return Target(None, target.query, is_parent)
        below = found[len(self.path) :]
        return Target(below, target.query, child=below if target.query else "")


def _decode(path: str) -> str:
    return unquote(path, errors="surrogateescape") if "%" in path else path
