"""Walks the folders of a web server, one listing after the other. Each listing is complete, or it is an error."""

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit, urlunsplit

from downloads_app.errors import Cause, SourceError
from downloads_app.sources import RemoteFile, UnreadableFile
from downloads_app.sources.answers import AnswerHead, explain_status, name_status
from downloads_app.sources.documents import quote_path
from downloads_app.sources.fetching import Response
from downloads_app.sources.http_folder.entries import Entry, Index
from downloads_app.sources.http_folder.indexes import ACCEPT, read_index
from downloads_app.sources.links import find_next_link
from downloads_app.sources.listing_reader import MAX_FILES, ListingReader
from downloads_app.sources.paths import check_path
from downloads_app.sources.route import find_origin
from downloads_app.sources.selection import Selection

_END = re.compile(rb"</(?:html|body|pre|table|ul|ol)\s*>\s*(?:<!--[^<>]*-->\s*)*$", re.IGNORECASE)
MAX_FOLDERS = 5_000
MAX_DEPTH = 32
MAX_PAGES = 1_000
"""The most pages of one folder."""
MAX_QUESTIONS = 1_000
"""So many entries of unknown kind are requested to learn whether they are folders. Further ones count as files."""


class Walk:
    """The folders of one repository that can hold wanted files."""

    def __init__(self, reader: ListingReader, wanted: Selection) -> None:
        self._reader = reader
        self._wanted = wanted
        self._wants = wanted.matcher()
        self._files: dict[str, RemoteFile | UnreadableFile] = {}
        self._folders: set[str] = set()
        self._questions = 0
        self._answers: dict[str, Response] = {}
        """Answers from before the walk, by address."""

    def list_files(self, root_url: str, answer: Response) -> list[RemoteFile | UnreadableFile]:
        """Return all files below `root_url`, whose `answer` is here already. Their names are not checked yet."""
        self._answers[root_url] = answer
        waiting = deque([("", root_url)])
        while waiting:
            prefix, url = waiting.popleft()
            for entry, folder_url in self._read_folder(prefix, url):
                path, child_url = prefix + entry.name, folder_url + quote_path(entry.name)
                if self._is_folder(entry, path, child_url):
                    if self._enters(path):
                        waiting.append((f"{path}/", f"{child_url}/"))
                else:
                    self._files.setdefault(path, _describe(path, child_url, entry))
                    self._reader.limit(len(self._files), MAX_FILES, "files")
        return list(self._files.values())

    def _enters(self, path: str) -> bool:
        """Whether to list a folder: it can hold wanted files, and it is new."""
        if path in self._folders or not self._wanted.may_hold(path):
            return False
        check_path(path)
        self._reader.limit(path.count("/") + 1, MAX_DEPTH, "folders below each other")
        self._folders.add(path)
        self._reader.limit(len(self._folders), MAX_FOLDERS, "folders")
        return True

    def _is_folder(self, entry: Entry, path: str, url: str) -> bool:
        """Whether an entry is a folder. If its listing does not say: whether the server adds a slash to its address."""
        is_of_use = self._wants(path) or self._wanted.may_hold(path)
        if entry.is_folder is not None or not is_of_use or self._questions == MAX_QUESTIONS:
            return bool(entry.is_folder)
        self._questions += 1
        response = self._reader.fetch(url, is_head=True)
        error = explain_refusal(response, f"{self._reader.what}, {path[:120]!a}")
        if response.status != 200 and not error.permanent:
            raise error
        return response.status == 200 and urlsplit(response.url).path == f"{urlsplit(url).path}/"

    def _read_folder(self, prefix: str, url: str) -> Iterator[tuple[Entry, str]]:
        """Yield the entries of all pages of a folder's listing, each with its folder's address."""
        what = f"{self._reader.what}, folder {prefix[:120]!a}" if prefix else self._reader.what
        pages, asked = deque([url]), {url}
        while pages:
            page_url = pages.popleft()
            response = self._answers.pop(page_url, None) or self._reader.fetch(page_url, (ACCEPT,))
            if response.status != 200:
                raise explain_refusal(response, what)
            folder_url = find_folder(response.url)
            index = _read(response, folder_url, what)
            for entry in index.entries:
                yield entry, folder_url
            for onward in index.onward_urls:
                if onward not in asked:
                    asked.add(onward)
                    pages.append(onward)
            self._reader.limit(len(asked), MAX_PAGES, "pages of one folder")


def _describe(path: str, url: str, entry: Entry) -> RemoteFile | UnreadableFile:
    if entry.fault:
        return UnreadableFile(path, entry.fault)
    return RemoteFile(path, url, entry.size_bytes, about_bytes=entry.about_bytes)


def _read(response: Response, folder_url: str, what: str) -> Index:
    if _may_be_cut(response):
        raise SourceError(f"{what}: the listing ends in the middle", permanent=False)
    try:
        index = read_index(response.body, response.headers.get("content-type", ""), folder_url)
    except SourceError as exc:
        raise SourceError(f"{what}: {exc.message}", permanent=exc.permanent, cause=exc.cause) from None
    if index is None:
        raise SourceError(f"{what}: the server answered a page that is no listing of files", permanent=True)
    announced = find_next_link(response.headers.get("link", ""))
    if announced is None:
        return index
    onward = urljoin(response.url, announced)
    if find_origin(onward) != find_origin(folder_url) or find_folder(onward) != folder_url:
        raise SourceError(f"{what}: the listing goes on at another place than the folder itself", permanent=True)
    return Index.of(index.entries, (*index.onward_urls, onward))


def _may_be_cut(response: Response) -> bool:
    """Whether the answer may have been cut: only the connection's end ended it, and the document's end is missing."""
    headers, body = response.headers, response.body.strip()
    if "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower():
        return False
    if body.startswith((b"[", b"{")):
        return not body.endswith(b"]" if body.startswith(b"[") else b"}")
    return not _END.search(body[-1_000:])


def find_folder(url: str) -> str:
    """Return the folder of `url`: it ends in a slash and has no query or fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SourceError("The provider's address is not a URL", permanent=True) from None
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))


def explain_refusal(response: Response, what: str) -> SourceError:
    """Return the error that says why the server did not send `what`."""
    if response.status in (401, 403):
        text = f"{what}: the server answered {name_status(response.status)}; a token is missing, or is refused"
        return SourceError(text, permanent=True, cause=Cause.REFUSED)
    if response.status in (404, 410):
        return SourceError(f"{what} is not found", permanent=True, cause=Cause.MISSING)
    return explain_status(what, AnswerHead.of(response.status, response.headers))
