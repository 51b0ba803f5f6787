"""`clients/python/watch.py` against a server that answers by script: reconnects, `retry:`, 204, refusals."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.loopback import LoopbackServer
from tests.support.server import PROJECT

UPDATE = 'id: u1\nevent: update\ndata: {"type":"update","downloads":[]}\n\n'
COMPLETE = 'id: c1\nevent: complete\ndata: {"type":"complete","message":"All downloads completed"}\n\n'


@dataclass
class Script:
    """Answers in order: a status, and the stream's text where it is 200."""

    answers: list[tuple[int, str]]
    last_event_ids: list[str | None] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


@contextmanager
def serve(script: Script) -> Iterator[str]:
    """Answer by the script, on loopback; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.last_event_ids.append(self.headers["Last-Event-ID"])
            script.times.append(time.monotonic())
            status, body = script.answers[len(script.times) - 1]
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """The script remembers."""

    with LoopbackServer(Handler) as server:
        yield f"http://{server.address}"


def watch(script: Script) -> subprocess.CompletedProcess[str]:
    """Run the client to its end."""
    with serve(script) as url:
        return subprocess.run(
            [sys.executable, PROJECT / "clients" / "python" / "watch.py"],
            env={**os.environ, "DOWNLOADS_URL": url, "DOWNLOADS_TOKEN": "token"},
            capture_output=True,
            text=True,
            timeout=90,
        )


def test_a_lost_stream_is_found_again_after_the_servers_retry_and_with_the_last_id() -> None:
    script = Script([(200, f"retry: 600\n\n{UPDATE}"), (200, UPDATE), (200, UPDATE + COMPLETE)])
    done = watch(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("update {") == 3
    assert done.stdout.splitlines()[-1].startswith("complete {")
    assert script.last_event_ids == [None, "u1", "u1"]
    assert script.times[1] - script.times[0] >= 0.6
    assert script.times[2] - script.times[1] >= 0.6


def test_a_204_ends_it() -> None:
    script = Script([(200, f"retry: 10\n\n{UPDATE}"), (204, "")])
    done = watch(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(script.times) == 2


def test_a_server_that_is_restarting_is_asked_again() -> None:
    script = Script([(200, "retry: 10\n\n"), (502, "{}"), (503, "{}"), (200, COMPLETE)])
    assert watch(script).returncode == 0
    assert len(script.times) == 4


def test_a_refusal_is_named_and_not_repeated() -> None:
    script = Script([(401, "{}")])
    done = watch(script)
    assert done.returncode == 1
    assert "401 Unauthorized" in done.stderr
    assert len(script.times) == 1
