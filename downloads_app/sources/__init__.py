"""What a provider holds: lists a repository's files and says where their bytes are. Knows no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, Self, runtime_checkable

from downloads_app.errors import SourceError
from downloads_app.sources.documents import MAX_SIZE_BYTES
from downloads_app.sources.paths import check_paths
from downloads_app.sources.selection import EVERYTHING, Selection


@dataclass(frozen=True, slots=True)
class Access:
    """What a source needs to reach a provider. It has plain values only, so sources need no database row."""

    url: str
    """The provider's own address (its endpoint, or the root that repositories hang below).

    All secrets go to its origin (scheme, host, port) only.
    """
    token: str | None = field(default=None, repr=False)
    """Sent as `Authorization: Bearer …`."""
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    """Name and password are sent as `Authorization: Basic …` (RFC 7617). With a `signing_region` they sign requests."""
    header_name: str | None = None
    header_value: str | None = field(default=None, repr=False)
    """A further header, chosen by the admin; it is sent besides the others."""
    client_certificate: str | None = field(default=None, repr=False)
    """PEM: a certificate, its chain of authorities, and its key without a passphrase."""
    signing_region: str | None = None
    """The region, if requests are signed as Amazon's S3 requires (AWS Signature Version 4); else None."""
    address_list: str | None = field(default=None, repr=False)
    """For kind `urls`: the list that an admin has written."""
    allow_private_network: bool = False
    """Whether the provider's own host may be a private address."""
    allow_hosts: tuple[str, ...] = ()
    """Further hosts that may be private addresses: `host` (any port), or `host:port`."""
    proxy_url: str | None = field(default=None, repr=False)
    """Overrides the usual environment variables (`HTTPS_PROXY`, …)."""
    ca_file: str | None = None
    """A PEM bundle of a private certificate authority; overrides `SSL_CERT_FILE`/`CURL_CA_BUNDLE`."""
    max_connections: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository at one revision. In a `Listing`, `path` has passed `paths.check_path`."""

    path: str
    url: str
    size_bytes: int | None = None
    """The exact size; None if the listing has no size or only a rounded one."""
    sha256: str | None = None
    """Lowercase hex; None if the listing does not have it."""
    git_sha1: str | None = None
    """Lowercase hex: the SHA-1 of `blob <size>`, a NUL and the content. Git names files so, except LFS objects."""
    xet_hash: str | None = None
    """Lowercase hex: the content's name in the hub's store of chunks (Xet); None if it is not stored there."""
    md5: str | None = None
    """Lowercase hex; S3 stores have it for an object that was uploaded in one part."""
    about_bytes: int | None = None
    """The rounded size from a page for people (`1.9M`): good enough only to tell half a file from a whole one."""

    @property
    def likely_bytes(self) -> int:
        """The size, exact or rounded; 0 if the listing has neither."""
        return self.size_bytes or self.about_bytes or 0

    @property
    def vouching_sum(self) -> str:
        """The sum that vouches for the content: `sha256:…`, `md5:…` or `git:…`; "" where the listing knows none."""
        if self.sha256 is not None:
            return f"sha256:{self.sha256}"
        if self.md5 is not None:
            return f"md5:{self.md5}"
        return f"git:{self.git_sha1}" if self.git_sha1 is not None else ""


def sum_sizes(files: Iterable[RemoteFile]) -> int | None:
    """Return the size of all files together; None while that of one is unknown."""
    sizes = [file.size_bytes for file in files]
    return None if None in sizes else sum(size or 0 for size in sizes)


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A listed file whose size or sum is malformed. It fails the listing, but only if the file is wanted."""

    path: str
    fault: str
    """The whole message of the error."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All wanted files of a repository. `commit` pins the revision if the provider has commits."""

    files: tuple[RemoteFile, ...]
    commit: str | None = None
    unwanted_files: int = 0
    """The number of files that were listed but not chosen."""

    @classmethod
    def choose(cls, files: Iterable[RemoteFile | UnreadableFile], wanted: Selection, commit: str | None = None) -> Self:
        """Return the wanted ones of `files`. Raises SourceError if a wanted file has a bad name, size or sum.

        Also where no database could store the size of all together.
        """
        wants, chosen, unwanted = wanted.matcher(), [], 0
        for file in files:
            if not wants(file.path):
                unwanted += 1
            elif isinstance(file, UnreadableFile):
                raise SourceError(file.fault, permanent=True)
            else:
                chosen.append(file)
        check_paths(file.path for file in chosen)
        if sum(file.likely_bytes for file in chosen) > MAX_SIZE_BYTES:
            raise SourceError(f"The listing's {len(chosen):,} files together are larger than any disk", permanent=True)
        return cls(tuple(chosen), commit, unwanted)


RESOLVED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Target:
    """Where to request a file's bytes now. A ResolvingSource finds this out just before the request."""

    url: str = field(repr=False)
    headers: tuple[str, ...] = field(default=(), repr=False)
    """Sent to the origin of `url` only, in place of the provider's token or password."""
    good_until: float = inf
    """A time.monotonic() value. After it, the source must be asked again."""


class Source(Protocol):
    """A live connection to one provider."""

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List the wanted files of `repository` at `revision` (None: the provider's default).

        A listing is complete, or it is an error. Implementations end with `Listing.choose`: it checks only the names
        of wanted files. Raises SourceError: not found, gated, bad token, unknown revision, rate-limited, unreachable,
        a hostile file name, a listing that is too large.
        """
        ...

    def check(self) -> None:
        """Raise SourceError unless the provider answers as a server of its kind does."""
        ...


def refuse_revision(revision: str | None) -> None:
    """Raise SourceError if a revision is asked of a kind that has none; `main` stands for what is there."""
    if revision not in (None, "main"):
        raise SourceError(f"This kind of provider has no revisions, so no {revision[:120]!a}", permanent=True)


@runtime_checkable
class ResolvingSource(Source, Protocol):
    """A source whose files need a short-lived token or address, requested just before the transfer."""

    def resolve(self, files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        """Return, by path, the Target of each file, or the error of a file that has none.

        One thread at a time calls this, for at most `RESOLVED_AT_ONCE` files, and again when a target has expired.
        Raises SourceError if the same error applies to all files.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundRepository:
    """A repository that a provider's search has found. A field is None if the provider does not tell it."""

    name: str
    downloads: int | None = None
    """The number of downloads, as the provider counts them."""
    likes: int | None = None
    updated_at: str | None = None
    """UTC, `2026-01-31T12:00:00Z`."""
    is_gated: bool | None = None
    licence: str | None = None


@runtime_checkable
class SearchableSource(Source, Protocol):
    """A source that finds repositories by a part of their names."""

    def search(self, text: str, limit: int) -> list[FoundRepository]:
        """Return at most `limit` repositories, the most downloaded first. Raises SourceError."""
        ...
