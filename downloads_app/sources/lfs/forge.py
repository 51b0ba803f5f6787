"""The operations of a Git server's API that kind `lfs` needs."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from downloads_app.sources.lfs.api import Entry


class Forge(Protocol):
    """A Git server's API."""

    @property
    def web(self) -> str:
        """The address below which the repositories are."""
        ...

    def find_commit(self, repository: str, revision: str | None, what: str) -> str:
        """Return the commit that `revision` (None: the default branch) means now; raises SourceError."""
        ...

    def list_tree(self, repository: str, commit: str, what: str) -> Iterator[Entry]:
        """List all files of a commit; raises SourceError."""
        ...

    def locate(self, repository: str, commit: str, entry: Entry) -> str:
        """Return the address of a file's bytes in Git (for an LFS file: of its pointer)."""
        ...

    def read_blobs(self, repository: str, commit: str, paths: Sequence[str], what: str) -> dict[str, bytes]:
        """Return small files by path, if the server can send many at once; else an empty dict."""
        ...
