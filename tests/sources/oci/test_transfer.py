"""Blobs are fetched with the token of the hour, which no other server ever sees."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.sources.oci.source import OciSource
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Transfer
from tests.sources.oci.conftest import ARTIFACT, OLLAMA, OLLAMA_CONFIG, Tokens
from tests.support.docker_registry import PASSWORD, USER
from tests.support.pages import Page, serve_pages
from tests.worker.running import arrived


def fetch(access: Access, files: tuple[RemoteFile, ...], folder: Path, connections: int = 4) -> dict[str, bytes]:
    """Move `files` of a registry into `folder`; return what is there afterwards."""
    Transfer(
        access,
        files,
        folder,
        limits=Limits(connections=connections),
        report=lambda progress: None,
        file_done=lambda file, result: None,
        should_stop=lambda: False,
        source=OciSource(access),
    ).run()
    return {path: content for path, content in arrived(folder).items() if not path.startswith(".")}


def test_a_model_arrives_from_a_registry_with_tokens_by_way_of_its_cdn(with_tokens: Tokens, tmp_path: Path) -> None:
    access = with_tokens.open()
    files = OciSource(access).list_files("library/tiny", "1b").files
    with_tokens.cdn.requests.clear()
    names = ["tiny-1b.gguf", "template", "params.json", "license", "license-2", "config.json"]
    contents = [layer.content for layer in (*OLLAMA, OLLAMA_CONFIG)]
    assert fetch(access, files, tmp_path / "main") == dict(zip(names, contents, strict=True))
    assert with_tokens.cdn.requests, "nothing came from the CDN: this test proves less than it says"
    assert not [seen for seen in with_tokens.cdn.requests if "authorization" in seen.headers]


def test_a_closed_artifact_arrives_with_a_password_that_only_the_token_server_sees(
    with_tokens: Tokens, tmp_path: Path
) -> None:
    host = with_tokens.tokens.url.removeprefix("http://")
    access = with_tokens.open(username=USER, password=PASSWORD, allow_hosts=(host,))
    files = OciSource(access).list_files("closed/artifact", "v1").files
    assert fetch(access, files, tmp_path / "main") == {layer.title: layer.content for layer in ARTIFACT}
    assert not [seen for seen in with_tokens.cdn.requests if "authorization" in seen.headers]


def test_an_artifact_arrives_from_a_registry_with_a_password(password_access: Access, tmp_path: Path) -> None:
    files = OciSource(password_access).list_files("org/artifact", None).files
    assert fetch(password_access, files, tmp_path / "main") == {layer.title: layer.content for layer in ARTIFACT}


class ForgetfulRegistry:
    """Every token of it opens three blobs; anything else is refused with a challenge."""

    def __init__(self, blobs: list[bytes]) -> None:
        self.blobs = {hashlib.sha256(blob).hexdigest(): blob for blob in blobs}
        self.url = ""
        self.issued = 0
        self.uses: Counter[str] = Counter()
        self.unknown: set[str] = set()

    def answer(self, path: str, token: str | None) -> Page:
        """Answer a request for `path` that shows `token`."""
        if path.startswith("/token"):
            self.issued += 1
            return Page(json.dumps({"token": f"t{self.issued}", "expires_in": 3600}).encode(), "application/json")
        if token != f"Bearer t{self.issued}" or self.uses[token] >= 3:
            head = {"WWW-Authenticate": f'Bearer realm="{self.url}/token",service="s"'}
            return Page(b"{}", "application/json", 401, head)
        if path == "/v2/":
            return Page(b"{}", "application/json")
        self.uses[token] += 1
        sha256 = path.rpartition(":")[2]
        return Page(status=404) if sha256 in self.unknown else Page(self.blobs[sha256], "application/octet-stream")


def list_blobs(registry: ForgetfulRegistry) -> tuple[RemoteFile, ...]:
    root = f"{registry.url}/v2/org/r/blobs/sha256:"
    return tuple(RemoteFile(f"f{sha[:8]}", root + sha, len(blob), sha) for sha, blob in registry.blobs.items())


def test_a_token_that_no_longer_opens_is_replaced_and_every_blob_arrives(tmp_path: Path) -> None:
    registry = ForgetfulRegistry([b"blob %d" % number for number in range(10)])
    with serve_pages(lambda path: registry.answer(path, pages.requests[-1][1].get("authorization"))) as pages:
        registry.url = pages.url
        files = list_blobs(registry)
        access = Access(pages.url, username=USER, password=PASSWORD, allow_private_network=True)
        arrived = fetch(access, files, tmp_path / "main", connections=1)
    assert sorted(arrived.values()) == sorted(registry.blobs.values())
    assert registry.issued == 4
    shown = [headers.get("authorization", "") for path, headers in pages.requests if not path.startswith("/token")]
    assert not [header for header in shown if "Basic" in header], "the password is for the token server alone"


def test_a_blob_that_the_registry_lacks_fails_with_its_name(tmp_path: Path) -> None:
    registry = ForgetfulRegistry([b"blob"])
    registry.unknown = set(registry.blobs)
    with serve_pages(lambda path: registry.answer(path, pages.requests[-1][1].get("authorization"))) as pages:
        registry.url = pages.url
        files = list_blobs(registry)
        with pytest.raises(SourceError, match=f"{files[0].path}: the server answered 404 Not Found") as caught:
            fetch(Access(pages.url, allow_private_network=True), files, tmp_path / "main")
    assert caught.value.permanent
