"""Replaces the LFS pointers of a tree by the objects that they name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile
from downloads_app.sources.lfs.api import Api, explain
from downloads_app.sources.lfs.batch import name_object
from downloads_app.sources.lfs.forge import Forge
from downloads_app.sources.lfs.github import RAW
from downloads_app.sources.lfs.pointers import MAX_POINTER_BYTES, is_blob, may_be_pointer, read_pointer


@dataclass(frozen=True, slots=True)
class Objects:
    """The LFS objects of a repository at a commit; `names` are Git's names of the blobs by path."""

    api: Api
    forge: Forge
    repository: str
    commit: str
    names: Mapping[str, str]

    def put_into(self, files: Sequence[RemoteFile], what: str) -> Iterator[RemoteFile]:
        """Yield `files` in their order, with the objects instead of their pointers.

        Each file with the size of a pointer is fetched. Raises SourceError if that fails, or if its content is not the
        tree's.
        """
        suspects = [file for file in files if may_be_pointer(file.size_bytes)]
        contents = self._read(suspects, what)
        server = f"{self.forge.web}/{self.repository}.git/info/lfs"
        for file in files:
            pointer = read_pointer(contents[file.path]) if file.path in contents else None
            if pointer is None:
                yield file
            else:
                yield RemoteFile(file.path, name_object(server, pointer.sha256), pointer.size_bytes, pointer.sha256)

    def _read(self, suspects: Sequence[RemoteFile], what: str) -> dict[str, bytes]:
        """Return the contents by path. Each is checked against the tree."""
        paths = [file.path for file in suspects]
        told = self.forge.read_blobs(self.repository, self.commit, paths, what)
        found = {path: told[path] for path in paths if path in told and is_blob(told[path], self.names[path])}
        left = {file.url: file.path for file in suspects if file.path not in found}
        by_url = dict(self._fetch(left))
        return found | {file.path: by_url[file.url] for file in suspects if file.path not in found}

    def _fetch(self, paths: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        accept = RAW if any("/git/blobs/" in url for url in paths) else "*/*"
        for url, answer in self.api.fetch_many(paths, accept, MAX_POINTER_BYTES):
            path = paths[url]
            if answer.status != 200:
                raise explain(answer, f"The file {path!r}")
            if not is_blob(answer.body, self.names[path]):
                raise SourceError(f"{path}: its bytes are not those of the commit", permanent=True)
            yield url, answer.body
