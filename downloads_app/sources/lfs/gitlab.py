"""GitLab's API: a commit, its tree page by page, and the sizes by GraphQL (the tree has none)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from downloads_app.errors import SourceError
from downloads_app.sources.documents import read_size
from downloads_app.sources.lfs.api import Api, Entry, read_commit, read_rows, refuse_more
from downloads_app.sources.links import find_next_link
from downloads_app.sources.listing_reader import MAX_FILES

PAGE_SIZE = 100
"""The largest page of GitLab's tree. A GraphQL query for so many files is within GitLab's cost limit."""
_QUERY = """
query($project: ID!, $ref: String!, $paths: [String!]!) {
  project(fullPath: $project) { repository { blobs(ref: $ref, paths: $paths) { nodes { path FIELD } } } }
}
"""


@dataclass(frozen=True, slots=True)
class GitLab:
    """One server; `web` is its address. A repository may be in nested groups."""

    api: Api
    web: str

    def find_commit(self, repository: str, revision: str | None, what: str) -> str:
        """Return the commit that `revision` (None: the default branch) means now."""
        found, _ = self.api.read(f"{self._project(repository)}/commits/{quote(revision or 'HEAD', safe='')}", what)
        return read_commit(found.get("id") if isinstance(found, dict) else None, what)

    def list_tree(self, repository: str, commit: str, what: str) -> Iterator[Entry]:
        """List all files of a commit, with their sizes."""
        url = f"{self._project(repository)}/tree?ref={commit}&recursive=true&per_page={PAGE_SIZE}&pagination=keyset"
        page, asked, seen = "", set[str](), 0
        while page not in asked:
            asked.add(page)
            rows, answer = self.api.read(url + page, what)
            entries = read_rows(rows, what)
            files = [entry for entry in entries if not entry.is_tree]
            yield from self._measure(repository, commit, files, what) if files else ()
            seen += len(rows) if isinstance(rows, list) else 0
            refuse_more(seen, 2 * MAX_FILES, what, "files and folders")
            onward = find_next_link(answer.headers.get("link", ""))
            if onward is None:
                return
            page = _read_page(onward, what)
        raise SourceError(f"{what}: the server's list of files does not end", permanent=True)

    def locate(self, repository: str, commit: str, entry: Entry) -> str:
        """Return the address of a file's bytes, or of its pointer."""
        return f"{self._project(repository)}/blobs/{entry.name}/raw"

    def read_blobs(self, repository: str, commit: str, paths: Sequence[str], what: str) -> dict[str, bytes]:
        """Return small files by path, a hundred a request: each request counts against a rate limit."""
        found: dict[str, bytes] = {}
        for at in range(0, len(paths), PAGE_SIZE):
            told = self._ask_of(repository, commit, paths[at : at + PAGE_SIZE], "rawBlob", what)
            found |= {path: text.encode("utf-8", "replace") for path, text in told.items() if isinstance(text, str)}
        return found

    def _project(self, repository: str) -> str:
        return f"{self.web}/api/v4/projects/{quote(repository, safe='')}/repository"

    def _measure(self, repository: str, commit: str, entries: Sequence[Entry], what: str) -> Iterator[Entry]:
        told = self._ask_of(repository, commit, [entry.path for entry in entries], "size", what)
        try:
            yield from [replace(entry, size_bytes=read_size(int(str(told[entry.path])))) for entry in entries]
        except (KeyError, ValueError):
            raise SourceError(f"{what}: the server does not tell the sizes of all files", permanent=True) from None

    def _ask_of(self, repository: str, commit: str, paths: Sequence[str], field: str, what: str) -> dict[str, object]:
        """Return a field of each blob by path, for the blobs whose field the server sends."""
        asked = {"project": repository, "ref": commit, "paths": list(paths)}
        body = json.dumps({"query": _QUERY.replace("FIELD", field), "variables": asked}).encode()
        found, _ = self.api.read(f"{self.web}/api/graphql", what, body)
        for name in ("data", "project", "repository", "blobs", "nodes"):
            found = found.get(name) if isinstance(found, dict) else None
        nodes = found if isinstance(found, list) else []
        return {str(node.get("path")): node.get(field) for node in nodes if isinstance(node, dict)}


def _read_page(link: str, what: str) -> str:
    """Return the part of the next page's address that names the page. We make the rest of the address ourselves."""
    try:
        query = parse_qs(urlsplit(link).query)
    except ValueError:
        query = {}
    marks = [(name, query[name][0]) for name in ("page_token", "page") if name in query]
    if not marks:
        raise SourceError(f"{what}: the server's list of files goes on at a place that cannot be read", permanent=True)
    return f"&{urlencode(marks)}"
