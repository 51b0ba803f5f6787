"""Addresses in a store: buckets (in one of two styles), keys, and the region to sign for."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from downloads_app.errors import SourceError
from downloads_app.sources.paths import ROOT, find_fault

DEFAULT_REGION = "us-east-1"
"""Stores without regions accept this one."""
_HAS_BUCKET = re.compile(r"[^.].*\.s3[.-]", re.IGNORECASE)
_REGION = re.compile(
    r"(?:^|\.)s3(?:-fips)?[.-](?:dualstack\.)?([a-z]+(?:-[a-z0-9]+)+|[a-z]{3})"
    r"\.(?:amazonaws\.com(?:\.cn)?|wasabisys\.com|backblazeb2\.com|scw\.cloud|io\.cloud\.ovh\.[a-z]+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Prefix:
    """A repository at a store: the keys of one bucket with the same prefix."""

    bucket_url: str
    """Without a slash at its end."""
    prefix: str
    """Empty, or ending in a slash."""

    def url_of(self, key: str) -> str:
        """Return the address of an object. Characters with a meaning in addresses are percent-encoded."""
        return f"{self.bucket_url}/{quote(key, safe='/')}"

    def list_url(self, **parameters: str) -> str:
        """Return the address of a page of ListObjectsV2."""
        wanted = {"list-type": "2", "encoding-type": "url", "prefix": self.prefix, **parameters}
        folder = self.bucket_url if urlsplit(self.bucket_url).path else f"{self.bucket_url}/"
        return f"{folder}?{urlencode(sorted(wanted.items()), quote_via=quote, safe='')}"


def find_prefix(url: str, repository: str) -> Prefix:
    """Return the prefix of `repository`. Raises a permanent SourceError for a bad name, or if there is no bucket.

    The bucket is in the host's name (`bucket.s3.…`), else the first segment of the address's path, else the first
    segment of the repository.
    """
    parts = urlsplit(url)
    name = repository.strip("/")
    segments = [segment for segment in unquote(parts.path).split("/") if segment]
    if name != ROOT:
        fault = find_fault(name)
        if fault:
            raise SourceError(f"{repository[:120]!a} is no repository here: {fault}", permanent=True)
        segments += name.split("/")
    bucket = "" if _HAS_BUCKET.match(parts.hostname or "") else _take_bucket(segments)
    bucket_url = urlunsplit((parts.scheme, parts.netloc, bucket, "", ""))
    return Prefix(bucket_url, "".join(f"{segment}/" for segment in segments))


def has_bucket(url: str) -> bool:
    """Whether a provider's address names a bucket."""
    parts = urlsplit(url)
    return bool(_HAS_BUCKET.match(parts.hostname or "") or parts.path.strip("/"))


def find_region(url: str) -> str:
    """Return the region in the name of a store's host; DEFAULT_REGION if we do not know the host's scheme."""
    found = _REGION.search(urlsplit(url).hostname or "")
    return found[1] if found else DEFAULT_REGION


def _take_bucket(segments: list[str]) -> str:
    if not segments:
        text = "Neither the provider's address nor the repository names a bucket: name it as bucket/prefix"
        raise SourceError(text, permanent=True)
    return f"/{quote(segments.pop(0), safe='')}"
