"""libcurl may run a callback within any call: what it answers there ends a fetch, never the download."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from downloads_app.errors import NoSpace
from downloads_app.worker.transfer.bandwidth import Bandwidth, Limits
from downloads_app.worker.transfer.channel import Channel
from tests.support.file_server import FileServer
from tests.worker.transfer.random_runs import RandomRun, hasten
from tests.worker.transfer.transferring import Run, noise

LIMIT = 3_000_000
"""Bytes per second: so few that a connection is paused time and again."""


def before_going_on(monkeypatch: pytest.MonkeyPatch, act: Callable[[Channel], None]) -> None:
    """Call `act` with each channel that is about to read on after a pause."""
    resume = Channel.resume

    def act_and_resume(channel: Channel) -> None:
        if channel.is_paused and channel.answer:
            act(channel)
        resume(channel)

    monkeypatch.setattr(Channel, "resume", act_and_resume)


def test_a_fetch_that_is_shortened_while_itis_paused_ends_there_and_others_bring_the_rest(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[int] = []

    def shorten(channel: Channel) -> None:
        end = channel.fetch.at + channel._held_bytes + 100
        if end < channel.fetch.end:
            channel.fetch.shorten(end)
            cuts.append(end)

    before_going_on(monkeypatch, shorten)
    file = server.put("x.bin", noise(1 << 20))
    Run(server, [file], folder, limits=Limits(bandwidth=Bandwidth(LIMIT))).finish()
    assert cuts
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_a_file_that_is_begun_anew_while_itis_paused_is_fetched_whole(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revived: list[Channel] = []
    files = [server.put(name, noise(1 << 20, seed)) for seed, name in enumerate(("x.bin", "y.bin"))]
    run = Run(server, files, folder, limits=Limits(bandwidth=Bandwidth(LIMIT)))

    def revive(channel: Channel) -> None:
        if not revived:
            revived.append(channel)
            run.transfer._work.revive(channel.file, "the test says so")

    before_going_on(monkeypatch, revive)
    run.finish()
    assert revived
    assert all((folder / file.path).read_bytes() == server.files[file.path] for file in files)


def test_a_disk_that_is_full_when_a_paused_connection_goes_on_is_named(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    def fill_the_disk(channel: Channel) -> None:
        monkeypatch.setattr("downloads_app.worker.files.disk.os.pwritev", refuse)

    before_going_on(monkeypatch, fill_the_disk)
    file = server.put("x.bin", noise(4 << 20))
    with pytest.raises(NoSpace, match="No space left"):
        Run(server, [file], folder, limits=Limits(bandwidth=Bandwidth(LIMIT))).finish()


@pytest.fixture(scope="module")
def lasting_server() -> Iterator[FileServer]:
    """Serve all random runs of this module."""
    with FileServer() as running:
        yield running


@pytest.mark.parametrize("tens", range(4))
def test_random_runs_end_with_every_byte_in_place(
    lasting_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tens: int
) -> None:
    hasten(monkeypatch)
    for seed in range(10 * tens, 10 * tens + 10):
        RandomRun(lasting_server, tmp_path / f"{seed}" / "main", seed).finish()


@pytest.mark.scale
def test_a_thousand_random_runs_end_with_every_byte_in_place(
    lasting_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(monkeypatch)
    for seed in range(1000, 2000):
        RandomRun(lasting_server, tmp_path / f"{seed}" / "main", seed).finish()
