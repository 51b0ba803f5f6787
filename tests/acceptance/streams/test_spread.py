"""Streams spread over the worker processes: over TCP and over the unix socket, in a storm and one by one."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.crowd import Crowd
from tests.support.rows import add_download
from tests.support.server import Server, wait_until

STREAMS = 400
USERS = 40
MOST = 100
ESTABLISHED_TCP, CONNECTED_UNIX = "01", "03"


@pytest.fixture(scope="module")
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("socket") / "app.sock")


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], socket_path: str) -> Server:
    """Two processes that listen on both kinds."""
    return start_server(workers=2, stream_max_per_user=100, arguments=("-b", f"unix:{socket_path}"))


@pytest.fixture
def raw(make_user: Callable[..., User]) -> list[str]:
    """The tokens of so many users, each with an active download."""
    users = [make_user(f"viewer-{number}") for number in range(USERS)]
    for user in users:
        add_download(user)
    return [tokens.issue_access(current_settings(), user) for user in users]


def accepted_tcp(port: int) -> Iterator[str]:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == port and fields[3] == ESTABLISHED_TCP:
            yield fields[9]


def accepted_unix(path: str) -> Iterator[str]:
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[-1] == path and fields[5] == CONNECTED_UNIX:
            yield fields[6]


def count_held(server: Server, address: tuple[str, int] | str) -> list[int]:
    """Return how many accepted connections each worker process holds."""
    accepted = set(accepted_unix(address) if isinstance(address, str) else accepted_tcp(address[1]))
    assert server.process is not None
    master = server.process.pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [len(accepted & set(sockets_of(pid))) for pid in workers]


def sockets_of(pid: str) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")


@pytest.mark.parametrize("pause_seconds", [0, 0.01], ids=["storm", "one by one"])
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_neither_of_two_processes_gets_most_of_the_streams(
    kind: str, pause_seconds: float, raw: list[str], server: Server, socket_path: str
) -> None:
    wait_until(lambda: not any(count_held(server, socket_path)), what="the last test's streams to end")
    address = ("127.0.0.1", server.port) if kind == "tcp" else socket_path
    with Crowd(address) as crowd:
        while not all(count_held(server, address)):  # until both processes have started to serve
            assert len(crowd.viewers) < MOST, "one process gets all"
            (viewer,) = crowd.open([raw[len(crowd.viewers) % USERS]])
            crowd.run(lambda: viewer.names, what="a first event")  # noqa: B023 - it is run at once
        before = count_held(server, address)
        for token in raw * (STREAMS // USERS):
            crowd.open([token])
            time.sleep(pause_seconds)
        crowd.run(lambda: all(viewer.names for viewer in crowd.viewers), what="first events")
        held = [after - earlier for after, earlier in zip(count_held(server, address), before, strict=True)]
    assert sum(held) == STREAMS
    assert max(held) <= 0.6 * STREAMS, held
