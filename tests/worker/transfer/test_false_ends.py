"""Ways to a false "completed" that servers and caches have: none of them stores what is not the file."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.worker.transfer import recovery
from tests.support.file_server import Asking, Fault, FileServer, OddAnswer
from tests.support.raw_server import RawServer
from tests.worker.transfer.transferring import Run, fail_with, noise

CONTENT = noise(400_000, 7)
OK = b"HTTP/1.1 200 OK\r\n"


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part)


RAW = {
    "chunked, HTTP/1.0, cut between chunks": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunk(CONTENT[:9000]),
    "chunked, cut in the size line": OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(CONTENT[:9000]) + b"4",
    "chunked, cut in the last chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(CONTENT[:9000]) + b"0\r",
    "a length with a cut body": OK + b"Content-Length: 400000\r\n\r\n" + CONTENT[:9000],
    "two lengths": OK + b"Content-Length: 9000\r\nContent-Length: 400000\r\n\r\n" + CONTENT[:9000],
    "packed for the transfer": OK
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n"
    + chunk(gzip.compress(CONTENT))
    + b"0\r\n\r\n",
    "packed for the transfer alone": OK + b"Transfer-Encoding: gzip\r\n\r\n" + gzip.compress(CONTENT),
    "a part that nobody asked for": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 9000\r\n\r\n" + CONTENT[:9000],
}


@pytest.mark.parametrize("name", RAW)
def test_an_answer_that_is_not_whole_is_never_the_file(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 2)
    with RawServer(RAW[name]) as raw:
        file = RemoteFile("x.bin", raw.url + "x.bin")
        run = Run(server, [file], folder, access=Access(raw.url, allow_private_network=True))
        with pytest.raises(SourceError):
            run.finish()
    assert not (folder / "x.bin").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "model.gguf", "weights.pt", "data.tar.gz"])
@pytest.mark.parametrize("headers", [{}, {"Content-Length": "0"}], ids=["chunked", "0 announced"])
def test_no_byte_is_no_model(server: FileServer, folder: Path, name: str, headers: dict[str, str]) -> None:
    file = server.put(name, b"", told=False)
    server.fail(name, *[Fault(chunked=not headers)] * 3)
    error = fail_with(server, [file], folder)
    assert "the server sent no byte of it" in error.message
    assert not (folder / name).exists()


def test_a_file_that_the_listing_calls_empty_may_be_empty(server: FileServer, folder: Path) -> None:
    Run(server, [RemoteFile("model.gguf", server.put("model.gguf", b"").url, 0)], folder).finish()
    assert (folder / "model.gguf").read_bytes() == b""


def answer_by_slices(status: int, total: str) -> Callable[[Asking], OddAnswer]:
    def answer(asking: Asking) -> OddAnswer:
        end = min(asking.end, asking.start + 100_000)
        part = {"Content-Range": f"bytes {asking.start}-{end - 1}/{total}"}
        if asking.start >= len(asking.content):
            return OddAnswer(416, {"Content-Range": f"bytes */{len(asking.content)}"})
        return OddAnswer(status, part, asking.content[asking.start : end])

    return answer


@pytest.mark.parametrize("status", [200, 206])
@pytest.mark.parametrize("total", ["400000", "*"])
def test_a_first_slice_is_not_the_whole(server: FileServer, folder: Path, status: int, total: str) -> None:
    """A server (or a cache before it) sends the first part although all was asked for."""
    file = server.put("x.bin", CONTENT, told=False)
    server.oddity = answer_by_slices(status, total)
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == CONTENT


def test_a_resume_needs_a_validator_that_is_still_the_same(server: FileServer, folder: Path) -> None:
    """The first run saw an ETag; later nodes send none, ignore If-Range, and hold another content of the same size."""
    file = server.put("x.bin", noise(4 << 20, 1), told=False)
    server.most_sent = 2 << 20
    with pytest.raises(Exception, match="stopped with"):
        Run(server, [file], folder, stop_when=lambda progress: progress.current_bytes > 1 << 20).finish()
    server.most_sent, server.strong_etags, server.dates = None, False, False
    newer = noise(4 << 20, 2)
    server.files["x.bin"] = newer
    server.oddity = lambda asking: (
        OddAnswer(
            206,
            {"Content-Range": f"bytes {asking.start}-{asking.end - 1}/{len(newer)}"},
            newer[asking.start : asking.end],
        )
        if asking.is_range
        else None
    )
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == newer
