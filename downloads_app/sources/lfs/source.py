"""Kind `lfs`: lists a Git repository at a commit by its server's API, and gives the addresses of its files."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing, RemoteFile, Target, UnreadableFile
from downloads_app.sources.documents import parse_json
from downloads_app.sources.lfs.api import Api, Entry, refuse_more
from downloads_app.sources.lfs.batch import Batch, find_server
from downloads_app.sources.lfs.forge import Forge
from downloads_app.sources.lfs.gitea import Gitea
from downloads_app.sources.lfs.github import PUBLIC_HOSTS, RAW, GitHub
from downloads_app.sources.lfs.gitlab import GitLab
from downloads_app.sources.lfs.objects import Objects
from downloads_app.sources.lfs.pointers import SHA1_DIGITS
from downloads_app.sources.listing_reader import MAX_FILES, ListingReader
from downloads_app.sources.paths import find_fault
from downloads_app.sources.selection import EVERYTHING, Selection
from downloads_app.sources.trust import is_trusted, token_header, without_credentials

MAX_VERSION_BYTES = 64 * 1024


class LfsSource:
    """One Git server. A repository is `owner/name` there, the revision a branch, a tag or a commit."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List `repository` at the commit that `revision` means now, with LFS objects instead of their pointers."""
        name = repository.strip("/").removesuffix(".git")
        if find_fault(name) or "/" not in name:
            raise SourceError(f"{repository[:120]!a} is no repository here: owner/name is expected", permanent=True)
        what = f"Repository {repository[:120]!r}" + (f" at {revision[:120]!r}" if revision else "")
        with closing(Api(self._access, self._clock)) as api:
            forge = find_forge(api)
            commit = forge.find_commit(name, revision, what)
            entries = _take(forge.list_tree(name, commit, what), what)
            listing = Listing.choose((_describe(forge, name, commit, entry) for entry in entries), wanted, commit)
            names = {entry.path: entry.name for entry in entries}
            objects = Objects(api, forge, name, commit, names)
            return replace(listing, files=tuple(objects.put_into(listing.files, what)))

    def resolve(self, files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        """Ask the LFS servers for the current addresses of their objects. Other files keep their own address."""
        found: dict[str, Target | SourceError] = {}
        objects: dict[str, list[RemoteFile]] = defaultdict(list)
        for file in files:
            server = find_server(file)
            if server is None:
                found[file.path] = Target(file.url, tuple(self._headers_for(file.url)))
            else:
                objects[server].append(file)
        with ListingReader(without_credentials(self._access), "The LFS server", self._clock) as reader:
            for server, wanted in objects.items():
                found |= Batch(self._access, reader, server).resolve(wanted)
        return found

    def check(self) -> None:
        """Raise SourceError unless a Git server of a known sort answers at the address."""
        with closing(Api(self._access, self._clock)) as api:
            find_forge(api)

    def _headers_for(self, url: str) -> Iterator[str]:
        shown = token_header(self._access) if is_trusted(self._access, url) else None
        if shown:
            yield shown
        if "/git/blobs/" in url:
            yield f"Accept: {RAW}"


def find_forge(api: Api) -> Forge:
    """Find out which sort of server answers. Raises SourceError for an unknown sort."""
    if urlsplit(api.root).hostname in PUBLIC_HOSTS:
        return GitHub(api, "https://api.github.com", "https://github.com", "https://raw.githubusercontent.com")
    if _speaks(api, "/api/v1/version"):
        return Gitea(api, api.root)
    if _speaks(api, "/api/v4/version"):
        return GitLab(api, api.root)
    if _speaks(api, "/api/v3/meta"):
        return GitHub(api, f"{api.root}/api/v3", api.root)
    text = "The provider answers neither as GitHub, nor as GitLab, nor as Gitea or Forgejo does"
    raise SourceError(text, permanent=True)


def _speaks(api: Api, path: str) -> bool:
    """Whether an API answers at `path`, even if only to ask for a token."""
    answer = api.ask(api.root + path, limit_bytes=MAX_VERSION_BYTES)
    if answer.status not in (200, 401, 403):
        return False
    try:
        return isinstance(parse_json(answer.body, "The server's answer"), dict)
    except SourceError:
        return False


def _take(entries: Iterator[Entry], what: str) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        found.append(entry)
        refuse_more(len(found), MAX_FILES, what)
    return found


def _describe(forge: Forge, repository: str, commit: str, entry: Entry) -> RemoteFile | UnreadableFile:
    if entry.fault:
        return UnreadableFile(entry.path, entry.fault)
    git_sha1 = entry.name if len(entry.name) == SHA1_DIGITS else None
    return RemoteFile(entry.path, forge.locate(repository, commit, entry), entry.size_bytes, git_sha1=git_sha1)
