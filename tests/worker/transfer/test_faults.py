"""What a transfer does when servers, lines and contents fail: it goes on, or says in one line why not."""

from pathlib import Path

import pytest

from downloads_app.errors import Conflict, NoSpace
from downloads_app.worker.transfer import recovery
from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, fail_with, noise


def test_a_short_body_is_fetched_on_from_where_it_broke(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1 << 20))
    server.fail("x.bin", Fault(drop_after=300_000))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert server.seen("x.bin")[1].headers["range"] == f"bytes=300000-{(1 << 20) - 1}"


def test_a_stalled_connection_is_replaced_within_seconds(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1 << 20))
    server.fail("x.bin", Fault(stall_after=300_000))
    run = Run(server, [file], folder, stall_seconds=0.5)
    run.finish()
    assert run.seconds() < 30  # the server would hold it for a minute
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_a_server_without_ranges_is_asked_for_the_whole_again(server: FileServer, folder: Path) -> None:
    server.ranges = False
    file = server.put("x.bin", noise(20 << 20))
    server.fail("x.bin", Fault(drop_after=300_000), Fault(drop_after=200_000))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert server.most_seen_at_once == 1


def test_a_server_that_takes_one_connection_gets_one(server: FileServer, folder: Path) -> None:
    server.most_allowed_at_once = 1
    server.bytes_per_second = 4 << 20
    file = server.put("x.bin", noise(16 << 20))
    Run(server, [file], folder, limits=Limits(8, 8)).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert len(server.seen("x.bin")) < 20


def test_retry_after_is_honoured(server: FileServer, folder: Path) -> None:
    files = [server.put(f"f{number}", noise(1000)) for number in range(20)]
    server.fail("f3", Fault(status=429, headers={"Retry-After": "2"}))
    Run(server, files, folder).finish()
    refused, again = server.seen("f3")
    assert again.at - refused.at >= 1.9
    assert not [seen for seen in server.requests if refused.at + 0.3 < seen.at < refused.at + 1.9]


def test_a_long_retry_after_is_handed_to_the_caller(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", Fault(status=429, headers={"Retry-After": "3600"}))
    error = fail_with(server, [file], folder)
    assert not error.permanent
    assert error.retry_after_seconds == 3600


def test_a_server_error_is_tried_again(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", Fault(status=502), Fault(status=503))
    Run(server, [file], folder).finish()
    assert len(server.seen("x.bin")) == 3


@pytest.mark.parametrize(
    ("status", "name"), [(404, "404 Not Found"), (401, "401 Unauthorized"), (403, "403 Forbidden"), (410, "410 Gone")]
)
def test_a_permanent_status_fails_at_once_and_is_named(
    server: FileServer, folder: Path, status: int, name: str
) -> None:
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", Fault(status=status))
    error = fail_with(server, [file], folder)
    assert error.permanent
    assert error.message == f"x.bin: the server answered {name}"
    assert len(server.seen("x.bin")) == 1


def test_a_body_longer_than_listed_is_cut_off(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(100_000))
    server.fail("x.bin", Fault(chunked=True, endless=True))
    error = fail_with(server, [file], folder)
    assert error.permanent
    assert "more than was announced" in error.message
    assert server.sent_bytes < 8 << 20


def test_a_file_that_has_become_shorter_is_looked_at_again(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1 << 20, 1), told=False)
    shorter = noise(1000, 2)
    server.fail("x.bin", Fault(drop_after=500_000), Fault(before=lambda: server.files.update({"x.bin": shorter})))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == shorter


def test_a_full_disk_is_named_with_its_numbers(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    file = server.put("x.bin", noise(1 << 20))
    monkeypatch.setattr("downloads_app.worker.files.disk.os.pwritev", refuse)
    with pytest.raises(NoSpace) as error:
        Run(server, [file], folder).finish()
    assert f"{1 << 20:,} bytes are missing" in error.value.message
    assert "bytes are free" in error.value.message


def test_a_symbolic_link_on_the_way_is_not_followed(server: FileServer, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder.mkdir(parents=True)
    (folder / "models").symlink_to(outside)
    file = server.put("models/x.bin", noise(1000))
    with pytest.raises(Conflict):
        Run(server, [file], folder).finish()
    assert list(outside.iterdir()) == []


def test_a_dead_server_is_given_up_after_some_tries(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 3)
    file = server.put("x.bin", noise(1000))
    server.fail("x.bin", *[Fault(drop_after=0)] * 10)
    assert not fail_with(server, [file], folder).permanent
    assert len(server.seen("x.bin")) == 3


def test_first_bytes_that_trickle_in_are_judged_together(server: FileServer, folder: Path) -> None:
    server.bytes_per_second = 2000
    server.block_bytes = 2
    file = server.put("x.gguf", b"GGUF" + noise(1000))
    Run(server, [file], folder).finish()
    assert (folder / "x.gguf").read_bytes() == server.files["x.gguf"]


def test_a_server_that_never_sends_more_than_a_few_bytes_is_given_up(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 3)
    file = server.put("x.bin", noise(100_000))
    server.fail("x.bin", *[Fault(drop_after=3)] * 20)
    assert not fail_with(server, [file], folder).permanent
    assert len(server.seen("x.bin")) == 3


def test_a_redirect_costs_one_request(server: FileServer, folder: Path) -> None:
    files = [server.put(f"f{number}", noise(100 + number)) for number in range(50)]
    for file in files:
        server.fail(file.path, Fault(redirect=f"/{file.path}"))
    Run(server, files, folder).finish()
    assert len(server.requests) == 100


def test_a_file_that_is_being_made_ready_is_waited_for_while_others_come(server: FileServer, folder: Path) -> None:
    files = [server.put("x.bin", noise(1000)), server.put("y.bin", noise(2000))]
    server.fail("x.bin", Fault(status=202, headers={"Retry-After": "1"}))
    run = Run(server, files, folder)
    run.finish()
    assert [file.path for file, _ in run.done] == ["y.bin", "x.bin"]
    first, again = server.seen("x.bin")
    assert again.at - first.at >= 0.9


def test_a_date_to_wait_for_is_measured_by_the_servers_own_clock(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    days_ahead = {"Date": "Mon, 01 Jan 2035 00:00:00 GMT", "Retry-After": "Mon, 01 Jan 2035 00:00:01 GMT"}
    long_past = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    unreadable = {"Retry-After": "Thu, 01 Jan 99999999999999999999 00:00:00 GMT"}
    server.fail("x.bin", *(Fault(status=503, headers=headers) for headers in (days_ahead, long_past, unreadable)))
    run = Run(server, [file], folder)
    run.finish()
    assert run.seconds() < 60  # not until 2035
