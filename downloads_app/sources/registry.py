"""The kinds of providers, and the source of each. This is the only place where a kind is registered."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from downloads_app.errors import InvalidInput
from downloads_app.sources import Access, FoundRepository, ResolvingSource, SearchableSource, Source
from downloads_app.sources.s3.addresses import find_region


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of provider. Its module is loaded on first use: some kinds need heavy libraries."""

    module: str
    source: str
    """The name of the Source class in `module`. It is called with an Access."""
    holds_folders: bool = False
    """Whether repositories are folders. Then the provider's own root (`.`) is a repository too."""
    has_list: bool = False
    """Whether an admin writes the list of files. Such a kind needs no address of its own."""
    trusts_named_hosts: bool = False
    """Whether secrets also go to the hosts that an admin allows: token servers and LFS servers."""
    can_search: bool = False
    """Whether its source finds repositories by a part of their names (SearchableSource)."""
    find_region: Callable[[str], str] | None = None
    """For kinds that sign requests: finds the region in the provider's address."""


KINDS = {
    "huggingface": Kind("downloads_app.sources.hub.source", "HuggingFaceSource", can_search=True),
    "http": Kind("downloads_app.sources.http_folder.source", "HttpSource", holds_folders=True),
    "s3": Kind("downloads_app.sources.s3.source", "S3Source", holds_folders=True, find_region=find_region),
    "oci": Kind("downloads_app.sources.oci.source", "OciSource", trusts_named_hosts=True),
    "lfs": Kind("downloads_app.sources.lfs.source", "LfsSource", trusts_named_hosts=True),
    "urls": Kind("downloads_app.sources.urls.source", "UrlsSource", has_list=True, can_search=True),
}
"""All kinds by the name that is stored with a provider, in the order in which users see them."""


def holds_folders(kind: str) -> bool:
    """Whether the repositories of a kind are folders below the provider's root."""
    return kind in KINDS and KINDS[kind].holds_folders


def load(kind: str) -> None:
    """Load the libraries of a kind before threads use them."""
    if kind in KINDS:
        importlib.import_module(KINDS[kind].module)


def has_list(kind: str) -> bool:
    """Whether an admin writes the list of a provider of `kind`."""
    return kind in KINDS and KINDS[kind].has_list


def trusts_named_hosts(kind: str) -> bool:
    """Whether a provider of `kind` may show its secrets to the hosts that its admin allows."""
    return kind in KINDS and KINDS[kind].trusts_named_hosts


def can_search(kind: str) -> bool:
    """Whether repositories of a provider of `kind` can be searched for."""
    return kind in KINDS and KINDS[kind].can_search


def search(kind: str, access: Access, text: str, limit: int) -> list[FoundRepository]:
    """Search a provider's repositories. Raises InvalidInput for a kind without search, or SourceError."""
    source = open_source(kind, access)
    if not isinstance(source, SearchableSource):
        raise InvalidInput(f"A provider of kind {kind} has no search; give the repository's name")
    return source.search(text, limit)


def find_signing_region(kind: str, url: str, region: str | None) -> str | None:
    """Return the region to sign for: `region`, else the one in the address. None for kinds that do not sign."""
    known = KINDS.get(kind)
    return (region or known.find_region(url)) if known and known.find_region else None


def open_source(kind: str, access: Access) -> Source:
    """Return the source for a provider of `kind`. This sends no request yet."""
    if kind not in KINDS:
        raise InvalidInput(f"There is no kind of provider {kind!r}; there are {', '.join(sorted(KINDS))}")
    known = KINDS[kind]
    make: Callable[[Access], Source] = getattr(importlib.import_module(known.module), known.source)
    return make(access)


def open_resolving(kind: str, access: Access) -> ResolvingSource | None:
    """Return the source that finds targets during a transfer (ResolvingSource); None for kinds that need none."""
    source = open_source(kind, access)
    return source if isinstance(source, ResolvingSource) else None
