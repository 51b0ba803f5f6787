"""A registry as Ollama's is: it asks nobody anything, has no `/v2/`, and sends its blobs by signed addresses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Status, User
from downloads_app.services.providers import catalog
from downloads_app.sources import Access
from downloads_app.sources.oci.source import OciSource
from tests.sources.oci.conftest import OLLAMA, OLLAMA_CONFIG
from tests.support.docker_registry import make_manifest
from tests.support.downloading import folder_of, reload
from tests.support.file_server import FileServer
from tests.support.pages import Page, Pages, serve_pages
from tests.support.publishing import queue_download
from tests.worker.running import arrived, run

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
NAMES = ["tiny-1b.gguf", "template", "params.json", "license", "license-2", "config.json"]


@contextmanager
def serve_ollama() -> Iterator[tuple[Pages, FileServer]]:
    """Serve `library/tiny:1b`; its blobs lie at a CDN."""
    manifest = make_manifest(OLLAMA, OLLAMA_CONFIG, DOCKER)
    with FileServer() as cdn:
        for layer in (*OLLAMA, OLLAMA_CONFIG):
            cdn.put(layer.digest.replace(":", "-"), layer.content)

        def answer(path: str) -> Page:
            if path == "/v2/library/tiny/manifests/1b":
                return Page(manifest, "text/plain; charset=utf-8")
            if path.startswith("/v2/library/tiny/blobs/sha256:"):
                name = path.rpartition("/")[2].replace(":", "-")
                return Page(status=307, headers={"Location": f"{cdn.url}{name}?X-Amz-Signature=abc"})
            return Page(json.dumps({"errors": [{"code": "NAME_UNKNOWN"}]}).encode(), "application/json", 404)

        with serve_pages(answer) as pages:
            yield pages, cdn


@pytest.mark.parametrize(("repository", "revision"), [("tiny", "1b"), ("library/tiny:1b", None)])
def test_a_model_comes_by_the_names_that_its_users_know(
    app: Flask, alice: User, repository: str, revision: str | None
) -> None:
    with serve_ollama() as (pages, cdn):
        provider = catalog.add_provider(
            current_settings(), "ollama", "oci", pages.url, allow_private_network=True, token="a-token"
        )
        row = queue_download(alice, provider, repository, revision=revision)
        run(app)
        row = reload(row)
    assert (row.status, row.error_message) == (Status.COMPLETED, None)
    contents = [layer.content for layer in (*OLLAMA, OLLAMA_CONFIG)]
    assert arrived(folder_of(row)) == dict(zip(NAMES, contents, strict=True))
    assert cdn.requests
    assert not [seen for seen in cdn.requests if "authorization" in seen.headers]
    assert {headers.get("authorization") for _, headers in pages.requests} == {None}, "nobody asked for the token"


def test_a_provider_that_answers_as_a_registry_does_is_one_though_it_has_no_front_door() -> None:
    with serve_ollama() as (pages, _):
        OciSource(Access(pages.url, allow_private_network=True)).check()
