"""GitHub's API (and GitHub Enterprise's): a commit, and its tree at once, or folder by folder if that is cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from downloads_app.errors import SourceError
from downloads_app.sources.documents import quote_path
from downloads_app.sources.lfs.api import Api, Entry, read_commit, read_rows, refuse_more

MAX_DEPTH = 64
MAX_TREES = 5_000
MAX_COMMIT_BYTES = 4096
COMMIT = "application/vnd.github.sha"
"""Requests only the commit's name; the default answer has all its changes too."""
RAW = "application/vnd.github.raw+json"
"""With this `Accept`, GitHub Enterprise sends a blob's bytes."""
PUBLIC_HOSTS = ("github.com", "www.github.com", "api.github.com")


@dataclass(frozen=True, slots=True)
class GitHub:
    """`web` is the address of the repositories, `root` that of the API."""

    api: Api
    root: str
    web: str
    raw: str | None = None
    """The address below which files are found by commit and path. None: use the API."""

    def find_commit(self, repository: str, revision: str | None, what: str) -> str:
        """Return the commit that `revision` means now."""
        url = f"{self.root}/repos/{repository}/commits/{quote_path(revision or 'HEAD')}"
        body = self.api.fetch(url, what, accept=COMMIT, limit_bytes=MAX_COMMIT_BYTES)
        return read_commit(body.decode("latin-1").strip(), what)

    def list_tree(self, repository: str, commit: str, what: str) -> Iterator[Entry]:
        """List all files of a commit."""
        waiting = [(commit, "", 0)]
        asked = 0
        while waiting:
            name, prefix, depth = waiting.pop()
            asked += 1
            refuse_more(asked, MAX_TREES, what, "folders")
            refuse_more(depth, MAX_DEPTH, what, "folders below each other")
            url = f"{self.root}/repos/{repository}/git/trees/{name}"
            entries, is_cut = self._read_tree(f"{url}?recursive=1", what, prefix)
            if is_cut:
                entries, is_cut = self._read_tree(url, what, prefix)
                if is_cut:
                    raise SourceError(f"{what}: the server cuts the list of folder {prefix!r}", permanent=True)
                waiting += [(entry.name, f"{entry.path}/", depth + 1) for entry in entries if entry.is_tree]
            yield from (entry for entry in entries if not entry.is_tree)

    def read_blobs(self, repository: str, commit: str, paths: Sequence[str], what: str) -> dict[str, bytes]:
        """Return nothing: each file is requested at its own address."""
        return {}

    def locate(self, repository: str, commit: str, entry: Entry) -> str:
        """Return the address of a file's bytes."""
        if self.raw is not None:
            return f"{self.raw}/{repository}/{commit}/{quote_path(entry.path)}"
        return f"{self.root}/repos/{repository}/git/blobs/{entry.name}"

    def _read_tree(self, url: str, what: str, prefix: str) -> tuple[list[Entry], bool]:
        found, _ = self.api.read(url, what)
        if not isinstance(found, dict):
            raise SourceError(f"{what}: the server's answer holds no tree", permanent=True)
        return read_rows(found.get("tree"), what, prefix), found.get("truncated") is not False
