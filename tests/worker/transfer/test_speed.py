"""How a transfer keeps its speed: slow connections are replaced, slow tails are shared, limits can change."""

from pathlib import Path

import pytest

from downloads_app.sources import Access
from downloads_app.worker.transfer import dying
from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, noise

MIB = 1 << 20


def test_a_connection_far_below_the_others_is_replaced(server: FileServer, folder: Path) -> None:
    server.bytes_per_second = 2 * MIB
    server.slow_connections = {2: 0.02 * MIB}
    file = server.put("x.bin", noise(60 * MIB))
    run = Run(server, [file], folder, limits=Limits(4, 4))
    run.finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert run.seconds() < 120  # at 20 KB/s its share alone would take a quarter of an hour


def test_the_last_slow_range_is_shared(server: FileServer, folder: Path) -> None:
    server.bytes_per_second = 1 * MIB
    file = server.put("x.bin", noise(24 * MIB))
    limits = Limits(1, 1)
    run = Run(server, [file], folder, limits=limits)

    def allow_more(_: object) -> None:
        limits.connections = limits.connections_per_file = 8

    run.on_report(allow_more)
    run.finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert server.most_seen_at_once >= 4
    assert server.sent_bytes < 30 * MIB


def test_fewer_connections_take_effect_meanwhile(server: FileServer, folder: Path) -> None:
    server.bytes_per_second = 4 * MIB
    files = [server.put(f"f{number}", noise(MIB + number)) for number in range(60)]
    limits = Limits(8, 4)
    run = Run(server, files, folder, limits=limits)
    at_the_change: list[int] = []

    def lower(_: object) -> None:
        if len(server.requests) >= 10 and not at_the_change:
            limits.connections = 1
            at_the_change.append(len(server.requests))

    run.on_report(lower)
    run.finish()
    late = server.requests[at_the_change[0] + 8 :]
    assert len({seen.client_port for seen in late}) == 1


def test_the_providers_own_limit_holds(server: FileServer, folder: Path) -> None:
    server.bytes_per_second = 4 * MIB
    files = [server.put(f"f{number}", noise(4 * MIB + number)) for number in range(6)]
    access = Access(server.url, allow_private_network=True, max_connections=2)
    Run(server, files, folder, limits=Limits(8, 4), access=access).finish()
    assert server.most_seen_at_once == 2


def test_several_files_come_at_once(server: FileServer, folder: Path) -> None:
    server.ranges = False
    files = [server.put(f"f{number}", noise(3 * MIB + number)) for number in range(8)]
    run = Run(server, files, folder, limits=Limits(8, 4))
    run.hold_until(lambda: server.most_seen_at_once >= 4, sent_bytes=2 * MIB)
    run.finish()
    assert len(run.done) == 8


def test_the_last_ranges_are_small_so_that_all_connections_end_together(server: FileServer, folder: Path) -> None:
    server.bytes_per_second = MIB  # so slow that all eight are at work long before the end, also on a busy machine
    file = server.put("x.bin", noise(64 * MIB))
    Run(server, [file], folder, limits=Limits(8, 8)).finish()
    sizes = [_asked_bytes(seen.headers["range"]) for seen in server.requests if "range" in seen.headers]
    assert sum(sizes[-8:]) < 16 * MIB
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def _asked_bytes(header: str) -> int:
    first, _, last = header.removeprefix("bytes=").partition("-")
    return int(last) - int(first) + 1


def test_on_a_line_with_delay_all_connections_are_there_after_few_answers(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(64 * MIB))
    asked_at_the_height: list[int] = []

    def delay() -> None:
        server.closing.wait(0.05)
        if server.most_seen_at_once == 16:
            asked_at_the_height.append(len(server.requests))

    server.fail("x.bin", *[Fault(before=delay)] * 1000)
    run = Run(server, [file], folder, limits=Limits(16, 16))
    run.hold_until(lambda: bool(asked_at_the_height), sent_bytes=8 * MIB)
    run.finish()
    assert asked_at_the_height[0] < 40
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_a_server_that_answers_429_to_the_fifth_connection_is_not_asked_by_more_again(
    server: FileServer, folder: Path
) -> None:
    server.most_allowed_at_once = 4
    server.refusal = Fault(status=429)
    file = server.put("x.bin", noise(32 * MIB))
    run = Run(server, [file], folder, limits=Limits(16, 16))
    run.hold_until(lambda: server.most_seen_at_once > 4, sent_bytes=4 * MIB)
    run.finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    ports = [seen.client_port for seen in server.requests]
    assert len(set(ports)) <= 16
    newest = max(map(ports.index, ports))
    assert len(set(ports[newest + 1 :])) == 1  # once refused, a single connection to the end


def test_a_probe_is_alone_until_it_is_answered(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(32 * MIB))
    at_once: list[int] = []
    server.fail("x.bin", Fault(before=lambda: at_once.append(server.closing.wait(0.3) or server.most_seen_at_once)))
    run = Run(server, [file], folder, limits=Limits(16, 16))
    run.hold_until(lambda: server.most_seen_at_once >= 4, sent_bytes=4 * MIB)
    run.finish()
    assert at_once == [1]


def test_the_only_connection_is_replaced_when_it_dies_away(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dying, "DYING_SECONDS", 0.3)
    server.block_bytes = 20
    file = server.put("x.bin", noise(1_000_000))
    server.fail("x.bin", Fault(slow_after=(960_000, 400.0)))
    run = Run(server, [file], folder, limits=Limits(1, 1))
    run.finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert run.seconds() < 60  # at 400 bytes a second the rest alone would take 100 s
    assert len(server.seen("x.bin")) == 2


def test_a_connection_that_was_never_quick_is_left_alone(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dying, "DYING_SECONDS", 0.1)
    server.block_bytes = 1000
    server.bytes_per_second = 100_000
    file = server.put("x.bin", noise(150_000))
    Run(server, [file], folder, limits=Limits(1, 1)).finish()
    assert len(server.seen("x.bin")) == 1
