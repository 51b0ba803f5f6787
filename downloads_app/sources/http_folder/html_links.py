"""Finds the links of a page, each with its row of the listing. The time is linear in the page's size, always."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

# A match ends before the next angle bracket, so the time is linear: html.parser takes a minute for 60 KB of "<a <a <a".
_LINK = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))", re.IGNORECASE)
_ROW_MARKS = [re.compile(mark, re.IGNORECASE) for mark in (r"</?tr\b", r"</?li\b", r"<br\b|\n")]
_TAG = re.compile(r"<[^<>]*>")
_HTML_SPACE = " \t\n\r\f"
_MAX_TAG = 2_000
"""The most characters of a link's tag."""
_MAX_ROW = 4_000
"""The most characters before and after a link that belong to its row."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its address (entities decoded), its tag, its text, and the rest of its row."""

    href: str
    tag: str
    inner: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """The link's text as a reader sees it."""
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
    """Return the text of `html` without tags; each run of white space becomes one space."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())


def _find_end(page: str, start: int, stop: int) -> int:
    """Return where a link ends: at its closing tag, else at the start of the next link."""
    for closing in ("</a", "</A"):
        end = page.find(closing, start, stop)
        if end >= 0:
            return end
    return stop


def _behind_last(mark: re.Pattern[str], html: str) -> str:
    """Return the text after the last mark of a row; "" if no row begins here."""
    parts = mark.split(html)
    return parts[-1] if len(parts) > 1 else ""
