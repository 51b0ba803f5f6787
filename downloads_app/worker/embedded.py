"""The one download worker that the web server starts beside itself, keeps alive, and stops."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time

from downloads_app.locations import PROJECT_DIR
from downloads_app.worker.parent import PARENT_VARIABLE

STOP_SECONDS = 20
"""A drained worker has so long to give its downloads back. Then it is killed, and its leases run out."""
RESTART_SECONDS = (1, 60)
STEADY_SECONDS = 60

_SPAWNING = threading.Lock()
"""Held while a worker is started, and while gunicorn forks. A web process that was forked in between would keep the
pipe open by whose end `subprocess` sees that the start was a success; we would wait until that process ends."""

log = logging.getLogger("gunicorn.error")


class EmbeddedWorker:
    """A child process of gunicorn's master. It watches its parent, and ends by itself when the master is gone."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name="embedded worker", daemon=True)

    def start(self) -> None:
        """Start the worker, and a thread that starts it again if it dies."""
        release = _SPAWNING.release
        os.register_at_fork(before=_SPAWNING.acquire, after_in_parent=release, after_in_child=release)
        self._thread.start()

    def stop(self) -> None:
        """Make the worker give its downloads back, and wait for that."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS + 5)

    def read_limit_again(self) -> None:
        """Have the worker read a changed MAX_BYTES_PER_SECOND."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def _keep_alive(self) -> None:
        pause = RESTART_SECONDS[0]
        while not self._stopping.is_set():
            began = time.monotonic()
            with _SPAWNING:
                self._process = self._spawn()
            self._wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = RESTART_SECONDS[0]
            log.warning("the embedded worker ended; starting it again in %d s", pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, RESTART_SECONDS[1])

    def _spawn(self) -> subprocess.Popen[bytes]:
        env = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        env.pop("PROMETHEUS_MULTIPROC_DIR", None)  # these files belong to the web processes
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "downloads", "worker"],
            cwd=PROJECT_DIR,
            env=env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches only the master, which then stops the worker
        )

    def _wait(self) -> None:
        """Return when the process has ended; ends it when told to stop."""
        assert self._process is not None
        while self._process.poll() is None:
            if self._stopping.wait(0.5):
                self._process.terminate()
                try:
                    self._process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
