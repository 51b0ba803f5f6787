"""What a worker counts of its downloads: bytes, ends, starts that failed, by provider and cause."""

import pytest
from flask import Flask
from sqlalchemy import update

from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Status, User
from downloads_app.services.metrics import tally
from downloads_app.services.metrics.tally import TALLY
from tests.support.downloading import expire_lease, folder_of, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import publish, queue_download
from tests.worker.running import FILES, TOTAL_BYTES, make_job, run, working
from tests.worker.transfer.transferring import noise


def counted(app: Flask) -> dict[tuple[str, str, str], float]:
    """Return what has been counted, but for the waits."""
    TALLY.of(app).store()
    return {key: amount for key, amount in tally.read_counts().items() if not key[0].startswith("wait")}


def test_bytes_from_the_provider_and_the_end_are_counted(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    queue_download(alice, provider)
    run(app)
    assert counted(app) == {("received_bytes", "local", ""): TOTAL_BYTES, ("completed", "local", ""): 1}
    waits = [amount for (name, *_), amount in tally.read_counts().items() if name == "waits"]
    assert waits == [1]


def test_bytes_that_lay_here_are_not_counted(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    folder_of(row).mkdir(parents=True)
    (folder_of(row) / "config.json").write_bytes(FILES["config.json"])
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert counted(app)["received_bytes", "local", ""] == TOTAL_BYTES - len(FILES["config.json"])


def test_beside_a_file_that_is_linked_what_comes_is_counted(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    publish(server, "org/copy", {"same.bin": FILES["model.bin"], "new.bin": noise(1_000_000, 9)})
    for user, repository in ((alice, "org/model"), (bob, "org/copy")):
        queue_download(user, provider, repository)
        run(app)
    assert counted(app)["received_bytes", "local", ""] == TOTAL_BYTES + 1_000_000


@pytest.mark.parametrize(
    ("path", "status", "name", "cause"),
    [
        ("manifest.json", 404, "failures", "missing"),
        ("model.bin", 403, "failures", "refused"),
        ("manifest.json", 500, "retries", "server"),
        ("manifest.json", 429, "retries", "rate"),
    ],
)
def test_a_start_that_fails_is_counted_by_what_the_provider_answers(
    app: Flask,
    alice: User,
    provider: Provider,
    server: FileServer,
    path: str,
    status: int,
    name: str,
    cause: str,
) -> None:
    publish(server, "org/model", FILES)
    server.fail(f"org/model/{path}", *[Fault(status=status)] * 20)
    queue_download(alice, provider)
    run(app)
    ends = {key: amount for key, amount in counted(app).items() if key[0] != "received_bytes"}
    assert ends == {(name, "local", cause): 1}


def test_a_provider_that_is_gone_is_the_network(app: Flask, alice: User, provider: Provider) -> None:
    provider.url = "http://127.0.0.1:9/"
    db.session.commit()
    queue_download(alice, provider)
    run(app)
    assert counted(app) == {("retries", "local", "network"): 1}


def test_other_bytes_than_announced_are_the_content(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", {"a.bin": b"as announced"})
    server.put("org/model/a.bin", b"is something")
    row = queue_download(alice, provider)
    run(app)
    assert counted(app)["failures", "local", "content"] == 1, reload(row).error_message


def test_a_fault_of_ours_is_internal(
    app: Flask, alice: User, provider: Provider, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, "org/model", FILES)
    queue_download(alice, provider)
    job = make_job(app)
    monkeypatch.setattr(job, "_begin_moving", None)
    job.run()
    assert counted(app) == {("retries", "local", "internal"): 1}


def test_a_takeover_is_counted_and_so_is_the_failure_of_the_last(app: Flask, alice: User, provider: Provider) -> None:
    row = queue_download(alice, provider, "no/such")
    lost = make_job(app, "vanished").claim
    db.session.execute(update(Download).values(failures=7))
    db.session.commit()
    expire_lease(lost)
    with working(app, until_idle=True) as (_, thread):
        thread.join(60)
    assert reload(row).status == Status.FAILED
    assert counted(app) == {("takeovers", "", ""): 1, ("failures", "", "worker"): 1}
