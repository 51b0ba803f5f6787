"""Sources of kind `huggingface`, and what tests ask of them."""

import json

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.hub.source import HuggingFaceSource
from tests.support.pages import Page

COMMIT = "0123456789abcdef0123456789abcdef01234567"


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


def serve_info(**fields: object) -> dict[str, Page]:
    """Return a hub's answer about `o/r`, some of its fields changed, by path."""
    info = {"id": "o/r", "sha": COMMIT, "siblings": [], "private": False, "tags": [], "downloads": 0} | fields
    return {"/api/models/o/r?blobs=true": Page(json.dumps(info).encode(), "application/json")}
