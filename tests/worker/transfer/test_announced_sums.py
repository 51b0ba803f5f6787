"""Sums that a server's answers announce: each is checked, and what only looks like a sum fails nothing."""

import base64
import hashlib
import zlib
from pathlib import Path

import pytest

from downloads_app.sources import RemoteFile
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, fail_with, noise

CONTENT = noise(60_000, 5)


def in_base64(name: str) -> str:
    return base64.b64encode(hashlib.new(name, CONTENT).digest()).decode()


def in_hex(name: str) -> str:
    return hashlib.new(name, CONTENT).hexdigest()


GIT = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
CRC32 = base64.b64encode(zlib.crc32(CONTENT).to_bytes(4, "big")).decode()
COMMIT = {"X-Repo-Commit": "c" * 40}
ANNOUNCED = {
    "Repr-Digest": {"Repr-Digest": f"unixsum=:AAAA:, sha-512=:{in_base64('sha512')}:"},
    "Digest": {"Digest": f"SHA-256={in_base64('sha256')}"},
    "Digest with SHA-1": {"Digest": f"SHA={in_base64('sha1')}"},
    "Content-Digest": {"Content-Digest": f"sha-256=:{in_base64('sha256')}:"},
    "Content-MD5": {"Content-MD5": in_base64("md5")},
    "Google": {"X-Goog-Hash": f"crc32c=AAAAAA==,md5={in_base64('md5')}"},
    "S3 SHA-256": {"x-amz-checksum-sha256": in_base64("sha256"), "x-amz-checksum-type": "FULL_OBJECT"},
    "S3 SHA-1": {"x-amz-checksum-sha1": in_base64("sha1")},
    "S3 CRC-32": {"x-amz-checksum-crc32": CRC32},
    "Azure": {"x-ms-blob-content-md5": in_base64("md5")},
    "Backblaze": {"x-bz-content-sha1": in_hex("sha1")},
    "Artifactory": {"X-Checksum-Sha256": in_hex("sha256"), "X-Checksum-Md5": in_hex("md5")},
    "ownCloud": {"OC-Checksum": f"SHA1:{in_hex('sha1')}"},
    "hub, LFS": {**COMMIT, "ETag": f'"{in_hex("sha256")}"'},
    "hub, small": {**COMMIT, "ETag": f'W/"{GIT}"'},
    "hub, linked": {"X-Linked-ETag": f'"{in_hex("sha256")}"'},
}


def put(server: FileServer, content: bytes) -> RemoteFile:
    return server.put("x.bin", content, told=False)


@pytest.mark.parametrize("name", ANNOUNCED)
def test_a_right_sum_costs_no_second_request(server: FileServer, folder: Path, name: str) -> None:
    file = put(server, CONTENT)
    server.fail("x.bin", Fault(headers=ANNOUNCED[name]))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == CONTENT
    assert len(server.seen("x.bin")) == 1


@pytest.mark.parametrize("name", ANNOUNCED)
def test_a_flipped_byte_is_found_and_the_file_fetched_anew(server: FileServer, folder: Path, name: str) -> None:
    file = put(server, CONTENT)
    flipped = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    server.fail("x.bin", Fault(body=flipped, headers=ANNOUNCED[name]), Fault(headers=ANNOUNCED[name]))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == CONTENT
    assert len(server.seen("x.bin")) == 2


def test_a_sum_that_is_wrong_twice_fails_the_file_and_is_named(server: FileServer, folder: Path) -> None:
    file = put(server, CONTENT)
    server.fail("x.bin", *[Fault(headers={"x-bz-content-sha1": "0" * 40})] * 2)
    error = fail_with(server, [file], folder)
    assert error.permanent
    assert f"its SHA-1 is {in_hex('sha1')}, the server says {'0' * 40}" in error.message


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": f'"{"0" * 64}"'},  # of a store of chunks, say: no SHA-256
        {"ETag": f'"{"0" * 32}"'},
        {"ETag": f'"{"0" * 40}"'},
        {**COMMIT, "ETag": '"some-other-form"'},
        {"X-Linked-ETag": '"0123"'},
        {"x-amz-checksum-sha256": in_base64("md5") + "-3"},
        {"x-amz-checksum-sha256": base64.b64encode(bytes(32)).decode(), "x-amz-checksum-type": "COMPOSITE"},
        {"x-bz-content-sha1": "none"},
        {"x-bz-content-sha1": f"unverified:{'0' * 40}"},
        {"Content-MD5": "not base64 at all"},
        {"Repr-Digest": "sha-256=:AAAA:"},
        {"OC-Checksum": "ADLER32:0000"},
        {"X-Checksum-Sha256": ""},
        {"X-Goog-Hash": f"md5={base64.b64encode(bytes(16)).decode()}", "X-Goog-Stored-Content-Encoding": "gzip"},
    ],
)
def test_what_is_no_sum_of_the_file_fails_nothing(server: FileServer, folder: Path, headers: dict[str, str]) -> None:
    file = put(server, CONTENT)
    server.fail("x.bin", Fault(headers=headers))
    Run(server, [file], folder).finish()
    assert len(server.seen("x.bin")) == 1


def test_the_sum_in_a_hubs_redirect_is_checked_at_its_end(server: FileServer, folder: Path) -> None:
    file = put(server, CONTENT)
    linked = {**COMMIT, "X-Linked-ETag": f'"{in_hex("sha256")}"'}
    server.put("cdn", CONTENT)
    server.fail("x.bin", *[Fault(redirect=f"{server.url}cdn", headers=linked)] * 3)
    cdn = {"ETag": f'"{"0" * 64}"'}  # the CDN's own tag, of another kind
    server.fail("cdn", Fault(body=bytes(len(CONTENT)), headers=cdn), Fault(headers=cdn))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == CONTENT
