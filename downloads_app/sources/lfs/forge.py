"""What kind `lfs` wants of a Git server's API."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from downloads_app.sources.lfs.api import Entry


class Forge(Protocol):
    """A Git server's API."""

    @property
    def web(self) -> str:
        """Below which repositories lie."""
        ...

    def find_commit(self, repository: str, revision: str | None, what: str) -> str:
        """Return the commit that `revision` (None: the default branch) means now; raises SourceError."""
        ...

    def list_tree(self, repository: str, commit: str, what: str) -> Iterator[Entry]:
        """List all files of a commit; raises SourceError."""
        ...

    def locate(self, repository: str, commit: str, entry: Entry) -> str:
        """Return where the bytes of a file are as Git has them."""
        ...

    def read_blobs(self, repository: str, commit: str, paths: Sequence[str], what: str) -> dict[str, bytes]:
        """Return small files by path, as far as the server has a way of its own to tell many at once."""
        ...
