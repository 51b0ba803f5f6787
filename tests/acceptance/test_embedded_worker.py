"""The worker that a server starts beside itself, killed: the next one goes on at once."""

import os
import signal
from collections.abc import Callable

from downloads_app.models import EventKind, Status, User
from downloads_app.services.downloads import story
from downloads_app.services.pages import Wanted
from downloads_app.services.queue import workers
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import Server, wait_until

LEASE_SECONDS = 3600
FILES = {"model.bin": os.urandom(2_000_000)}


def test_what_a_killed_worker_held_goes_on_long_before_its_lease_ends(
    alice: User, make_server: Callable[..., Server]
) -> None:
    with FileServer() as files:
        publish(files, "org/model", FILES)
        files.most_sent = 1_000_000
        row = queue_download(alice, provide(files))
        server = make_server(embedded_worker=1, lease_seconds=LEASE_SECONDS)
        wait_until(lambda: reload(row).current_bytes, what="bytes")
        (killed,) = workers.list_workers(LEASE_SECONDS)
        os.kill(killed.pid, signal.SIGKILL)
        files.most_sent = None
        wait_until(lambda: reload(row).status == Status.COMPLETED, what="completion")
        (living,) = workers.list_workers(LEASE_SECONDS)
    assert living.pid != killed.pid
    told = [event.kind for event in story.read(row, Wanted(story.NEWEST_FIRST, page_size=50)).rows]
    assert EventKind.RESCUED in told
    assert "Traceback" not in server.log()
