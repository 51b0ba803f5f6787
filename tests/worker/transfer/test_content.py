"""Nothing is stored that an answer does not vouch for, and nothing is refused for a label alone."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from downloads_app.worker.transfer import recovery
from tests.support.file_server import Asking, Fault, FileServer, OddAnswer
from tests.worker.transfer.transferring import Run, fail_with, noise

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 435852734\n"
WORDS = b"some words\n" * 100_000


@pytest.mark.parametrize("word", ["UTF-8", "none", "binary", "aws-chunked", "identity", ""])
def test_an_encoding_that_means_nothing_is_none(server: FileServer, folder: Path, word: str) -> None:
    file = server.put("x.bin", noise(1000), told=False)
    server.fail("x.bin", Fault(headers={"Content-Encoding": word}))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


@pytest.mark.parametrize("path", ["README.md", "LICENSE", "model.gguf", "config.json"])
@pytest.mark.parametrize("told", [True, False], ids=["sum", "no sum"])
def test_a_file_that_the_server_calls_a_page_is_that_file(
    server: FileServer, folder: Path, path: str, told: bool
) -> None:
    file = server.put(path, b"GGUF and some more words.\n" * 40, told=told)
    server.fail(path, Fault(headers={"Content-Type": "text/html; charset=UTF-8"}))
    Run(server, [file], folder).finish()
    assert (folder / path).read_bytes() == server.files[path]


@pytest.mark.parametrize("told", [True, False], ids=["size", "no size"])
def test_a_page_in_place_of_a_model_is_refused(server: FileServer, folder: Path, told: bool) -> None:
    page = Fault(headers={"Content-Type": "text/html"}, body=b"<!DOCTYPE html><html>Please sign in</html>")
    file = replace(server.put("x.bin", noise(1000), told=told), sha256=None)
    server.fail("x.bin", page)
    assert "an HTML page instead of the file" in fail_with(server, [file], folder).message


def test_a_pointer_is_no_model_and_a_sum_vouches_for_whatever_it_fits(server: FileServer, folder: Path) -> None:
    pointer = server.put("model.safetensors", POINTER, told=False)
    assert "a Git LFS pointer" in fail_with(server, [pointer], folder).message
    assert not (folder / "model.safetensors").exists()
    told = server.put("model.safetensors", POINTER)
    Run(server, [told], folder).finish()
    assert (folder / "model.safetensors").read_bytes() == POINTER


@pytest.mark.parametrize("status", [200, 204, 416])
@pytest.mark.parametrize("told", [True, False], ids=["size", "no size"])
def test_an_empty_file_arrives_however_it_is_sent(server: FileServer, folder: Path, status: int, told: bool) -> None:
    file = replace(server.put("__init__.py", b"", told=told), sha256=None)
    headers = {"Content-Range": "bytes */0"} if status == 416 else {}
    server.oddity = lambda asking: OddAnswer(status, headers, ends_by_closing=status == 200)
    Run(server, [file], folder).finish()
    assert (folder / "__init__.py").read_bytes() == b""
    assert len(server.requests) == 1


def test_nothing_is_not_a_file_that_has_a_size(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", Fault(status=204, headers={"Content-Length": ""}, body=b""))
    assert "204 No Content" in fail_with(server, [file], folder).message


def test_half_of_a_rounded_size_is_not_the_file(server: FileServer, folder: Path) -> None:
    file = replace(server.put("x.bin", noise(2_000_000), told=False), about_bytes=1_992_294)
    halves = iter([1_000_000])
    server.oddity = lambda asking: OddAnswer(200, {}, asking.content[: next(halves, None)], ends_by_closing=True)
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert len(server.requests) == 3  # the last one asks what lies behind the end


def test_what_lies_behind_an_end_that_nothing_proves_is_asked_for(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(100_000), told=False)
    half = [OddAnswer(200, {"ETag": '"one"'}, noise(100_000)[:50_000], ends_by_closing=True)]
    rest = {"Content-Range": "bytes 50000-99999/100000", "ETag": '"one"'}
    server.oddity = lambda asking: half.pop() if half else OddAnswer(206, rest, asking.content[asking.start :])
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert [seen.headers.get("range") for seen in server.requests] == [None, "bytes=50000-"]


@pytest.mark.parametrize("status", [200, 403, 416])
def test_an_end_that_nothing_proves_is_believed_with_a_warning(
    server: FileServer, folder: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    def answer(asking: Asking) -> OddAnswer:
        is_refused = asking.is_range and status != 200
        return OddAnswer(status, {}) if is_refused else OddAnswer(200, {}, asking.content, ends_by_closing=True)

    file = server.put("x.bin", noise(100_000), told=False)
    server.oddity = answer
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert "nothing proves that its 100,000 bytes are all" in caplog.text
    assert len(server.requests) == 2


def test_a_size_far_below_a_rounded_one_is_refused(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 2)
    file = replace(server.put("x.bin", noise(1000), told=False), about_bytes=1_992_294)
    assert "about 1992294 bytes are expected, the server has 1000" in fail_with(server, [file], folder).message


def test_a_flipped_byte_in_a_small_file_is_found_by_gits_sum(server: FileServer, folder: Path) -> None:
    content = b'{"model_type": "bert"}'
    sum_of_git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    file = replace(server.put("config.json", content), sha256=None, git_sha1=sum_of_git)
    server.fail("config.json", Fault(body=content.replace(b"bert", b"berd")))
    Run(server, [file], folder).finish()
    assert (folder / "config.json").read_bytes() == content
    assert len(server.requests) == 2
    again = replace(server.put("other.json", content), sha256=None, git_sha1=sum_of_git[::-1])
    assert "git's SHA-1 is" in fail_with(server, [again], folder).message


def test_a_large_file_is_checked_by_gits_sum_too(server: FileServer, folder: Path) -> None:
    content = noise(3_000_000)
    sum_of_git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    file = replace(server.put("x.bin", content), sha256=None, git_sha1=sum_of_git)
    server.fail("x.bin", Fault(body=bytes(3_000_000)))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == content


def of_sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def of_md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("Repr-Digest", lambda content: f"sha-512=:AAAA:, sha-256=:{of_sha256(content)}:"),
        ("Digest", lambda content: f"SHA-256={of_sha256(content)}"),
        ("Content-MD5", of_md5),
        ("X-Goog-Hash", lambda content: f"crc32c=n03x6A==, md5={of_md5(content)}"),
    ],
    ids=["Repr-Digest", "Digest", "Content-MD5", "X-Goog-Hash"],
)
def test_a_sum_that_an_answer_offers_is_checked(
    server: FileServer, folder: Path, header: str, form: Callable[[bytes], str]
) -> None:
    file = server.put("x.bin", noise(100_000), told=False)
    offered = {header: form(server.files["x.bin"])}
    server.fail("x.bin", Fault(headers=offered, body=bytes(100_000)), Fault(headers=offered))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert len(server.requests) == 2
    server.fail("x.bin", *[Fault(headers=offered, body=bytes(100_000))] * 2)
    again = replace(file, path="y.bin")
    assert "the server says" in fail_with(server, [again], folder).message


def test_a_sum_of_something_else_is_not_held_against_a_file(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000), told=False)
    stored_packed = {"X-Goog-Hash": f"md5={of_md5(b'packed')}", "X-Goog-Stored-Content-Encoding": "gzip"}
    server.fail("x.bin", Fault(headers={**stored_packed, "Repr-Digest": "nonsense, sha-256=:AAAA:", "Digest": "="}))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
