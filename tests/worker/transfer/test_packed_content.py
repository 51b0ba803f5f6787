"""Bodies that come packed: what is unpacked, what is stored as it arrives, and what is refused."""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.file_server import Asking, Fault, FileServer, OddAnswer
from tests.worker.transfer.transferring import Run, fail_with, noise

WORDS = b"some words\n" * 100_000


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_body_is_unpacked_where_a_sum_tells_what_it_should_be(
    server: FileServer, folder: Path, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    file = server.put("vocab.txt", WORDS)
    server.oddity = lambda asking: OddAnswer(200, {"Content-Encoding": encoding}, pack(WORDS))
    Run(server, [file], folder).finish()
    assert (folder / "vocab.txt").read_bytes() == WORDS
    assert len(server.requests) == 2


def test_a_packed_body_without_a_sum_is_refused(server: FileServer, folder: Path) -> None:
    file = replace(server.put("vocab.txt", WORDS), sha256=None)
    server.oddity = lambda asking: OddAnswer(200, {"Content-Encoding": "gzip"}, gzip.compress(WORDS))
    assert "encoded (gzip)" in fail_with(server, [file], folder).message
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_packed_body_is_unpacked_no_further_than_the_file_is_long(server: FileServer, folder: Path) -> None:
    file = server.put("vocab.txt", WORDS)
    bomb = gzip.compress(bytes(200 << 20))
    server.oddity = lambda asking: OddAnswer(200, {"Content-Encoding": "gzip"}, bomb)
    assert "more than was announced" in fail_with(server, [file], folder).message
    assert not list(folder.rglob("vocab.txt"))


def test_a_packed_body_that_cannot_be_unpacked_is_refused(server: FileServer, folder: Path) -> None:
    file = server.put("vocab.txt", WORDS)
    server.oddity = lambda asking: OddAnswer(200, {"Content-Encoding": "gzip"}, noise(5000))
    assert "cannot be unpacked" in fail_with(server, [file], folder).message


def test_a_packed_file_is_stored_as_it_is_listed(server: FileServer, folder: Path) -> None:
    file = server.put("words.gz", gzip.compress(WORDS))
    server.fail("words.gz", Fault(headers={"Content-Encoding": "gzip"}))
    Run(server, [file], folder).finish()
    assert (folder / "words.gz").read_bytes() == server.files["words.gz"]


@pytest.mark.parametrize(
    ("path", "content", "coding"),
    [
        ("tokens.zst", noise(5000), "gzip"),
        ("x.br", noise(5000), "gzip"),
        ("words.gz", gzip.compress(WORDS), "br"),
        ("words.gz", gzip.compress(WORDS), "gzip"),
        ("words.gz", gzip.compress(WORDS), "gzip, gzip"),
    ],
)
def test_a_packed_file_that_is_packed_once_more_is_refused_without_a_sum(
    server: FileServer, folder: Path, path: str, content: bytes, coding: str
) -> None:
    file = server.put(path, content, told=False)
    server.oddity = lambda asking: OddAnswer(200, {"Content-Encoding": coding}, gzip.compress(content))
    assert f"encoded ({coding})" in fail_with(server, [file], folder).message
    assert not (folder / path).exists()


@pytest.mark.parametrize(("path", "coding"), [("tokens.zst", "gzip"), ("words.gz", "x-gzip")])
def test_a_packed_file_that_is_packed_once_more_is_unpacked_once_where_a_sum_tells_it(
    server: FileServer, folder: Path, path: str, coding: str
) -> None:
    content = noise(5000) if path == "tokens.zst" else gzip.compress(WORDS)
    file = server.put(path, content)
    server.oddity = lambda asking: OddAnswer(200, {"Content-Encoding": coding}, gzip.compress(content))
    Run(server, [file], folder).finish()
    assert (folder / path).read_bytes() == content


@pytest.mark.parametrize(
    ("path", "coding"), [("words.gz", "x-gzip"), ("a.zst", "zstd"), ("a.br", "br"), ("a.Z", "compress")]
)
def test_a_packed_file_whose_own_packing_is_named_is_stored_as_it_arrives(
    server: FileServer, folder: Path, path: str, coding: str
) -> None:
    content = gzip.compress(WORDS) if path == "words.gz" else noise(5000)
    file = server.put(path, content, told=False)
    server.fail(path, Fault(headers={"Content-Encoding": coding}))
    Run(server, [file], folder).finish()
    assert (folder / path).read_bytes() == content


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "no length"])
@pytest.mark.parametrize("path", ["words.gz", "words.bin"])
def test_a_large_file_with_a_label_on_its_parts_arrives(
    server: FileServer, folder: Path, path: str, is_chunked: bool
) -> None:
    content = b"\x1f\x8b\x08" + noise(20_000_000)
    file = server.put(path, content)

    def answer(asking: Asking) -> OddAnswer:
        headers = {"Content-Encoding": "x-gzip"}
        if not asking.is_range:
            return OddAnswer(200, headers, content)
        headers["Content-Range"] = f"bytes {asking.start}-{asking.end - 1}/{len(content)}"
        return OddAnswer(206, headers, content[asking.start : asking.end], ends_by_closing=is_chunked)

    server.oddity = answer
    Run(server, [file], folder).finish()
    assert (folder / path).read_bytes() == content
    assert len(server.seen(path)) > 1
