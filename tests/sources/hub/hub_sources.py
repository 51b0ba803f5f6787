"""Sources of kind `huggingface`, and what tests ask of them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.hub.source import HuggingFaceSource
from tests.support.pages import Page

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TREE = f"/api/models/o/r/tree/{COMMIT}?recursive=true&expand=false"


def open_hub(url: str, token: str | None = None) -> HuggingFaceSource:
    """Return a source of the hub at `url`, which may lie in a private network."""
    return HuggingFaceSource(Access(url, token=token, allow_private_network=True))


def refuse(
    url: str, repository: str = "org/open", revision: str | None = None, token: str | None = None
) -> SourceError:
    """List what cannot be listed; return the error, which is fit to be shown."""
    with pytest.raises(SourceError) as caught:
        open_hub(url, token).list_files(repository, revision)
    assert caught.value.message.isprintable()
    assert "secret" not in caught.value.message
    return caught.value


def row(path: str, **fields: object) -> dict[str, object]:
    """Return a file as the tree tells of it."""
    return {"type": "file", "path": path, "size": 1, "oid": "a" * 40} | fields


def describe(siblings: Sequence[object] = (), **fields: object) -> Page:
    """Return a hub's description of `o/r`, some of its fields changed."""
    info = {"id": "o/r", "sha": COMMIT, "siblings": siblings, "private": False, "tags": [], "downloads": 0} | fields
    return Page(json.dumps(info).encode(), "application/json")


def page_of(*rows: object, link: str = "") -> Page:
    """Return a page of a tree, and the `Link` header that leads on."""
    return Page(json.dumps(rows).encode(), "application/json", headers={"Link": link} if link else {})


def serve_tree(*rows: object, **fields: Any) -> dict[str, Page]:
    """Return a hub's answers about `o/r` by path: its description, and a tree of one page."""
    return {"/api/models/o/r": describe(**fields), TREE: page_of(*rows)}
