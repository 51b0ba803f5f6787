"""Which small files stand for large ones."""

import pytest

from downloads_app.sources.lfs.pointers import Pointer, is_blob, may_be_pointer, read_pointer
from tests.support.forge import blob_name
from tests.support.giftless import make_pointer

OID = "0123456789abcdef" * 4
GOOD = make_pointer(OID, 1234)


@pytest.mark.parametrize("size_bytes", [0, 1, 10**9, 2**63 - 1])
def test_a_pointer_tells_the_object_and_its_size(size_bytes: int) -> None:
    content = make_pointer(OID, size_bytes)
    assert may_be_pointer(len(content))
    assert read_pointer(content) == Pointer(OID, size_bytes)


def test_a_pointer_of_the_first_years_is_one_too() -> None:
    assert read_pointer(GOOD.replace(b"git-lfs", b"hawser")) == Pointer(OID, 1234)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        GOOD[:-10],
        GOOD + b"more\n",
        GOOD.replace(b"sha256", b"md5"),
        GOOD.replace(b"size 1234", b"size -1"),
        GOOD.replace(b"size 1234", b"size 01"),
        GOOD.replace(b"size 1234", b"size 99999999999999999999"),
        GOOD.replace(OID.encode(), OID.upper().encode()),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"oid ", b"ext-0-crypt sha256:" + OID.encode() + b"\noid "),
    ],
)
def test_anything_else_is_a_file_like_others(content: bytes) -> None:
    assert read_pointer(content) is None


def test_a_blob_is_known_by_its_name() -> None:
    assert is_blob(GOOD, blob_name(GOOD))
    assert not is_blob(GOOD + b" ", blob_name(GOOD))
    assert is_blob(b"", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813")
    assert not is_blob(b"x", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813")
