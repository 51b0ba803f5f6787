"""Gitea's and Forgejo's API: a commit, and its tree page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from downloads_app.errors import SourceError
from downloads_app.sources.documents import quote_path
from downloads_app.sources.lfs.api import Api, Entry, read_commit, read_rows, refuse_more
from downloads_app.sources.listing_reader import MAX_FILES

PAGE_SIZE = 1000
MAX_PAGES = 20_000
_BRIEF = "limit=1&stat=false&verification=false&files=false"


@dataclass(frozen=True, slots=True)
class Gitea:
    """One server; `web` is its address."""

    api: Api
    web: str

    def find_commit(self, repository: str, revision: str | None, what: str) -> str:
        """Return the commit that `revision` (None: the default branch) means now."""
        asked = f"&sha={quote(revision, safe='')}" if revision else ""
        found, _ = self.api.read(f"{self.web}/api/v1/repos/{repository}/commits?{_BRIEF}{asked}", what)
        first = found[0] if isinstance(found, list) and found else {}
        return read_commit(first.get("sha") if isinstance(first, dict) else None, what)

    def list_tree(self, repository: str, commit: str, what: str) -> Iterator[Entry]:
        """List all files of a commit. The server decides the size of a page."""
        url = f"{self.web}/api/v1/repos/{repository}/git/trees/{commit}?recursive=true&per_page={PAGE_SIZE}"
        seen = 0
        for page in range(1, MAX_PAGES + 1):
            found, _ = self.api.read(f"{url}&page={page}", what)
            if not isinstance(found, dict) or "tree" not in found:
                raise SourceError(f"{what}: the server's answer holds no tree", permanent=True)
            rows = found["tree"] or []  # null after the last page
            entries = read_rows(rows, what)
            seen += len(rows)
            refuse_more(seen, 2 * MAX_FILES, what, "files and folders")
            yield from (entry for entry in entries if not entry.is_tree)
            if not _goes_on(found, seen, what):
                return
            if not rows:
                raise SourceError(f"{what}: the server's list of files ends before its end", permanent=False)
        raise SourceError(f"{what} is too large: more than {MAX_PAGES:,} pages", permanent=True)

    def read_blobs(self, repository: str, commit: str, paths: Sequence[str], what: str) -> dict[str, bytes]:
        """Return nothing: each file is requested at its own address."""
        return {}

    def locate(self, repository: str, commit: str, entry: Entry) -> str:
        """Return the address of a file's bytes, or of its pointer."""
        return f"{self.web}/api/v1/repos/{repository}/raw/{quote_path(entry.path)}?ref={commit}"


def _goes_on(found: dict[str, object], seen: int, what: str) -> bool:
    total, is_cut = found.get("total_count"), found.get("truncated")
    if not isinstance(total, int) and not isinstance(is_cut, bool):
        raise SourceError(f"{what}: the server does not tell whether its list of files is whole", permanent=True)
    return is_cut is True or (isinstance(total, int) and seen < total)
