"""Downloads over the ways that an admin has given a provider: a password, and a second host by name."""

from collections.abc import Iterator

import pytest
from flask import Flask

from downloads_app.models import Status, User
from tests.support.downloading import folder_of, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.worker.running import FILES, arrived, run, run_to_failure

PASSWORD = "a pass word"


@pytest.fixture
def second() -> Iterator[FileServer]:
    """A second server, which is named `localhost`."""
    with FileServer() as running:
        yield running


def move_away(server: FileServer, second: FileServer, path: str) -> None:
    """Let a file of `server` lie at `second`, however often it is asked for."""
    second.put("elsewhere", FILES[path])
    server.fail(f"org/model/{path}", *[Fault(redirect=f"http://localhost:{second.port}/elsewhere")] * 20)


def test_a_file_comes_from_a_second_private_host_that_is_named_and_no_secret_goes_there(
    app: Flask, alice: User, server: FileServer, second: FileServer
) -> None:
    publish(server, "org/model", FILES)
    move_away(server, second, "model.bin")
    secrets = {"username": "me", "password": PASSWORD, "header_name": "X-Key", "header_value": "one two"}
    row = queue_download(alice, provide(server, allow_hosts=[f"localhost:{second.port}"], **secrets))
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folder_of(row)) == FILES
    assert all(request.headers["x-key"] == "one two" for request in server.requests)
    assert all(request.headers["authorization"].startswith("Basic ") for request in server.requests)
    assert second.requests
    for request in second.requests:
        assert not {"authorization", "x-key"} & request.headers.keys()


@pytest.mark.parametrize("named", [[], ["localhost:1"], ["other.lan"]])
def test_a_second_private_host_that_is_not_named_is_never_reached(
    app: Flask, alice: User, server: FileServer, second: FileServer, named: list[str]
) -> None:
    publish(server, "org/model", FILES)
    move_away(server, second, "model.bin")
    queue_download(alice, provide(server, allow_hosts=named, username="me", password=PASSWORD))
    reason = run_to_failure(app)
    assert "private address" in reason
    assert PASSWORD not in reason
    assert second.requests == []
