"""The five servers compared: how each is started and stopped."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import requests

from benchmarks.streams.database import JWT_SECRET_KEY, Database
from benchmarks.streams.peers import nchan
from downloads_app.models import new_id, utc_now
from downloads_app.services.downloads import representation
from downloads_app.web.stream import sse
from tests.support.server import PROJECT, START_SECONDS, environment, free_port, wait_until

PATH = "/api/downloads/subscribe"
METRICS_TOKEN = "metrics-for-benchmarks-on-loopback"
STREAMS_PER_PROCESS = 18_500
"""Streams that a process may hold here, below its 20,000 descriptors."""
STOP_SECONDS = 20
GUNICORN = [sys.executable, "-m", "gunicorn"]


@dataclass(frozen=True)
class Contender:
    """One of the servers; `name` is how the command line, the JSON and the plot call it."""

    name: str
    title: str
    reads_database: bool = True


OURS = Contender("ours", "this server")
PLAIN = Contender("plain", "this server, plain generator ticker")
NAIVE = Contender("naive", "Flask, a query per stream")
STARLETTE = Contender("starlette", "sse-starlette on uvicorn, static frame", reads_database=False)
STARLETTE_FAST = Contender("starlette-fast", "sse-starlette with uvloop and httptools", reads_database=False)
NCHAN = Contender("nchan", "nginx with nchan, one channel", reads_database=False)
CONTENDERS = (OURS, PLAIN, NAIVE, STARLETTE, STARLETTE_FAST, NCHAN)


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    contender: Contender
    port: int
    pid: int
    workers: int

    def refresh_totals(self) -> tuple[float, float] | None:
        """Return the seconds that all reads of the snapshot took and their number; None where it tells none."""
        if self.contender not in (OURS, PLAIN):
            return None
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        try:
            text = requests.get(f"http://127.0.0.1:{self.port}/metrics", headers=headers, timeout=30).text
        except requests.Timeout:  # the server is overloaded, as the plain ticker is at its largest number of streams
            return None
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        name = "downloads_snapshot_refresh_seconds"
        return float(values.get(f"{name}_sum", 0)), float(values.get(f"{name}_count", 0))


@contextmanager
def running(contender: Contender, database: Database, folder: Path, workers: int = 1) -> Iterator[Running]:
    """Start a server, yield it once it answers, and stop it."""
    port = free_port()
    place = folder / f"{contender.name}-{port}"
    place.mkdir()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        log = stack.enter_context((place / "log").open("wb"))
        process = subprocess.Popen(
            _command(contender, place, port, workers),
            cwd=PROJECT,
            env=_environment(database, place),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        stack.callback(_stop, process)
        wait_until(lambda: _answers(process, port, place / "log"), START_SECONDS, contender.title)
        if contender is NCHAN:
            stack.enter_context(nchan.publishing(port, sample_frame()))
        yield Running(contender, port, process.pid, workers)


def sample_frame() -> bytes:
    """Return an `update` of two downloads, for servers without data of their own."""
    now = utc_now()
    row = SimpleNamespace(
        **{name: new_id() for name in ("id", "user_id", "provider_id", "repository_id")},
        **dict.fromkeys(("started_at", "created_at", "updated_at"), now),
        status="downloading",
        current_bytes=1 << 33,
        total_bytes=1 << 35,
        total_files=30,
        current_file="model-00001-of-00030.safetensors",
        files_completed=7,
        download_speed=1 << 24,
        eta_seconds=1536,
    )
    return sse.update([representation.encode(representation.values_of(row))] * 2, "1-1")


def _command(contender: Contender, place: Path, port: int, workers: int) -> list[str]:
    bind = ["-b", f"127.0.0.1:{port}", "-w", str(workers)]
    peers = Path(__file__).parent / "peers"
    if contender is OURS:
        return [*GUNICORN, "wsgi:app", *bind]
    if contender is PLAIN:
        return [*GUNICORN, "wsgi:app", *bind, "-c", str(peers / "plain_ticker.conf.py")]
    if contender is NAIVE:
        limits = ["-k", "gevent", "--worker-connections", str(STREAMS_PER_PROCESS), "--backlog", "4096"]
        ends = ["--graceful-timeout", "2", "--config", os.devnull]
        return [*GUNICORN, "benchmarks.streams.peers.naive:app", *bind, *limits, *ends]
    if contender in (STARLETTE, STARLETTE_FAST):
        where = ["--host", "127.0.0.1", "--port", str(port), "--backlog", "4096"]
        quiet = ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "2"]
        is_fast = contender is STARLETTE_FAST
        how = ["--loop", "uvloop", "--http", "httptools"] if is_fast else ["--loop", "asyncio", "--http", "h11"]
        return [sys.executable, "-m", "uvicorn", "benchmarks.streams.peers.static_sse:app", *where, *how, *quiet]
    configuration = nchan.write_configuration(place, port)
    return ["nginx", "-p", str(place), "-c", str(configuration), "-e", str(place / "nginx-error.log")]


def _environment(database: Database, place: Path) -> dict[str, str]:
    frame_file = place / "frame"
    frame_file.write_bytes(sample_frame())
    return environment(
        database.url,
        place / "instance",
        jwt_secret_key=JWT_SECRET_KEY,
        metrics_token=METRICS_TOKEN,
        stream_max=STREAMS_PER_PROCESS,
        stream_max_per_user=STREAMS_PER_PROCESS,
        stream_drain_seconds=1,
        frame_file=frame_file,
    )


def _answers(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server with TERM; with KILL, its children too, where that takes too long."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
    for child in psutil.wait_procs(family, timeout=5)[1]:
        child.kill()
