"""Kind `oci`: lists the files of a registry's reference, and gives the targets of its blobs."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing, RemoteFile, Target
from downloads_app.sources.oci.layers import name_layers
from downloads_app.sources.oci.manifests import Manifest, fetch_manifest
from downloads_app.sources.oci.references import Reference, read_reference
from downloads_app.sources.oci.registry import Pass, Registry
from downloads_app.sources.selection import EVERYTHING, Selection

LIBRARY = "library"
"""In Ollama's and Docker's registries, a name without an owner means a name below this."""
MAX_DOCUMENT_BYTES = 1024 * 1024


class OciSource:
    """One registry. A repository is a name there. The revision is a tag or a digest; the default is `latest`."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._passes: dict[str, Pass] = {}

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List the layers of `repository`. If an index has several manifests, each gets its own folder."""
        asked = read_reference(repository, revision)
        what = f"Repository {repository[:120]!r} at {asked.asked}"
        with closing(Registry(self._access, self._passes, self._clock)) as registry:
            asked, manifest = _find(registry, asked, what)
            files = _list_layers(registry, asked, manifest, what, wanted)
            return Listing.choose(files, wanted, manifest.sha256)

    def resolve(self, files: Sequence[RemoteFile]) -> dict[str, Target | SourceError]:
        """Return the target of each blob by path: its address, with a token if its repository demands one."""
        found: dict[str, Target | SourceError] = {}
        with closing(Registry(self._access, self._passes, self._clock)) as registry:
            names = {file.path: _name_of(file, registry) for file in files}
            for name in set(filter(None, names.values())):
                registry.ask("", name, limit_bytes=MAX_DOCUMENT_BYTES)  # gets the credentials, as Docker's client does
            for file in files:
                opens = registry.pass_for(names[file.path])
                found[file.path] = Target(file.url, opens.headers, opens.good_until)
        return found

    def check(self) -> None:
        """Raise SourceError unless a registry answers, and accepts our token or password if it demands one."""
        with closing(Registry(self._access, self._passes, self._clock)) as registry:
            answer = registry.ask("", "", limit_bytes=MAX_DOCUMENT_BYTES)
            if answer.status not in (200, 404):
                raise registry.explain(answer, "The provider's address")
            # Ollama's registry has nothing at this address, but its error has the registries' form
            is_registry = "docker-distribution-api-version" in answer.headers or answer.body.lstrip()[:1] == b"{"
            if not is_registry:
                raise SourceError("The provider does not answer as a registry does", permanent=True)


def _find(registry: Registry, asked: Reference, what: str) -> tuple[Reference, Manifest]:
    """Return the manifest. A name without an owner is also tried below `library`."""
    try:
        return asked, fetch_manifest(registry, asked, what)
    except SourceError as error:
        if "/" in asked.name or not error.permanent:
            raise
        try:
            official = Reference(f"{LIBRARY}/{asked.name}", asked.asked)
            return official, fetch_manifest(registry, official, what)
        except SourceError:
            raise error from None


def _list_layers(
    registry: Registry, asked: Reference, manifest: Manifest, what: str, wanted: Selection
) -> Iterator[RemoteFile]:
    yield from _name_files(registry, asked, manifest, "")
    parts = manifest.manifests
    counts = Counter(part.platform for part in parts)
    for part in parts:
        is_clear = part.platform and counts[part.platform] == 1
        folder = part.platform if is_clear else "-".join(filter(None, (part.platform, part.sha256[:12])))
        if len(parts) > 1 and not wanted.may_hold(folder):
            continue
        inner = fetch_manifest(registry, Reference(asked.name, f"sha256:{part.sha256}"), what)
        if inner.manifests:
            raise SourceError(f"{what}: it is an index of indexes, which is not known here", permanent=True)
        yield from _name_files(registry, asked, inner, f"{folder}/" if len(parts) > 1 else "")


def _name_files(registry: Registry, asked: Reference, manifest: Manifest, prefix: str) -> Iterator[RemoteFile]:
    for path, blob in name_layers(manifest, asked.label):
        url = f"{registry.root}/v2/{asked.name}/blobs/sha256:{blob.sha256}"
        yield RemoteFile(prefix + path, url, blob.size_bytes, blob.sha256)


def _name_of(file: RemoteFile, registry: Registry) -> str:
    """Return the repository of a listed blob; "" if it is another registry's (the provider's address was changed)."""
    root = f"{registry.root}/v2/"
    return file.url.removeprefix(root).partition("/blobs/")[0] if file.url.startswith(root) else ""
