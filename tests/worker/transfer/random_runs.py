"""Transfers drawn by lot: what is served, how it fails, what is allowed and when it is stopped come from one seed."""

import random
from pathlib import Path

import pytest

from downloads_app.sources import RemoteFile
from downloads_app.worker.transfer import channel_pool, recovery, transfer, worklist
from downloads_app.worker.transfer.bandwidth import Bandwidth, Limits
from downloads_app.worker.transfer.notices import Progress, Stopped
from tests.support.file_server import Fault, FileServer
from tests.support.odd_answers import AVOIDED, DOUBTED, TAKEN
from tests.worker.transfer.transferring import Run, noise

SIZES = (0, 1, 511, 600, 40_000, 300_000, 1 << 20, 3 << 20)
SPEEDS = (None, None, 4 << 20, 16 << 20)
"""Of the server's connections, and of the bandwidth, in bytes per second."""
STOPS = 3
"""How often a transfer may be stopped and begun again."""


def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what happens to long transfers now and then happen to short ones all the time."""
    monkeypatch.setattr(transfer, "TEND_SECONDS", 0.005)
    monkeypatch.setattr(transfer, "REPORT_SECONDS", 0.01)
    monkeypatch.setattr(transfer, "SAVE_SECONDS", 0.02)
    monkeypatch.setattr(worklist, "MIN_SPLIT_BYTES", 1000)
    monkeypatch.setattr(worklist, "MIN_SPLIT_SECONDS", 0.0)
    monkeypatch.setattr(worklist, "MIN_PIECE_BYTES", 50_000)
    monkeypatch.setattr(worklist, "FIRST_PIECE_BYTES", 200_000)
    monkeypatch.setattr(channel_pool, "LAGGARD_SHARE", 1.0)
    monkeypatch.setattr(channel_pool, "LAGGARD_AGE_SECONDS", 0.0)
    monkeypatch.setattr(channel_pool, "LAGGARD_REST_SECONDS", 0.02)
    monkeypatch.setattr(recovery, "MAX_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(recovery, "MAX_FAILURES", 10_000)


class RandomRun:
    """One transfer by lot; everything in it that is chosen comes from `seed`."""

    def __init__(self, server: FileServer, folder: Path, seed: int) -> None:
        self._lot = random.Random(seed)
        self._server, self._folder = server, folder
        self._reset_server()
        self._files = [self._put(f"{seed}-{number}") for number in range(self._lot.randint(1, 4))]
        self._limits = Limits(
            self._lot.randint(1, 8), self._lot.randint(1, 8), Bandwidth(self._lot.choice((None, 3 << 20, 12 << 20)))
        )

    def finish(self) -> None:
        """Run it to its end, through all its stops; every file has to be there and right."""
        for _ in range(self._lot.randint(0, STOPS)):
            try:
                self._start(self._lot.randint(0, 20))
                break
            except Stopped:
                continue
        else:
            self._start(None)
        for file in self._files:
            assert (self._folder / file.path).read_bytes() == self._server.files[file.path], file.path

    def _start(self, reports_until_stop: int | None) -> None:
        run = Run(
            self._server,
            self._files,
            self._folder,
            limits=self._limits,
            stop_when=lambda _: reports_until_stop is not None and len(run.timed_reports) > reports_until_stop,
            stall_seconds=0.3,
        )
        run.on_report(self._change_limits)
        run.finish()

    def _change_limits(self, _: Progress) -> None:
        if self._lot.random() < 0.2:
            self._limits.connections = self._lot.randint(1, 8)
            self._limits.connections_per_file = self._lot.randint(1, 8)
        if self._lot.random() < 0.2:
            self._limits.bandwidth.change(self._lot.choice((None, 1 << 20, 4 << 20, 20 << 20)))

    def _reset_server(self) -> None:
        server, lot = self._server, self._lot
        server.files.clear()
        server.faults.clear()
        server.requests.clear()
        server.connections.clear()
        server.bytes_per_second = lot.choice(SPEEDS)
        server.slow_connections = {lot.randint(0, 8): 100_000 for _ in range(lot.randint(0, 2))}
        server.strong_etags, server.dates = lot.random() < 0.7, lot.random() < 0.7
        server.ranges = lot.random() < 0.85
        odd = lot.choice((*TAKEN, *AVOIDED, *DOUBTED)) if lot.random() < 0.3 else None
        server.oddity = lambda asking: (
            odd(asking.content, asking.start, asking.end) if odd and asking.is_range else None
        )

    def _put(self, path: str) -> RemoteFile:
        size = self._lot.choice(SIZES)
        file = self._server.put(path, noise(size, self._lot.randint(0, 3)), told=self._lot.random() < 0.7)
        self._server.fail(path, *(self._fault(path, size) for _ in range(self._lot.randint(0, 4))))
        return file

    def _fault(self, path: str, size: int) -> Fault:
        at = self._lot.randint(0, size)
        faults = (
            Fault(),
            Fault(drop_after=at),
            Fault(stall_after=at),
            Fault(chunked=True),
            Fault(chunked=True, drop_after=at),
            Fault(redirect=f"/{path}"),
            Fault(ignore_range=True),
            Fault(status=self._lot.choice((429, 500, 503))),
        )
        return self._lot.choice(faults)
