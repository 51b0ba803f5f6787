"""What a provider holds: lists a repository's files and says where their bytes are. Knows no database."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Access:
    """What it takes to reach a provider: plain values, so that sources need no database row."""

    url: str
    """The provider's own address (its endpoint, or the root that repositories hang below)."""
    token: str | None = field(default=None, repr=False)
    """Sent as `Authorization: Bearer …`, and only to the origin (scheme, host, port) of `url`."""
    allow_private_network: bool = False
    """Whether the provider's own host may be a private address. No other host ever may."""
    proxy_url: str | None = field(default=None, repr=False)
    """Overrides the usual environment variables (`HTTPS_PROXY`, …)."""
    ca_file: str | None = None
    """A PEM bundle of a private certificate authority; overrides `SSL_CERT_FILE`/`CURL_CA_BUNDLE`."""
    max_connections: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository at one revision. `path` has passed `paths.check_path`."""

    path: str
    url: str
    size_bytes: int | None = None
    sha256: str | None = None
    """Lowercase hex, where the listing knows it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of a repository; `commit` pins the revision where the provider has commits."""

    files: tuple[RemoteFile, ...]
    commit: str | None = None


class Source(Protocol):
    """A live connection to one provider."""

    def list_files(self, repository: str, revision: str | None) -> Listing:
        """List `repository` at `revision` (None: the provider's default).

        Raises SourceError: not found, gated, bad token, unknown revision, rate-limited, unreachable,
        a hostile file name, a listing that is too large.
        """
        ...

    def check(self) -> None:
        """Raise SourceError unless the provider answers as its kind should."""
        ...
