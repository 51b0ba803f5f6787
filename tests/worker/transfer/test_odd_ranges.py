"""Odd answers to ranges cost speed, never the download: what is sure is taken, else the file is fetched whole."""

import gzip
import hashlib
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.worker.transfer import recovery, worklist
from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.file_server import Asking, Fault, FileServer, OddAnswer
from tests.support.odd_answers import (
    AVOIDED,
    DOUBTED,
    TAKEN,
    Odd,
    of_unknown_total,
    ranges_of_the_packed_bytes,
    without_content_range_of_odd_length,
)
from tests.worker.transfer.transferring import Run, fail_with, noise

SIZE = 1 << 20
BROKEN_AT = 300_000
"""Where the first answer breaks off, so that the rest has to be asked for as a range."""


def answer_oddly(server: FileServer, odd: Odd) -> None:
    server.oddity = lambda asking: odd(asking.content, asking.start, asking.end) if asking.is_range else None


@pytest.mark.parametrize("told", [True, False], ids=["sum", "no sum"])
@pytest.mark.parametrize("odd", [*TAKEN, *AVOIDED, *DOUBTED], ids=lambda odd: odd.__name__)
def test_the_file_arrives_whatever_a_range_is_answered(server: FileServer, folder: Path, odd: Odd, told: bool) -> None:
    file = server.put("x.bin", noise(SIZE), told=told)
    server.fail("x.bin", Fault(drop_after=BROKEN_AT))
    answer_oddly(server, odd)
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    asked_again = [seen.headers.get("range") for seen in server.seen("x.bin")[1:]]
    assert (asked_again[0] or "").startswith(f"bytes={BROKEN_AT}-")
    if odd in AVOIDED or (odd in DOUBTED and not told):
        assert asked_again[1:] == [None]  # whole, and by one request
    elif odd is not of_unknown_total:
        assert len(asked_again) == 1


def test_what_is_here_is_dropped_only_when_the_whole_file_begins_to_come(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(SIZE))
    server.fail("x.bin", Fault(drop_after=BROKEN_AT))
    answer_oddly(server, without_content_range_of_odd_length)
    server.fail("x.bin", Fault(), Fault(status=404))
    with pytest.raises(SourceError, match="404"):
        Run(server, [file], folder).finish()
    server.oddity = lambda asking: None
    Run(server, [file], folder).finish()
    assert server.seen("x.bin")[-1].headers["range"].startswith(f"bytes={BROKEN_AT}-")
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_a_whole_fetch_that_fails_too_tells_both(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 3)
    file = server.put("x.bin", noise(SIZE), told=False)
    answer_oddly(server, ranges_of_the_packed_bytes)
    server.fail("x.bin", Fault(drop_after=BROKEN_AT), Fault(), *[Fault(drop_after=BROKEN_AT)] * 5)
    error = fail_with(server, [file], folder)
    assert error.permanent
    assert "encoded (gzip)" in error.message
    assert "closed the connection" in error.message


def test_a_range_that_is_packed_on_its_way_is_unpacked_where_a_sum_tells(server: FileServer, folder: Path) -> None:
    def packed(content: bytes, start: int, end: int) -> OddAnswer:
        headers = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}", "Content-Encoding": "gzip"}
        return OddAnswer(206, headers, gzip.compress(content[start:end]))

    file = server.put("vocab.txt", b"some words\n" * 100_000)
    server.fail("vocab.txt", *[Fault(drop_after=BROKEN_AT)] * 1)
    answer_oddly(server, packed)
    Run(server, [file], folder).finish()
    assert (folder / "vocab.txt").read_bytes() == server.files["vocab.txt"]
    assert all("range" in seen.headers for seen in server.seen("vocab.txt")[1:])


def test_bytes_that_prove_wrong_when_put_together_are_fetched_whole(server: FileServer, folder: Path) -> None:
    def damaged(content: bytes, start: int, end: int) -> OddAnswer:
        return OddAnswer(206, {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}, bytes(end - start))

    file = server.put("x.bin", noise(SIZE))
    server.fail("x.bin", Fault(drop_after=BROKEN_AT))
    answer_oddly(server, damaged)
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert "range" not in server.seen("x.bin")[-1].headers


def test_an_entity_tag_that_comes_and_goes_and_weakens_names_one_content(server: FileServer, folder: Path) -> None:
    tags = iter(["", f'W/"{hashlib.md5(noise(SIZE)).hexdigest()}"', "", f'"{hashlib.md5(noise(SIZE)).hexdigest()}"'])
    file = server.put("x.bin", noise(SIZE), told=False)
    server.dates = False
    server.fail("x.bin", *(Fault(drop_after=200_000, headers={"ETag": tag}) for tag in tags))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert [seen.headers.get("range", "")[:13] for seen in server.seen("x.bin")[1:]] == [
        "bytes=200000-",
        "bytes=400000-",
        "bytes=600000-",
        "bytes=800000-",
    ]


def test_a_server_that_always_breaks_off_and_has_no_ranges_is_given_up(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 3)
    server.ranges = False
    file = server.put("x.bin", noise(SIZE))
    server.fail("x.bin", *[Fault(drop_after=BROKEN_AT)] * 50)
    assert not fail_with(server, [file], folder).permanent
    assert len(server.seen("x.bin")) < 8


def test_an_answer_that_ends_early_without_an_error_is_not_asked_for_ever(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 3)
    file = server.put("x.bin", noise(SIZE))
    server.oddity = lambda asking: OddAnswer(200, {}, b"", ends_by_closing=True)
    assert "ended at byte 0 of 1048576" in fail_with(server, [file], folder).message


def test_a_signed_address_that_ends_under_many_ranges_is_one_failure(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "FIRST_PIECE_BYTES", 1 << 19)
    file = server.put("x.bin", noise(16 << 20))
    server.files["signed.bin"] = server.files["x.bin"]
    server.bytes_per_second = 8 << 20
    expired: list[Asking] = []

    def redirect_or_expire(asking: Asking) -> OddAnswer | None:
        asked = len(server.seen("signed.bin"))
        if asking.path == "x.bin":
            return OddAnswer(302, {"Location": f"/signed.bin?until={asked + 6}"})
        if asked <= int(asking.query.removeprefix("until=")):
            return None
        expired.append(asking)
        return OddAnswer(403, {})

    server.oddity = redirect_or_expire
    Run(server, [file], folder, limits=Limits(16, 16)).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert expired


def test_a_server_that_sends_no_more_than_a_part_of_the_whole_is_given_up(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_part_alone(asking: Asking) -> OddAnswer:
        if asking.is_range:
            return OddAnswer(416, {})
        return OddAnswer(206, {"Content-Range": f"bytes 0-99999/{SIZE}"}, asking.content[:100_000])

    monkeypatch.setattr(recovery, "MAX_FAILURES", 3)
    file = server.put("x.bin", noise(SIZE))
    server.oddity = first_part_alone
    assert f"ended at byte 100000 of {SIZE}" in fail_with(server, [file], folder).message
    assert len(server.requests) < 10
