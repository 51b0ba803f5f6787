"""A worker gives back what runs when its provider, or the queue, is paused, and takes it again afterwards."""

from collections.abc import Callable

import pytest
from flask import Flask

from downloads_app.models import Provider, Status, User
from downloads_app.services.downloads import story
from downloads_app.services.queue import pauses
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import publish, queue_download
from tests.support.server import wait_until
from tests.worker.running import working
from tests.worker.transfer.transferring import noise


def pause_provider(provider: Provider, is_paused: bool) -> None:
    pauses.set_provider_paused(provider, is_paused)


def pause_queue(_provider: Provider, is_paused: bool) -> None:
    pauses.set_queue_paused(is_paused)


@pytest.mark.parametrize(
    ("pause", "reason"), [(pause_provider, "its provider is paused"), (pause_queue, "the queue is paused")]
)
def test_what_runs_goes_back_with_its_bytes_and_continues_after_the_pause(
    app: Flask,
    alice: User,
    provider: Provider,
    server: FileServer,
    pause: Callable[[Provider, bool], None],
    reason: str,
) -> None:
    publish(server, "org/model", {"model.bin": noise(800_000)})
    server.bytes_per_second = 4_000
    row = queue_download(alice, provider)
    with working(app):
        wait_until(lambda: reload(row).current_bytes > 0, what="bytes")
        pause(provider, True)
        wait_until(lambda: reload(row).status == Status.PENDING, what="the download to be given back")
        row = reload(row)
        kept = row.current_bytes
        assert (row.waits_for, row.worker_id, row.failures) == (reason, None, 0)
        assert (story.read(row).rows[0].kind, story.read(row).rows[0].reason) == ("waiting", reason)
        server.bytes_per_second = None
        pause(provider, False)
        wait_until(lambda: reload(row).status == Status.COMPLETED, what="the end")
    assert reload(row).attempt == 2
    assert kept > 0
