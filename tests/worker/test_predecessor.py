"""What a worker held that died before its server's eyes goes on at once; nobody waits until its leases end."""

import pytest
from flask import Flask

from downloads_app.models import Status, User
from downloads_app.services.queue import claims, workers
from downloads_app.worker.parent import PREDECESSOR_VARIABLE, find_predecessor
from tests.support.downloading import OTHER_WORKER, WORKER, reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import wait_until
from tests.worker.running import FILES, working

HOUR = 3600


def test_a_worker_takes_over_from_its_dead_predecessor_alone(
    app: Flask, alice: User, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = provide(server)
    for name in ("org/dead", "org/living"):
        publish(server, name, FILES)
    rows = [queue_download(alice, provider, name) for name in ("org/dead", "org/living")]
    for worker in (WORKER, OTHER_WORKER):
        assert claims.claim_next(worker, HOUR) is not None
        workers.tell(workers.Presence(worker, 1))
    monkeypatch.setenv(PREDECESSOR_VARIABLE, WORKER)
    with working(app):
        wait_until(lambda: reload(rows[0]).status == Status.COMPLETED, what="completion")
    assert (reload(rows[1]).status, reload(rows[1]).worker_id) == (Status.DOWNLOADING, OTHER_WORKER)
    assert WORKER not in {each.id for each in workers.list_workers(HOUR)}
    assert find_predecessor() is None
