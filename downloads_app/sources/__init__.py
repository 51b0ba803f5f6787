"""What a provider holds: lists a repository's files and says where their bytes are. Knows no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, Self, runtime_checkable

from downloads_app.errors import SourceError
from downloads_app.sources.paths import check_paths
from downloads_app.sources.selection import EVERYTHING, Selection


@dataclass(frozen=True, slots=True)
class Access:
    """What it takes to reach a provider: plain values, so that sources need no database row."""

    url: str
    """The provider's own address (its endpoint, or the root that repositories hang below).

    All secrets go to its origin (scheme, host, port) only.
    """
    token: str | None = field(default=None, repr=False)
    """Sent as `Authorization: Bearer …`."""
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    """Both are sent as `Authorization: Basic …` (RFC 7617), or sign each request where there is a `signing_region`."""
    header_name: str | None = None
    header_value: str | None = field(default=None, repr=False)
    """A header of one's own, sent beside what else there is."""
    client_certificate: str | None = field(default=None, repr=False)
    """PEM: a certificate, those of its authorities, and its key without a passphrase."""
    signing_region: str | None = None
    """Where requests are signed as Amazon's S3 wants it (AWS Signature Version 4): the region to sign for."""
    address_list: str | None = field(default=None, repr=False)
    """What an admin has written for kind `urls`."""
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
    """The exact size; None where the listing tells none, or a rounded one."""
    sha256: str | None = None
    """Lowercase hex, where the listing knows it."""
    git_sha1: str | None = None
    """Lowercase hex: the SHA-1 of `blob <size>`, a NUL and the content, as git names a file that is no LFS object."""
    xet_hash: str | None = None
    """Lowercase hex: the content's name in the hub's store of chunks, where it lies there."""
    md5: str | None = None
    """Lowercase hex; what S3 stores tell of an object that was stored in one piece."""
    about_bytes: int | None = None
    """The size as a page for people shows it (`1.9M`): rounded, fit to tell a half file from a whole one, no more."""

    @property
    def vouching_sum(self) -> str:
        """The sum that vouches for the content: `sha256:…`, `md5:…` or `git:…`; "" where the listing knows none."""
        if self.sha256 is not None:
            return f"sha256:{self.sha256}"
        if self.md5 is not None:
            return f"md5:{self.md5}"
        return f"git:{self.git_sha1}" if self.git_sha1 is not None else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The wanted files of a repository, all of them; `commit` pins the revision where the provider has commits."""

    files: tuple[RemoteFile, ...]
    commit: str | None = None
    unwanted_files: int = 0
    """How many files were listed and not chosen."""

    @classmethod
    def choose(cls, files: Iterable[RemoteFile], wanted: Selection, commit: str | None = None) -> Self:
        """Return what is wanted of `files`; only their names are judged. Raises SourceError for a bad one."""
        wants, chosen, unwanted = wanted.matcher(), [], 0
        for file in files:
            if wants(file.path):
                chosen.append(file)
            else:
                unwanted += 1
        check_paths(file.path for file in chosen)
        return cls(tuple(chosen), commit, unwanted)


RESOLVED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file's bytes are asked for at present, by a source that finds that out at the time."""

    url: str = field(repr=False)
    headers: tuple[str, ...] = field(default=(), repr=False)
    """Sent to the origin of `url` only, in place of the provider's token or password."""
    good_until: float = inf
    """On the monotonic clock; afterwards the source is asked again."""


class Source(Protocol):
    """A live connection to one provider."""

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List what is wanted of `repository` at `revision` (None: the provider's default).

        A listing is complete, or it is an error. End with `Listing.choose`: what is not wanted need not have a
        good name. Raises SourceError: not found, gated, bad token, unknown revision, rate-limited, unreachable,
        a hostile file name, a listing that is too large.
        """
        ...

    def check(self) -> None:
        """Raise SourceError unless the provider answers as its kind should."""
        ...


@runtime_checkable
class ResolvingSource(Source, Protocol):
    """A source whose files need a token, or another address, of the hour they are fetched in."""

    def resolve(self, files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        """Say by path how each file of a listing is asked for now, or why it cannot be.

        Called by one thread at a time, for at most `RESOLVED_AT_ONCE` files, again when a target is no longer
        good. Raises SourceError where that goes for all of them.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundRepository:
    """A repository as a provider's search tells of it; None for what it does not tell."""

    name: str
    downloads: int | None = None
    """How often others fetched of it, as the provider counts."""
    likes: int | None = None
    updated_at: str | None = None
    """UTC, `2026-01-31T12:00:00Z`."""
    is_gated: bool | None = None
    licence: str | None = None


@runtime_checkable
class SearchableSource(Source, Protocol):
    """A source that finds repositories by a part of their names."""

    def search(self, text: str, limit: int) -> list[FoundRepository]:
        """Return at most `limit` repositories, the most fetched first. Raises SourceError."""
        ...
