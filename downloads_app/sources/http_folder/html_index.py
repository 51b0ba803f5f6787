"""Reads the page on which a web server lists a folder."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qsl, unquote

from downloads_app.errors import SourceError
from downloads_app.sources.http_folder.entries import Entry, Index
from downloads_app.sources.http_folder.folder_links import FolderLinks, Target
from downloads_app.sources.http_folder.html_links import Link, find_links, strip_tags
from downloads_app.sources.http_folder.rounded_sizes import find_rounded_size

_HEADING = re.compile(r"<(?:title|h1|h2)\b[^<>]*>([^<>]*)", re.IGNORECASE)
_INDEX_HEADING = re.compile(r"\bindex of\b|\bdirectory\b|\blisting\b|\bfiles within\b", re.IGNORECASE)
_GO_INDEX = re.compile(
    r"\s*(?:<!doctype html>\s*)?(?:<meta[^<>]*>\s*)?<pre>\s*(?:<a href=\"[^\"<>]*\">[^<>]*</a>\s*)*</pre>\s*",
    re.IGNORECASE,
)
"""The whole page of Go's file server: one link a line."""
_PARENT_HREFS = ("..", "../", "./..", "./../")
_PARENT_TEXT = re.compile(r"\W*(?:(?:to )?parent directory|parent folder|(?:go )?up|\.\.)\W*", re.IGNORECASE)
_FOLDER_MARK = re.compile(
    r"\[dir\]|&lt;dir&gt;|\b(?:folder|directory|dir)\.(?:gif|png|svg)\b"
    r"|\bclass\s*=\s*[\"']?[^\"'<>]*(?<!\w)(?:folder|directory|dir)(?![\w-])",
    re.IGNORECASE,
)
_SIZE_PART = re.compile(r"\bclass\s*=\s*[\"']?size\b[^<>]*>([^<>]*)", re.IGNORECASE)
"""The size, if a whole row is one link."""
_EDGE = 20_000
"""We search so many characters at each end of a page for statements about the whole page."""
_CUT = re.compile(
    r"\bof which only\b|\b(?:listing|directory|folder) (?:is|was|has been) (?:truncated|cut)\b"
    r"|\b(?:only|showing) (?:the )?first [\d,]+ (?:of|entries|files|items)\b",
    re.IGNORECASE,
)
_LINK_TAG = re.compile(r"<link\s[^<>]*\bhref\s*=\s*[\"']?([^\"'<>\s]*)[^<>]*>", re.IGNORECASE)
_BASE = re.compile(r"<base\s[^<>]*\bhref\s*=\s*[\"']?([^\"'<>\s]+)", re.IGNORECASE)
_REL_NEXT = re.compile(r"\brel\s*=\s*[\"']?[^\"'<>]*\bnext\b", re.IGNORECASE)
_NEXT_TEXT = re.compile(r"\W*(?:next(?: page)?|older|more)\W*|\s*[»›→>]+\s*", re.IGNORECASE)
_MORE_TEXT = re.compile(r".*/|\d+")
"""How a link by a query looks that leads to a folder or to another page."""
_NUMBERED = {"page", "p", "pg", "paged", "pagenumber", "offset", "start", "skip", "from", "first"}
_POINTED = {"marker", "cursor", "after", "token", "continuation-token", "next", "page_token", "pagetoken"}


def read_page(page: str, url: str) -> Index | None:
    """Return what the page at `url` lists; None if it is no listing of that folder.

    Raises a permanent SourceError for a link that leaves its folder by `..`, for a cut list, and for a list whose next
    page we cannot find, or with children that we cannot.
    """
    reading = _Reading(page, FolderLinks(url))
    entries = list(reading.read_entries())
    if not reading.is_index or (reading.has_other_children and not entries):
        return None
    reading.refuse_unlisted(entries)
    for edge in page[:_EDGE], page[-_EDGE:]:
        if _CUT.search(strip_tags(edge)):
            raise SourceError("The server says that its listing is cut", permanent=True)
    return Index.of(_decide_folders(entries), reading.onward_urls)


class _Reading:
    """One page while it is read, and what has been found in it so far."""

    def __init__(self, page: str, folder: FolderLinks) -> None:
        self._page = page
        self._folder = folder
        self.is_index = any(map(self._names_folder, _HEADING.findall(page))) or bool(_GO_INDEX.fullmatch(page))
        self.has_other_children = False
        """Whether there are links that may lead into the folder but that we cannot follow."""
        self.onward_urls: list[str] = []
        self._other_children: list[str] = []
        self._unfollowed: list[str] = []
        """The texts of links to what may be more of the list, which we cannot follow."""
        self._base = _BASE.search(page[:_EDGE])
        for tag in _LINK_TAG.finditer(page[:_EDGE]):
            if _REL_NEXT.search(tag[0]):
                self._go_on(folder.find_target(unescape(tag[1])))

    def read_entries(self) -> Iterator[Entry]:
        """Yield the entries for links that lead below the folder."""
        for link in find_links(self._page):
            target = self._folder.find_target(link.href)
            if target.is_copy or (target.below and target.query):
                self.has_other_children = True
                if target.child:
                    self._other_children.append(target.child)
            elif not target.below:
                self._look_around(link, target)
            else:
                yield _read_entry(link, target.below)

    def _look_around(self, link: Link, target: Target) -> None:
        """Learn from a link to the folder itself, or to another place."""
        if link.href in _PARENT_HREFS or (target.is_parent and _PARENT_TEXT.fullmatch(link.text)):
            self.is_index = True
        is_page = target.below == "" and bool(target.query)
        if _REL_NEXT.search(link.tag) or (is_page and (_leads_on(target.query) or _NEXT_TEXT.fullmatch(link.text))):
            self._go_on(target)
        elif _may_be_more(link.text, is_elsewhere=target.below is None, is_page=is_page):
            self._unfollowed.append(link.text)

    def refuse_unlisted(self, entries: list[Entry]) -> None:
        """Raise a permanent SourceError if the page names children or further pages that we cannot list."""
        if self._base and self._folder.find_target(unescape(self._base[1])).below != "":
            raise SourceError("The listing's links belong to another folder (its <base> says so)", permanent=True)
        names = {entry.name for entry in entries}
        lost = [name for name in self._other_children if name.removesuffix("/") not in names] + self._unfollowed
        if lost:
            text = f"The listing has a link that cannot be followed ({lost[0][:120]!a}): it may not be whole"
            raise SourceError(text, permanent=True)

    def _go_on(self, target: Target) -> None:
        if target.below != "" or not target.query:
            raise SourceError("The listing goes on at another place than the folder itself", permanent=True)
        self.onward_urls.append(f"{self._folder.url}?{target.query}")

    def _names_folder(self, heading: str) -> bool:
        """Whether a heading announces a listing: by its words, or by the folder's own path."""
        heading = " ".join(unescape(heading).split())
        path = self._folder.path.rstrip("/")
        if _INDEX_HEADING.search(heading):
            return True
        if not path:
            return heading in ("/", self._folder.host) or heading.endswith(" - /")
        return unquote(heading).rstrip("/").endswith(path)


def _read_entry(link: Link, below: str) -> Entry:
    places = link.after, link.before, " ".join(_SIZE_PART.findall(link.inner))
    sizes = (find_rounded_size(strip_tags(place)) for place in places)
    about_bytes = next((size for size in sizes if size is not None), None)
    row = link.before + link.tag + link.after
    if below.endswith("/") or link.text.endswith("/") or _FOLDER_MARK.search(row):
        return Entry(below.removesuffix("/"), is_folder=True)
    return Entry(below, None if about_bytes is None else False, about_bytes=about_bytes)


def _decide_folders(entries: list[Entry]) -> Iterator[Entry]:
    """Decide whether entries without a mark and a size are files or folders, by the rest of the page.

    A page that marks folders marks all folders; a page that shows sizes shows them for all files. If the page does
    neither, a name with a suffix is a file.
    """
    marks_folders = any(entry.is_folder for entry in entries)
    shows_sizes = any(entry.about_bytes is not None for entry in entries)
    for entry in entries:
        if entry.is_folder is None and (marks_folders or ("." in entry.name and not shows_sizes)):
            yield replace(entry, is_folder=False)
        else:
            yield entry


def _may_be_more(text: str, *, is_elsewhere: bool, is_page: bool) -> bool:
    """Whether a link that we do not follow may lead to more of the list, by its text."""
    if is_elsewhere:
        return bool(_NEXT_TEXT.fullmatch(text))
    return is_page and bool(_MORE_TEXT.fullmatch(text)) and not _PARENT_TEXT.fullmatch(text)


def _leads_on(query: str) -> bool:
    """Whether a query asks for another page of the same list. Others ask for another order."""
    return any(
        (name.lower() in _NUMBERED and value.isdecimal()) or name.lower() in _POINTED
        for name, value in parse_qsl(query)
    )
