"""Servers of threads: fewer streams, and threads for everything else however many streams people want."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.rows import add_download
from tests.support.server import PROJECT, environment, free_port, wait_until
from tests.support.sse import StreamClient

THREADS = 4
STREAMS = 3
WITHOUT_WORKER = {"waitress": "waitress", "uwsgi": "uWSGI"}
"""Those that start none, by the name that they give themselves."""
COMMANDS: dict[str, Callable[[int], list[str]]] = {
    "waitress": lambda port: [
        "waitress-serve",
        f"--listen=127.0.0.1:{port}",
        f"--threads={THREADS}",
        "--no-clear-untrusted-proxy-headers",  # TRUSTED_PROXIES judges them
        "wsgi:app",
    ],
    "gthread": lambda port: [
        "gunicorn",
        f"--bind=127.0.0.1:{port}",
        "--worker-class=gthread",
        "--workers=1",
        f"--threads={THREADS}",
        "wsgi:app",
    ],
    "uwsgi": lambda port: [
        "pyuwsgi",
        f"--http-socket=127.0.0.1:{port}",
        "--module=wsgi:app",
        "--enable-threads",
        f"--threads={THREADS}",
        "--need-app",
        "--die-on-term",
    ],
}


@contextmanager
def serving(name: str, env: dict[str, str], log: Path) -> Iterator[int]:
    """Run such a server; yield its port."""
    port = free_port()
    program, *arguments = COMMANDS[name](port)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / program), *arguments],
            cwd=PROJECT,
            env=env | {"PYTHONPATH": str(PROJECT)},  # their scripts do not look into the folder they are started in
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    try:
        wait_until(answers, what=f"{name} to answer")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # waitress waits for streams that nobody closes
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", COMMANDS)
def test_streams_come_and_leave_threads_for_everything_else(
    name: str, alice: User, database_url: str, instance_dir: Path, tmp_path: Path
) -> None:
    add_download(alice)
    raw, log = tokens.issue_access(current_settings(), alice), tmp_path / f"{name}.log"
    env = environment(
        database_url,
        instance_dir,
        stream_interval_seconds=0.4,
        trusted_proxies="127.0.0.1",
        embedded_worker=int(name in WITHOUT_WORKER),
    )
    with serving(name, env, log) as port:
        streams = [StreamClient(port, raw) for _ in range(STREAMS)]
        for stream in streams:
            stream.wait_events(3, "update")
        forwarded = {"Host": "x.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/models"}
        page = requests.get(f"http://127.0.0.1:{port}/", headers=forwarded, timeout=30)
        assert "/models/static/" in page.text, "under a path of a site"
        assert "Strict-Transport-Security" in page.headers, "where TLS ends elsewhere"
        turned_away = StreamClient(port, raw)
        assert turned_away.wait_closed()[0].retry
        turned_away.close()
        headers = {"Authorization": f"Bearer {raw}"}
        assert requests.get(f"http://127.0.0.1:{port}/api/auth/me", headers=headers, timeout=30).ok
        for stream in streams:
            stream.wait_events(len(stream.events) + 1, "update")
            stream.close()

        def has_place() -> bool:
            stream = StreamClient(port, raw)
            try:
                return bool(stream.wait_events(1)) and stream.events[0].name == "update"
            finally:
                stream.close()

        wait_until(has_place, what="a place to be free again")
    assert "Traceback" not in log.read_text()
    said = f"{WITHOUT_WORKER.get(name)} starts no download worker, and without one every download waits"
    assert log.read_text().count(said) == int(name in WITHOUT_WORKER)
