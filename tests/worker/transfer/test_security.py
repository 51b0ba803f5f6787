"""What a transfer must never do: leak a credential, reach inside the network, leave its folder."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, noise

TOKEN = "hf_secret_token"
SIGNATURE = "X-Signature=a1b2c3"


@pytest.fixture
def other() -> Iterator[FileServer]:
    """Serve as another origin: the same host on another port."""
    with FileServer() as running:
        yield running


def access_to(server: FileServer) -> Access:
    return Access(server.url, token=TOKEN, allow_private_network=True)


def put_behind_redirects(server: FileServer, other: FileServer, path: str, content: bytes, times: int) -> RemoteFile:
    """Serve `content` by `other`; `server` only redirects there, with a signed address."""
    other.put(path, content)
    file = server.put(path, content)
    server.fail(path, *[Fault(redirect=f"{other.url}{path}?{SIGNATURE}")] * times)
    return file


def test_the_token_stays_at_its_origin(server: FileServer, other: FileServer, folder: Path) -> None:
    file = put_behind_redirects(server, other, "x.bin", noise(20 << 20), times=50)
    Run(server, [file], folder, access=access_to(server)).finish()
    assert (folder / "x.bin").read_bytes() == other.files["x.bin"]
    assert {seen.headers["authorization"] for seen in server.requests} == {f"Bearer {TOKEN}"}
    assert not [seen for seen in other.requests if "authorization" in seen.headers]


def test_where_a_redirect_led_is_remembered_for_further_ranges(
    server: FileServer, other: FileServer, folder: Path
) -> None:
    other.bytes_per_second = 8 << 20
    file = put_behind_redirects(server, other, "x.bin", noise(32 << 20), times=50)
    Run(server, [file], folder, limits=Limits(8, 8), access=access_to(server)).finish()
    assert len(other.requests) > 2
    assert len(server.requests) == 1


def test_an_expired_signed_address_is_asked_for_again(server: FileServer, other: FileServer, folder: Path) -> None:
    file = put_behind_redirects(server, other, "x.bin", noise(12 << 20), times=50)
    other.fail("x.bin", Fault(), Fault(status=403))
    Run(server, [file], folder, access=access_to(server)).finish()
    assert (folder / "x.bin").read_bytes() == other.files["x.bin"]
    assert len(server.requests) >= 2


def test_no_message_and_no_log_line_holds_a_secret(
    server: FileServer, other: FileServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file = put_behind_redirects(server, other, "x.bin", noise(1000), times=50)
    other.fail("x.bin", Fault(drop_after=10), *[Fault(status=404)] * 20)
    with pytest.raises(SourceError) as error:
        Run(server, [file], folder, access=access_to(server)).finish()
    said = caplog.text + str(error.value) + repr(error.value.__dict__)
    assert SIGNATURE not in said
    assert TOKEN not in said


def test_a_redirect_into_the_network_is_refused(server: FileServer, other: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", Fault(redirect=f"http://127.0.0.2:{other.port}/x.bin"))
    with pytest.raises(SourceError, match="private address") as error:
        Run(server, [file], folder).finish()
    assert error.value.permanent
    assert other.requests == []


def test_a_circle_of_redirects_ends(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", *[Fault(redirect="/x.bin")] * 10)
    with pytest.raises(SourceError, match="more than 5 redirects"):
        Run(server, [file], folder).finish()
    assert len(server.requests) == 6


def test_an_endless_error_page_is_not_read(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", Fault(redirect="/y"), Fault(status=404, body=bytes(100_000), chunked=True, endless=True))
    server.fail("y", Fault(status=404, body=bytes(100_000), chunked=True, endless=True))
    with pytest.raises(SourceError, match="404"):
        Run(server, [file], folder).finish()
    assert server.sent_bytes < 16 << 20


def test_a_wall_of_redirect_text_does_not_keep_the_transfer(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    wall = Fault(status=302, headers={"Location": "/x.bin"}, body=bytes(100_000), chunked=True, endless=True)
    server.fail("x.bin", wall)
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert server.sent_bytes < 16 << 20
