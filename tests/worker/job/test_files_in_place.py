"""What is on the disk already and has the listing's sum is not fetched again, whether or not its size is told."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Provider, Status, User
from downloads_app.services.downloads import lifecycle
from downloads_app.services.downloads.plans import PlannedFile
from downloads_app.services.providers import catalog
from downloads_app.sources import RemoteFile
from downloads_app.sources.urls.source import UrlsSource
from tests.support.downloading import folder_of, plan, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import queue_download
from tests.support.server import wait_until
from tests.worker.running import arrived, make_job, run, running
from tests.worker.transfer.transferring import noise

CONTENT = noise(3_000_000)
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def list_files(app: Flask, server: FileServer) -> Callable[..., Provider]:
    """Serves part1.bin, and makes a provider whose list tells of it what the test says."""

    def add(known: str, *more: str) -> Provider:
        server.put("part1.bin", CONTENT)
        text = "\n".join((f"[one/nosize]\n{server.url}part1.bin {known}", *more))
        return catalog.add_provider(current_settings(), "list", "urls", address_list=text, allow_hosts=["127.0.0.1"])

    return add


def test_a_file_with_a_sum_and_no_size_is_fetched_once(
    app: Flask, alice: User, server: FileServer, list_files: Callable[..., Provider]
) -> None:
    provider = list_files(f"sha256={SUM}")
    first = queue_download(alice, provider, "one/nosize")
    run(app)
    placed = folder_of(reload(first)) / "part1.bin"
    inode = placed.stat().st_ino
    planned = plan(alice, provider, "one/nosize")
    assert planned.files == (PlannedFile("part1.bin", len(CONTENT), SUM, is_here=True),)
    assert (planned.total_bytes, planned.here_bytes) == (len(CONTENT), len(CONTENT))
    queue_download(alice, provider, "one/nosize")
    second = reload(run(app))
    assert (second.status, second.current_bytes, second.total_bytes) == (
        Status.COMPLETED,
        len(CONTENT),
        len(CONTENT),
    )
    assert (len(server.seen("part1.bin")), placed.stat().st_ino) == (1, inode)


def test_after_cancel_and_retry_a_file_with_a_sum_and_no_size_stays(
    app: Flask, alice: User, server: FileServer, list_files: Callable[..., Provider]
) -> None:
    server.put("part2.bin", noise(3_000_000, 2))
    provider = list_files(f"sha256={SUM}", f"{server.url}part2.bin")
    row = queue_download(alice, provider, "one/nosize")
    server.fail("part2.bin", *[Fault(stall_after=1_000_000)] * 20)
    placed = folder_of(row) / "part1.bin"
    with running(make_job(app)):
        wait_until(lambda: reload(row).files_completed == 1, what="the first file")
        lifecycle.cancel(current_settings(), reload(row))
    server.faults.clear()
    inode = placed.stat().st_ino
    assert [file.is_here for file in plan(alice, provider, "one/nosize").files] == [True, False]
    lifecycle.retry(current_settings(), reload(row))
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert (len(server.seen("part1.bin")), placed.stat().st_ino) == (1, inode)


def test_a_file_with_neither_sum_nor_size_is_fetched_again_and_planned_so(
    app: Flask, alice: User, server: FileServer, list_files: Callable[..., Provider]
) -> None:
    provider = list_files("")
    queue_download(alice, provider, "one/nosize")
    run(app)
    assert [file.is_here for file in plan(alice, provider, "one/nosize").files] == [False]
    queue_download(alice, provider, "one/nosize")
    run(app)
    assert len(server.seen("part1.bin")) == 2


@pytest.mark.parametrize("spoil", [noise(3_000_000, 9), noise(70_000, 9), b""])
def test_what_is_on_the_disk_with_another_sum_is_fetched_anew(
    app: Flask, alice: User, server: FileServer, list_files: Callable[..., Provider], spoil: bytes
) -> None:
    provider = list_files(f"sha256={SUM}")
    folder = folder_of(queue_download(alice, provider, "one/nosize"))
    folder.mkdir(parents=True)
    (folder / "part1.bin").write_bytes(spoil)
    run(app)
    assert arrived(folder) == {"part1.bin": CONTENT}


def test_what_was_removed_from_the_disk_is_not_planned_as_here(
    app: Flask, alice: User, list_files: Callable[..., Provider]
) -> None:
    provider = list_files(f"sha256={SUM} size={len(CONTENT)}")
    row = queue_download(alice, provider, "one/nosize")
    run(app)
    assert plan(alice, provider, "one/nosize").here_bytes == len(CONTENT)
    (folder_of(reload(row)) / "part1.bin").unlink()
    planned = plan(alice, provider, "one/nosize")
    assert (planned.here_bytes, [file.is_here for file in planned.files]) == (0, [False])


def test_a_copy_without_a_size_is_linked(
    app: Flask, alice: User, server: FileServer, list_files: Callable[..., Provider]
) -> None:
    provider = list_files(f"sha256={SUM}", f"[other]\n{server.url}part1.bin sha256={SUM} path=same.bin")
    first = queue_download(alice, provider, "one/nosize")
    run(app)
    second = queue_download(alice, provider, "other")
    run(app)
    assert (folder_of(reload(first)) / "part1.bin").samefile(folder_of(reload(second)) / "same.bin")
    assert len(server.seen("part1.bin")) == 1


@pytest.mark.parametrize("name", ["md5", "git_sha1"])
def test_another_sum_of_the_listing_vouches_too(
    app: Flask,
    alice: User,
    server: FileServer,
    list_files: Callable[..., Provider],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    sums = {
        "md5": hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(),
        "git_sha1": hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT, usedforsecurity=False).hexdigest(),
    }
    provider = list_files("")
    told = RemoteFile("part1.bin", f"{server.url}part1.bin")
    told = replace(told, md5=sums["md5"]) if name == "md5" else replace(told, git_sha1=sums["git_sha1"])
    monkeypatch.setattr(UrlsSource, "_read", lambda _: {"one/nosize": [told]})
    for _ in range(2):
        queue_download(alice, provider, "one/nosize")
        run(app)
    assert len(server.seen("part1.bin")) == 1
    assert [file.is_here for file in plan(alice, provider, "one/nosize").files] == [True]
