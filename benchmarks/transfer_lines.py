"""The lines over which files are fetched: plain, limited a connection, long, and cut at random."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import nginx

MIB = 1 << 20
LIMIT_BYTES_PER_SECOND = 32 * MIB
MEAN_CUT_BYTES = {"large": 128 * MIB, "small": 8 * MIB}
ROUND_TRIP_MS = 50
WINDOW_BYTES = 4 * MIB
"""Bytes that a connection may have in flight on the long line: at 50 ms this allows 80 MiB/s at most."""
PLAIN, LIMITED, LONG, CUT = LINES = ("plain loopback", "32 MiB/s a connection", "50 ms of delay", "cut at random")


@contextmanager
def serve(line: str, kind: str, root: Path, scratch: Path) -> Iterator[str]:
    """Serve `root` over a line; yield its base URL. `kind` is `large` or `small`."""
    limit = LIMIT_BYTES_PER_SECOND if line == LIMITED else None
    with nginx.serve(root, limit_rate_bytes=limit, extra="tcp_nopush on; keepalive_requests 100000;") as url:
        port = url.rpartition(":")[2]
        if line in (PLAIN, LIMITED):
            yield url
            return
        delay_ms, cut_bytes = (ROUND_TRIP_MS, 0) if line == LONG else (0, MEAN_CUT_BYTES[kind])
        with _relay(compile_relay(scratch), port, delay_ms, WINDOW_BYTES, cut_bytes) as relay_port:
            yield f"http://127.0.0.1:{relay_port}"


def compile_relay(scratch: Path) -> str:
    """Compile the relay into `scratch`; return its path."""
    target, source = scratch / "relay", Path(__file__).with_name("relay.c")
    subprocess.run(["cc", "-O2", "-Wall", "-o", str(target), str(source), "-lm"], check=True)
    return str(target)


@contextmanager
def _relay(*words: object) -> Iterator[str]:
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, text=True) as relay:
        assert relay.stdout is not None
        try:
            yield relay.stdout.readline().strip()
        finally:
            relay.kill()
