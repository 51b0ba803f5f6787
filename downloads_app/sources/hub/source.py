"""Kind `huggingface`: any server that speaks the Hugging Face Hub's API."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote, urlencode

from downloads_app.errors import SourceError
from downloads_app.sources import Access, FoundRepository, Listing, RemoteFile, UnreadableFile
from downloads_app.sources.answers import AnswerHead, explain_status
from downloads_app.sources.documents import parse_json
from downloads_app.sources.fetching import Response, fetch_text
from downloads_app.sources.hub.description import Description, check_named_files, read_description, read_siblings
from downloads_app.sources.hub.refusals import explain_hub_refusal
from downloads_app.sources.hub.search import read_found
from downloads_app.sources.hub.tree import NO_HUB, read_tree
from downloads_app.sources.listing_reader import MAX_DOCUMENT_BYTES, MAX_FILES, ListingReader
from downloads_app.sources.selection import EVERYTHING, Selection

_PREFIXES = ("datasets", "spaces", "models")
_NAME = re.compile(r"(?:[A-Za-z0-9_][\w.-]*/)?[A-Za-z0-9_][\w.-]*", re.ASCII)
_NO_TREE = {400, 404, 405, 410, 501}
"""The statuses of a mirror that knows the repository but has no tree."""


class HuggingFaceSource:
    """One hub. A repository is `owner/name`, or `datasets/owner/name`, or `spaces/owner/name`."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._endpoint = access.url.rstrip("/")

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List `repository` at the commit that `revision` means now, with sizes and sums."""
        with ListingReader(self._access, f"Repository {repository[:120]!r}", self._clock) as reader:
            question = _Question(reader, self._endpoint, repository, revision)
            with suppress(_CommitGone):
                return question.list_files(wanted)
            return question.list_files(wanted)  # the branch has just been rewritten

    def check(self) -> None:
        """Raise SourceError unless a hub answers at the address, and accepts the token if there is one."""
        answer = fetch_text(self._access, f"{self._endpoint}/api/models?limit=1", limit_bytes=MAX_DOCUMENT_BYTES)
        if answer.status != 200:
            raise _explain(answer, "The provider's address")
        if not isinstance(parse_json(answer.body, "The provider's answer"), list):
            raise SourceError(NO_HUB, permanent=True)

    def search(self, text: str, limit: int) -> list[FoundRepository]:
        """Find models by a part of their names; see SearchableSource."""
        asked = urlencode({"search": text, "limit": limit, "sort": "downloads", "direction": -1, "full": "true"})
        answer = fetch_text(self._access, f"{self._endpoint}/api/models?{asked}", limit_bytes=MAX_DOCUMENT_BYTES)
        if answer.status != 200:
            raise _explain(answer, "The search")
        return read_found(answer.body, limit)


class _CommitGone(SourceError):
    """The hub no longer has the commit that it has just named."""


class _NoTree(SourceError):
    """The hub knows the repository but has no tree of it."""


class _Question:
    """One repository at one revision, and its addresses at the hub."""

    def __init__(self, reader: ListingReader, endpoint: str, repository: str, revision: str | None) -> None:
        kind, _, rest = repository.partition("/")
        kind, name = (kind, rest) if kind in _PREFIXES and "/" in rest else ("models", repository)
        if not _NAME.fullmatch(name) or ".." in name:
            text = f"{reader.what} is no name that a hub knows: owner/name is expected"
            raise SourceError(text, permanent=True)
        self._reader = reader
        self._revision = revision
        self._has_tree = False
        self._api_url = f"{endpoint}/api/{kind}/{name}"
        self._page_url = f"{endpoint}/{'' if kind == 'models' else f'{kind}/'}{name}"

    def list_files(self, wanted: Selection) -> Listing:
        description = self._describe(self._revision)
        if description.is_gated:
            self._check_gate()
        resolve_url = f"{self._page_url}/resolve/{description.commit}/"
        files = self._read_tree(description, resolve_url, wanted)
        if files is None:
            described = self._describe(description.commit, "?blobs=true")  # no sizes otherwise
            files = read_siblings(described, resolve_url, self._reader.what)
        check_named_files(description.names, files, wanted, self._reader.what)
        return Listing.choose(files, wanted, description.commit)

    def _describe(self, revision: str | None, query: str = "") -> Description:
        at = "" if revision is None else f"/revision/{quote(revision, safe='')}"
        response = self._reader.fetch(f"{self._api_url}{at}{query}")
        if response.status != 200:
            raise _explain(response, self._reader.what, revision)
        return read_description(response.body, self._reader.what)

    def _check_gate(self) -> None:
        """Raise SourceError now, not at the first file, if a gated repository is closed to us."""
        response = self._reader.fetch(f"{self._api_url}/auth-check")
        if response.headers.get("x-error-code") == "GatedRepo":
            raise _explain(response, self._reader.what)

    def _read_tree(
        self, description: Description, resolve_url: str, wanted: Selection
    ) -> list[RemoteFile | UnreadableFile] | None:
        """Return all files; None if this hub has no tree."""
        files: list[RemoteFile | UnreadableFile] = []
        try:
            url = f"{self._api_url}/tree/{description.commit}"
            for file in read_tree(self._ask_page, url, resolve_url, wanted):
                files.append(file)
                self._reader.limit(len(files), MAX_FILES, "files")
        except _NoTree:
            return None
        return files

    def _ask_page(self, url: str) -> Response:
        response = self._reader.fetch(url)
        if response.status == 200:
            self._has_tree = True
            return response
        error = _explain(response, self._reader.what)
        code = response.headers.get("x-error-code")
        if code == "RevisionNotFound":
            raise _CommitGone(error.message, permanent=True)
        if response.status in _NO_TREE and code is None and not self._has_tree:
            raise _NoTree(error.message, permanent=True)
        raise error


def _explain(response: Response, what: str, revision: str | None = None) -> SourceError:
    head = AnswerHead.of(response.status, response.headers)
    return explain_hub_refusal(what, head, revision=revision) or explain_status(what, head)
