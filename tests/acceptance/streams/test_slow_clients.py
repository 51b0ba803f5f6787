"""Clients that do not read, hardly read or have vanished: dropped in time, and nobody else notices."""

import ctypes
import socket
import struct
import time
from collections.abc import Callable

import pytest

from downloads_app.models import User
from tests.support.crowd import PATH, Crowd
from tests.support.leaving import send
from tests.support.places import (
    INTERVAL,
    METRICS_TOKEN,
    PER_USER,
    SEND_TIMEOUT,
    check_all_places_are_free,
    metric,
    wait_until_none_is_open,
)
from tests.support.server import Server, wait_until
from tests.support.sse import StreamClient

STEADY = 20
SO_ATTACH_FILTER = 26
OpenStream = Callable[..., StreamClient]


def check_stopped_readers(server: Server, whales: list[str], raw: str, slow: str) -> None:
    """Assert that readers who stop are dropped in time, and that those who read keep the beat meanwhile."""
    with Crowd(("127.0.0.1", server.port)) as crowd:
        steady = crowd.open([raw] * STEADY)
        crowd.run(lambda: all(len(viewer.names) >= 2 for viewer in steady), what="the steady readers' first events")
        dropped = metric(server, slow)
        crowd.open(whales, is_reading=False, receive_buffer=4096)
        began = time.monotonic()
        had = [len(viewer.names) for viewer in steady]

        def all_dropped() -> bool:
            return metric(server, slow) - dropped == len(whales)

        crowd.run(all_dropped, 120, "those who do not read to be dropped")
        assert time.monotonic() - began >= SEND_TIMEOUT
        assert all(viewer.closed is None for viewer in steady)
        assert all(set(viewer.names) == {"update"} for viewer in steady)
        assert all(len(viewer.names) >= before + 2 for viewer, before in zip(steady, had, strict=True))
    wait_until_none_is_open(server)


SLOW = 'downloads_streams_closed_total{reason="slow client"}'


def serve_stopped_readers(make_server: Callable[..., Server], viewer: str, whales: list[str]) -> Server:
    """Check a server of its own under so many readers that stop; return it."""
    server = make_server(
        workers=1,
        stream_interval_seconds=INTERVAL,
        stream_max_per_user=max(STEADY, len(whales)),
        stream_send_timeout_seconds=SEND_TIMEOUT,
        metrics_token=METRICS_TOKEN,
    )
    check_stopped_readers(server, whales, viewer, SLOW)
    return server


def test_50_readers_that_stop_are_dropped_and_shift_nobodys_ticks(
    make_server: Callable[..., Server], viewer: str, whale: str
) -> None:
    server = serve_stopped_readers(make_server, viewer, [whale] * 50)
    assert "Traceback" not in server.log(), server.log()[-4000:]


@pytest.mark.scale
def test_1000_readers_that_stop_are_dropped_and_shift_nobodys_ticks(
    make_server: Callable[..., Server], viewer: str, whale: str
) -> None:
    serve_stopped_readers(make_server, viewer, [whale] * 1000)


def test_a_reader_that_stops_later_is_dropped_too(server: Server, whale: str) -> None:
    dropped = metric(server, SLOW)
    with Crowd(("127.0.0.1", server.port)) as crowd:
        (reader,) = crowd.open([whale], receive_buffer=4096)
        crowd.run(lambda: len(reader.names) >= 2, what="two events")
        wait_until(lambda: metric(server, SLOW) > dropped, what="the reader to be dropped")
    check_all_places_are_free(server, whale)


@pytest.fixture(scope="module")
def patient_server(start_server: Callable[..., Server]) -> Server:
    """A server that drops nobody who still reads, however slow this machine is."""
    return start_server(
        workers=1, stream_interval_seconds=INTERVAL, stream_max_per_user=PER_USER, metrics_token=METRICS_TOKEN
    )


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_reader_who_is_slower_than_the_events_gets_whole_ones(
    version: str, patient_server: Server, bob: User, whale: str, open_stream: OpenStream
) -> None:
    server = patient_server
    quick = open_stream(server, bob)
    event = quick.wait_events(2)[1]
    quick.close()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"GET {PATH} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {whale}\r\n\r\n".encode())
        received = receive_slowly(connection, lambda received: received.count(b"\nevent: update") > 6)
    body = received.partition(b"\r\n\r\n")[2]
    frame = event.raw.encode() + b"\n\n"
    chunk = frame if version == "1.0" else b"%X\r\n%b\r\n" % (len(frame), frame)
    assert body.index(b"\nretry: ") < body.index(b"\n\n") < body.index(chunk)  # the first event is of its own
    assert (body + chunk)[body.index(chunk) :].startswith(chunk * 5)
    assert chunk.startswith(body[body.index(chunk) :].replace(chunk, b""))  # nothing between, and then a beginning
    check_all_places_are_free(server, whale)


def receive_slowly(connection: socket.socket, is_enough: Callable[[bytes], bool]) -> bytes:
    """Read bite by bite, some of them of one byte, so that the server has to wait again and again."""
    received = b""
    while not is_enough(received):
        bite = connection.recv(1 if len(received) % 7 == 0 else 2048)
        assert bite, "the server has closed"
        received += bite
        time.sleep(0.002)
    return received


def vanish(connection: socket.socket) -> None:
    """Have the kernel drop whatever arrives on the connection, as a cut cable does: not even the server's kernel is
    answered any more (socket(7), SO_ATTACH_FILTER; the program is "return 0").
    """
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))


def test_a_client_that_vanishes_without_a_word_is_gone_in_time(server: Server, viewer: str) -> None:
    connection = send(server, viewer)
    connection.recv(65536)
    vanish(connection)
    wait_until_none_is_open(server)  # the kernel by itself would try for a quarter of an hour
    check_all_places_are_free(server, viewer)
    connection.close()
