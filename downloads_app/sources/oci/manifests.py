"""Fetches a registry's manifests and indexes by tag or digest, checks them, and reads them.

Forms: OCI image specification 1.1 (image manifest, image index), Docker's schema 2, and ORAS's old artifact manifest.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from downloads_app.errors import SourceError
from downloads_app.sources.documents import parse_json, read_size
from downloads_app.sources.oci.references import Reference
from downloads_app.sources.oci.registry import Registry

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
"""The distribution specification requires registries to accept this size; most accept no more."""
MAX_MANIFESTS = 100
MAX_LAYERS = 10_000
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.artifact.manifest.v1+json",
)
_ACCEPT = f"Accept: {', '.join(_TYPES)}"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_ATTESTATION = "vnd.docker.reference.type"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A manifest's entry for a blob or for another manifest. `sha256` is lowercase hex."""

    media_type: str
    sha256: str
    size_bytes: int
    annotations: dict[str, str] = field(default_factory=dict)
    platform: str = ""
    """For example `linux-arm64-v8`; "" if the index does not name it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of one reference: the layers and the configuration, or, for an index, further manifests."""

    sha256: str
    layers: tuple[Descriptor, ...]
    config: Descriptor | None
    manifests: tuple[Descriptor, ...] = ()


def fetch_manifest(registry: Registry, reference: Reference, what: str) -> Manifest:
    """Fetch the manifest that `reference` names. Raises SourceError, also if the bytes do not match the digest."""
    path = f"{reference.name}/manifests/{reference.asked}"
    answer = registry.ask(path, reference.name, limit_bytes=MAX_MANIFEST_BYTES, headers=(_ACCEPT,))
    if answer.status != 200:
        raise registry.explain(answer, what)
    found = hashlib.sha256(answer.body).hexdigest()
    told = _DIGEST.fullmatch(answer.headers.get("docker-content-digest", ""))
    expected = reference.digest or (told[1] if told else found)
    if found != expected or (told and found != told[1]):
        raise SourceError(f"{what}: its manifest has the sha256 {found}, {expected} is expected", permanent=True)
    try:
        return _read(parse_json(answer.body, f"{what}: its manifest"), found)
    except ValueError as exc:
        raise SourceError(f"{what}: {exc}", permanent=True) from None


def _read(document: object, sha256: str) -> Manifest:
    """Read a manifest or an index. Raises a ValueError that says what is wrong."""
    if not isinstance(document, dict) or document.get("schemaVersion") not in (2, None):
        raise ValueError("its manifest is of a form that is not known here")
    layers, manifests = document.get("layers", document.get("blobs")), document.get("manifests")
    if (layers is None) == (manifests is None):
        raise ValueError("its manifest has neither layers nor manifests, or both")
    if manifests is not None:
        rows = [row for row in _read_rows(manifests, MAX_MANIFESTS, "manifests") if not _is_attestation(row)]
        return Manifest(sha256, (), None, tuple(map(_read_descriptor, rows)))
    config = document.get("config")
    found = tuple(map(_read_descriptor, _read_rows(layers, MAX_LAYERS, "layers")))
    return Manifest(sha256, found, None if config is None else _read_descriptor(config))


def _read_rows(rows: object, limit: int, what: str) -> Iterator[object]:
    if not isinstance(rows, list):
        raise ValueError(f"its {what} are not a list")
    if len(rows) > limit:
        raise ValueError(f"it is too large: more than {limit:,} {what}")
    return iter(rows)


def _read_descriptor(row: object) -> Descriptor:
    if not isinstance(row, dict):
        raise ValueError("its manifest names something that is no object")
    digest, media_type = row.get("digest"), row.get("mediaType")
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if match is None:
        raise ValueError(f"its manifest has {str(digest)[:80]!a} where a sha256 digest is due")
    size_bytes = read_size(row.get("size"))
    if size_bytes is None:
        raise ValueError("its manifest names something without its size")
    kept = media_type.partition(";")[0].strip() if isinstance(media_type, str) else ""
    return Descriptor(kept, match[1], size_bytes, _read_annotations(row), _read_platform(row.get("platform")))


def _read_annotations(row: dict[str, object]) -> dict[str, str]:
    found = row.get("annotations")
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _read_platform(row: object) -> str:
    parts = [row.get(name) for name in ("os", "architecture", "variant")] if isinstance(row, dict) else []
    return "-".join(part for part in parts if part and isinstance(part, str))


def _is_attestation(row: object) -> bool:
    """Whether a manifest only describes another one. `docker buildx` adds such a one for each platform."""
    return isinstance(row, dict) and _ATTESTATION in _read_annotations(row)
