"""A whole download from a Git server with a real LFS server behind it, through the service's own worker."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.errors import SourceError
from downloads_app.models import Download, Status, User
from downloads_app.services.providers import catalog
from downloads_app.sources import Access, RemoteFile
from downloads_app.sources.lfs.batch import name_object
from downloads_app.sources.lfs.source import LfsSource
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Transfer
from tests.support.downloading import folder_of, reload
from tests.support.forge import COMMIT, Forge, Kind, serve_forge
from tests.support.giftless import Giftless
from tests.support.pages import Page, Pages, serve_pages
from tests.support.publishing import queue_download
from tests.worker.job.test_secrets import everything_stored
from tests.worker.running import arrived, run
from tests.worker.transfer.transferring import noise

WEIGHTS = {"model.gguf": b"GGUF" + noise(900_000, 3), "deep/more.bin": noise(70_000, 4)}
PLAIN = {".gitattributes": b"*.bin filter=lfs\n", "README.md": b"# About\n", "deep/größe.txt": b"y" * 130, "empty": b""}
LINKS = {"latest": b"model.gguf", "deep/outside": b"../../../../etc/passwd", "folder": b"deep/"}
"""Symbolic links: Git stores the name that one leads to as its content."""


def fill(kind: Kind, giftless: Giftless, **options: object) -> Forge:
    """Return a Git server whose large files are pointers to objects of the LFS server."""
    modes = dict.fromkeys(LINKS, "120000")
    forge = Forge(kind, PLAIN | LINKS, modes, lfs_url=giftless.url, **options)  # type: ignore[arg-type]  # as given
    forge.files |= {path: giftless.put(forge.repository, content) for path, content in WEIGHTS.items()}
    return forge


def download(app: Flask, user: User, forge: Forge, **options: Any) -> Download:
    """Fetch the forge's repository to its end; return the row."""
    provider = catalog.add_provider(current_settings(), "git", "lfs", forge.url, allow_private_network=True, **options)
    row = queue_download(user, provider, forge.repository, revision="v1")
    run(app)
    return reload(row)


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_files_and_lfs_objects_come_from_each_kind_of_server(
    app: Flask, alice: User, giftless: Giftless, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "downloads_app")
    with serve_forge(fill(kind, giftless, token="the-secret-token")) as forge:
        forge.lfs_token = "b2F1dGgyOnRoZS1zZWNyZXQtdG9rZW4="
        row = download(app, alice, forge, token="the-secret-token")
    assert (row.status, row.error_message, row.commit) == (Status.COMPLETED, None, COMMIT)
    assert arrived(folder_of(row)) == PLAIN | LINKS | WEIGHTS
    assert not [path for path in folder_of(row).rglob("*") if path.is_symlink()], "a link may lead anywhere"
    batches = [path for path, _ in forge.requests if path.endswith("/objects/batch")]
    assert len(batches) == 1, "all objects are asked about at once"
    assert any("jwt=" in path for path, _ in forge.requests), "nothing was signed: this test proves less than it says"
    seen = caplog.text + everything_stored()
    assert "jwt=" not in seen
    assert "the-secret-token" not in seen


def test_an_object_that_the_lfs_server_lacks_fails_the_download_by_name(
    app: Flask, alice: User, giftless: Giftless
) -> None:
    forge = fill("gitea", giftless)
    oid = hashlib.sha256(b"lost").hexdigest()
    forge.files["lost.bin"] = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 4\n".encode()
    with serve_forge(forge):
        row = download(app, alice, forge)
    assert row.status == Status.FAILED
    assert row.error_message == "lost.bin: the LFS server does not have it (404)"


def fetch(access: Access, files: list[RemoteFile], folder: Path, source: LfsSource) -> None:
    """Move `files` into `folder` by one connection."""
    Transfer(
        access,
        files,
        folder,
        limits=Limits(connections=1),
        report=lambda progress: None,
        file_done=lambda file, result: None,
        should_stop=lambda: False,
        source=source,
    ).run()


class LfsServer:
    """Hands out addresses at a CDN that are good for two requests each, and wants a header seen there."""

    def __init__(self, blobs: list[bytes]) -> None:
        self.blobs = {hashlib.sha256(blob).hexdigest(): blob for blob in blobs}
        self.uses: dict[str, int] = {}
        self.batches = 0

    def files(self, pages: Pages) -> list[RemoteFile]:
        """Return the objects as they would have been listed."""
        server = f"{pages.url}/org/model.git/info/lfs"
        return [RemoteFile(f"f{sha[:8]}", name_object(server, sha), len(blob), sha) for sha, blob in self.blobs.items()]

    def hand_out(self, pages: Pages, cdn_url: str) -> Page:
        """Answer a batch."""
        self.batches += 1
        asked = [row["oid"] for row in json.loads(pages.bodies[-1])["objects"]]
        objects = [
            {
                "oid": oid,
                "size": len(self.blobs[oid]),
                "actions": {"download": {"href": f"{cdn_url}/{oid}?n={self.batches}", "header": {"X-Seen": "yes"}}},
            }
            for oid in asked
        ]
        return Page(json.dumps({"objects": objects}).encode(), "application/vnd.git-lfs+json")

    def send(self, path: str) -> Page:
        """Send an object, unless the batch that its address is of has been used up."""
        oid, _, batch = path[1:].partition("?n=")
        self.uses[batch] = self.uses.get(batch, 0) + 1
        return Page(self.blobs[oid], "application/octet-stream") if self.uses[batch] <= 2 else Page(status=403)


@pytest.mark.parametrize("is_allowed", [True, False])
def test_addresses_that_expire_are_asked_for_again_and_headers_go_to_an_allowed_host_only(
    tmp_path: Path, is_allowed: bool
) -> None:
    lfs = LfsServer([b"object %d" % number for number in range(6)])
    with serve_pages(lfs.send) as cdn, serve_pages(lambda path: lfs.hand_out(pages, cdn.url)) as pages:
        hosts = (cdn.url.removeprefix("http://"),) if is_allowed else ()
        access = Access(pages.url, token="the-token", allow_private_network=True, allow_hosts=hosts)
        fetch(access, lfs.files(pages), tmp_path / "main", LfsSource(access))
        contents = [content for path, content in arrived(tmp_path / "main").items() if not path.startswith(".")]
        assert sorted(contents) == sorted(lfs.blobs.values())
        assert {headers.get("x-seen") for _, headers in cdn.requests} == {"yes" if is_allowed else None}
        assert {headers.get("authorization") for _, headers in cdn.requests} == {None}
        assert lfs.batches > 1


@pytest.mark.parametrize(
    ("href", "said"),
    [("{inside}/object", "private address"), ("{own}/a\r\nX-Evil: 1", "address"), ("http://[::1/x", "address")],
)
def test_a_batch_leads_no_request_into_the_private_network_or_astray(tmp_path: Path, href: str, said: str) -> None:
    with serve_pages({}) as inside, serve_pages(lambda path: answer(path)) as pages:

        def answer(path: str) -> Page:
            leads_to = href.format(inside=inside.url.replace("127.0.0.1", "localhost"), own=pages.url)
            row = {"oid": "a" * 64, "size": 5, "actions": {"download": {"href": leads_to}}}
            return Page(json.dumps({"objects": [row]}).encode(), "application/vnd.git-lfs+json")

        access = Access(pages.url, allow_private_network=True)
        file = RemoteFile("w.bin", name_object(f"{pages.url}/org/model.git/info/lfs", "a" * 64), 5, "a" * 64)
        with pytest.raises(SourceError, match=said) as caught:
            fetch(access, [file], tmp_path / "main", LfsSource(access))
        assert caught.value.message.isprintable()
        assert caught.value.permanent
        assert not inside.requests
        assert len(pages.requests) == 1
