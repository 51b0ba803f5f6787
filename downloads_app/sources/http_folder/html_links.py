"""The links of a page, and the row of the listing that each stands in. Linear in the page, whatever it holds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

# Bounded by the next angle bracket, so that it stays linear: html.parser takes a minute for 60 KB of "<a <a <a".
_LINK = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))", re.IGNORECASE)
_ROW_MARKS = [re.compile(mark, re.IGNORECASE) for mark in (r"</?tr\b", r"</?li\b", r"<br\b|\n")]
_TAG = re.compile(r"<[^<>]*>")
_HTML_SPACE = " \t\n\r\f"
_MAX_TAG = 2_000
"""Characters of one link's own tag."""
_MAX_ROW = 4_000
"""Characters before and behind a link that can belong to its row."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads (entities decoded), its tag, what it says, and what its row has besides."""

    href: str
    tag: str
    inner: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """What a reader sees as the link."""
        return strip_tags(self.inner)


def find_links(page: str) -> Iterator[Link]:
    """Yield the links of `page` in their order."""
    mark = next((mark for mark in _ROW_MARKS if mark.search(page)), _ROW_MARKS[-1])
    matches = _LINK.finditer(page)
    match = next(matches, None)
    before = _behind_last(mark, page[max(0, match.start() - _MAX_ROW) : match.start()]) if match else ""
    while match is not None:
        following = next(matches, None)
        stop = following.start() if following else len(page)
        end_of_tag = page.find(">", match.end(), min(stop, match.end() + _MAX_TAG))
        if end_of_tag < 0:
            end_of_tag = match.end()
        end_of_link = _find_end(page, end_of_tag, stop)
        rest = page[end_of_link:stop]
        yield Link(
            unescape(next(filter(None, match.groups()), "")).strip(_HTML_SPACE),
            page[match.start() : end_of_tag + 1],
            page[end_of_tag + 1 : end_of_link][:_MAX_ROW],
            before,
            mark.split(rest[:_MAX_ROW], maxsplit=1)[0],
        )
        before = _behind_last(mark, rest[-_MAX_ROW:])
        match = following


def strip_tags(html: str) -> str:
    """Return what a reader sees of `html`, its white space made single."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())


def _find_end(page: str, start: int, stop: int) -> int:
    """Return where a link ends: at its closing tag, else where the next one begins."""
    for closing in ("</a", "</A"):
        end = page.find(closing, start, stop)
        if end >= 0:
            return end
    return stop


def _behind_last(mark: re.Pattern[str], html: str) -> str:
    """Return what stands behind the last mark of a row; nothing where no row begins here."""
    parts = mark.split(html)
    return parts[-1] if len(parts) > 1 else ""
