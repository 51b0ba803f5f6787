"""Publishes repositories on the test file server, with a manifest, and queues downloads of them."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from downloads_app.config import current_settings
from downloads_app.models import Download, Provider, User
from downloads_app.services.downloads import lifecycle
from downloads_app.services.providers import catalog
from tests.support.file_server import FileServer


def publish(server: FileServer, repository: str, files: Mapping[str, bytes]) -> None:
    """Serve a repository whose manifest knows all sizes and sums."""
    for path, content in files.items():
        server.put(f"{repository}/{path}", content)
    publish_manifest(server, repository, [describe(path, content) for path, content in files.items()])


def describe(path: str, content: bytes) -> dict[str, object]:
    """Return what a manifest tells of a file."""
    return {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def publish_manifest(server: FileServer, repository: str, files: list[dict[str, object]]) -> None:
    """Serve a manifest, true or not."""
    server.put(f"{repository}/manifest.json", json.dumps({"files": files}).encode())


def provide(server: FileServer, name: str = "local", **options: Any) -> Provider:
    """Add the test server as a provider."""
    return catalog.add_provider(
        current_settings(),
        name,
        "http",
        server.url,
        allow_private_network=True,
        **options,
    )


def queue_download(user: User, provider: Provider, repository: str = "org/model", **options: object) -> Download:
    """Queue a download as its owner would."""
    return lifecycle.create(current_settings(), user, provider, repository, **options)  # type: ignore[arg-type]  # passed on as given
