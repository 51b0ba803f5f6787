"""What a transfer brings when nothing goes wrong, and what it tells while it works."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from downloads_app.errors import SourceError
from downloads_app.services.files.partials import find_partials
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.completion import Outcome
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.transfer import channel_pool
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Stopped
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, noise


def test_files_of_all_sizes_arrive_byte_for_byte(server: FileServer, folder: Path) -> None:
    sizes = {"empty": 0, "one": 1, "a/b c/ä%20.bin": 70_000, "big.bin": 20 << 20}
    files = [server.put(path, noise(size)) for path, size in sizes.items()]
    files = [RemoteFile(f.path, server.url + quote(f.path), f.size_bytes, f.sha256) for f in files]

    run = Run(server, files, folder)
    run.finish()

    for file in files:
        assert (folder / file.path).read_bytes() == server.files[file.path]
    assert {file.path: result.sha256 for file, result in run.done} == {f.path: f.sha256 for f in files}
    assert run.last.current_bytes == sum(sizes.values())
    assert run.last.files_completed == len(files)


def test_a_file_of_which_nothing_is_known_arrives(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(3 << 20), told=False)
    run = Run(server, [file], folder)
    run.finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert run.done[0][1].sha256 == hashlib.sha256(server.files["x.bin"]).hexdigest()


def test_a_large_file_comes_over_several_connections(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(40 << 20))
    run = Run(server, [file], folder, limits=Limits(connections=8, connections_per_file=8))
    run.hold_until(lambda: server.most_seen_at_once >= 4, sent_bytes=8 << 20)
    run.finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_many_small_files_share_few_connections(server: FileServer, folder: Path) -> None:
    files = [server.put(f"f{number}", noise(1000)) for number in range(200)]
    run = Run(server, files, folder, limits=Limits(connections=4))
    run.finish()
    assert len({request.client_port for request in server.requests}) <= 4
    assert len(run.done) == len(files)


def test_nothing_stands_under_its_final_name_before_it_is_complete(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(4 << 20))
    server.most_sent = 2 << 20
    run = Run(server, [file], folder, stop_when=lambda progress: progress.current_bytes > 1 << 20)
    with pytest.raises(Stopped):
        run.finish()
    assert list(folder.rglob("*")) == []
    assert find_partials(folder).exists()


def test_without_the_right_to_write_nothing_is_written_any_more(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(4 << 20))
    server.most_sent = 2 << 20
    run = Run(server, [file], folder, limits=Limits(1, 1))  # one connection: the file is as long as what was written

    def may_write() -> bool:
        if run.reports and run.last.current_bytes > 1 << 20:
            server.most_sent = None
        return server.most_sent is not None

    run.may_write_when(may_write)
    with pytest.raises(Stopped):
        run.finish()
    data = next(find_partials(folder).glob("*.data"))
    assert data.stat().st_size < 3 << 20


def test_the_bandwidth_limit_holds_and_can_be_lifted_meanwhile(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(6 << 20))
    limits = Limits()
    limits.bandwidth.change(1 << 20)
    run = Run(server, [file], folder, limits=limits)
    run.on_report(lambda progress: limits.bandwidth.change(None) if progress.current_bytes > 1 << 20 else None)
    run.finish()  # at the limit it would take as many seconds as the file has MiB
    early = [(at, progress) for at, progress in run.timed_reports if progress.current_bytes <= 1 << 20]
    assert all(progress.current_bytes <= (at + 0.5) * (1 << 20) for at, progress in early)


def test_a_low_bandwidth_limit_holds_from_the_first_moment(server: FileServer, folder: Path) -> None:
    bytes_per_second = 600_000
    file = server.put("x.bin", noise(8 << 20))
    limits = Limits()
    limits.bandwidth.change(bytes_per_second)
    enough = 2 * bytes_per_second
    run = Run(server, [file], folder, limits=limits, stop_when=lambda progress: progress.current_bytes > enough)
    with pytest.raises(Stopped):
        run.finish()
    assert all(progress.current_bytes <= bytes_per_second * (at + 0.5) for at, progress in run.timed_reports)


def test_connections_that_wait_for_the_bandwidth_are_neither_silent_nor_slow(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(channel_pool, "LAGGARD_AGE_SECONDS", 0.2)
    monkeypatch.setattr(channel_pool, "LAGGARD_REST_SECONDS", 0.2)
    files = [server.put(f"{number}.bin", noise(4 << 20, number)) for number in range(4)]
    limits = Limits()
    limits.bandwidth.change(600_000)
    run = Run(server, files, folder, limits=limits, stall_seconds=0.5, stop_when=lambda progress: run.seconds() > 4)
    with caplog.at_level("INFO"), pytest.raises(Stopped):
        run.finish()
    assert "trying again" not in caplog.text


def test_bytes_never_run_backwards_while_connections_break(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(20 << 20))
    server.fail("x.bin", *(Fault(drop_after=random.Random(n).randrange(1 << 20)) for n in range(30)))
    run = Run(server, [file], folder, limits=Limits(1, 1))
    run.finish()
    counts = [progress.current_bytes for progress in run.reports]
    assert counts == sorted(counts)
    assert server.sent_bytes < 21 << 20
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_an_unreachable_server_is_a_transient_error(folder: Path, server: FileServer) -> None:
    file = RemoteFile("x.bin", "http://127.0.0.1:1/x.bin", 10)
    with pytest.raises(SourceError) as error:
        Run(server, [file], folder).finish()
    assert not error.value.permanent


@pytest.mark.parametrize("state", ["stalled", "told to wait", "throttled"])
def test_a_stop_takes_effect_within_a_second_whatever_is_going_on(server: FileServer, folder: Path, state: str) -> None:
    file = server.put("x.bin", noise(8 << 20))
    limits = Limits()
    if state == "stalled":
        server.fail("x.bin", *[Fault(stall_after=100_000)] * 20)
    elif state == "told to wait":
        server.fail("x.bin", Fault(status=429, headers={"Retry-After": "60"}))
    else:
        limits.bandwidth.change(10_000)
    asked_at: list[float] = []

    def stop(_: object) -> bool:
        if run.seconds() > 1.0 and not asked_at:
            asked_at.append(run.seconds())
        return bool(asked_at)

    run = Run(server, [file], folder, limits=limits, stop_when=stop)
    with pytest.raises(Stopped):
        run.finish()
    assert run.seconds() - asked_at[0] < 20  # a second on an idle machine; what holds it up lasts a minute and more


def test_a_worker_that_lost_its_right_leaves_damaged_bytes_alone(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(4 << 20))
    server.fail("x.bin", Fault(body=bytes(4 << 20)))
    rights = [True]
    run = Run(server, [file], folder)
    run.may_write_when(lambda: rights[0])
    complete = run.transfer._finisher._complete

    def complete_then_lose(files: list[PartialFile], must_leave: Callable[[], bool]) -> list[Outcome]:
        outcomes = complete(files, must_leave)
        rights[0] = False
        return outcomes

    run.transfer._finisher._complete = complete_then_lose  # type: ignore[method-assign]  # to lose the lease right then
    with pytest.raises(Stopped):
        run.finish()
    assert next(find_partials(folder).glob("*.data")).stat().st_size == 4 << 20
