"""`make demo`: two users, an admin, a sample hub, and downloads that come, wait, fail and are tried again.

Everything lives in a temporary folder; Ctrl-C ends all of it and leaves nothing behind. What the server says goes into
a file there; the screen has short lines of what happens.
"""

import argparse
import contextlib
import io
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, as long as nothing is made

# The project is not an installed package, and its settings come from the environment that main() makes.
import flask_migrate  # noqa: E402 - the path comes first
from flask import Flask  # noqa: E402 - the path comes first

from deploy.demo_play import DEMO, Play  # noqa: E402 - the path comes first
from deploy.demo_samples import BYTES_PER_SECOND, Samples, serving  # noqa: E402 - the path comes first
from downloads_app import create_app  # noqa: E402 - the path comes first
from downloads_app.cli import demo_instance  # noqa: E402 - the path comes first
from downloads_app.config import DEFAULT_BIND, current_settings  # noqa: E402 - the path comes first
from downloads_app.services.accounts import users  # noqa: E402 - the path comes first
from downloads_app.services.providers import catalog  # noqa: E402 - the path comes first

NARROW_COLUMNS = 80
TOLD_LINES = 20
"""Of what the server has said, if it did not start."""
LOOK_SECONDS = 0.1
REMOVALS = 20
REMOVAL_SECONDS = 0.1


class Ending:
    """Whether somebody wants the demo to end, by Ctrl-C, TERM, or closing the terminal. It is asked between the steps.

    An exception instead would come in the middle of anything, of the end as well if Ctrl-C is pressed twice.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
            signal.signal(signal.SIGHUP, self._note_closed_terminal)

    def _note(self, *_: object) -> None:
        self.is_wanted = True

    def _note_closed_terminal(self, *_: object) -> None:
        self.is_wanted = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for output in (1, 2):  # a word to a terminal that is gone would be an error, and stop the end
            os.dup2(nowhere, output)


def free_port(preferred: int) -> int:
    """Return the preferred port, or another free one if it is taken."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("error: no free port on loopback")


def prepare(samples: Samples) -> tuple[Flask, dict[str, str]]:
    """Migrate, create the providers and the users; return the application and each user's password."""
    app = create_app()
    passwords = {}
    with app.app_context():
        with contextlib.redirect_stderr(io.StringIO()):
            flask_migrate.upgrade()
        settings = current_settings()
        catalog.add_provider(settings, "samples", "huggingface", samples.hub.url, allow_private_network=True, by=DEMO)
        catalog.add_provider(settings, "mirror", "http", samples.mirror.url, allow_private_network=True, by=DEMO)
        for name in ("alice", "bob", "admin"):
            passwords[name] = secrets.token_urlsafe(9)
            users.create_user(settings.downloads_dir, name, passwords[name], is_admin=name == "admin", by=DEMO)
    return app, passwords


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path, ending: Ending) -> None:
    """Return once the server answers, or the demo is to end."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if ending.is_wanted:
            return
        if server.poll() is not None:
            print("\n".join(log.read_text(errors="replace").splitlines()[-TOLD_LINES:]))
            raise SystemExit("error: the server did not start; its messages are above")
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("error: the server does not answer")


@contextlib.contextmanager
def temporary_folder() -> Iterator[str]:
    """Make a folder that goes with the block, also where something else still writes into it."""
    folder = tempfile.mkdtemp(prefix="downloads-demo-")
    try:
        yield folder
    finally:
        for _ in range(REMOVALS):
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.lexists(folder):
                break
            time.sleep(REMOVAL_SECONDS)
        else:
            print(f"  something else writes into {folder}: remove it later", flush=True)


def tell(bind: str, passwords: dict[str, str]) -> None:
    """Print what to try, in lines that fit into a narrow terminal."""
    url = f"http://{bind}"
    print(f"\n  Open {url} and sign in:\n")
    for name, password in passwords.items():
        print(f"    {name:6} {password}")
    print("\n  Or watch from a second terminal, in this folder:\n")
    print('    export PATH="$PWD/.venv/bin:$PATH"')
    print("    downloads-app downloads watch\n")
    if bind != DEFAULT_BIND:
        print("  The usual port is taken: the README's commands work here after this one.\n")
        print(f"    export DOWNLOADS_URL={url}\n")
    else:
        print("  The README's other commands work here too.\n")
    print("  Ctrl-C ends the demo and removes all of it.\n", flush=True)


def main() -> None:
    """Start everything, wait for Ctrl-C, stop everything."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--faster", type=float, default=1.0, help="so many times as fast, with files as much smaller")
    faster: float = options.parse_args().faster
    ending = Ending()
    bind = os.environ.get("GUNICORN_BIND") or f"127.0.0.1:{free_port(8000)}"
    with temporary_folder() as folder:
        settings = {
            "INSTANCE_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/downloads.sqlite3",  # whatever .env says
            "DOWNLOADS_DIR": f"{folder}/downloads",
            "EMBEDDED_WORKER": "1",
            "WORKER_CONCURRENCY": "5",
            "MAX_BYTES_PER_SECOND": str(BYTES_PER_SECOND),
        }
        os.environ |= {**settings, "GUNICORN_CMD_ARGS": ""}
        with demo_instance.publish(settings):
            print("  making sample repositories …", flush=True)
            with serving(Path(folder) / "samples", faster) as samples:
                if not ending.is_wanted:
                    serve(bind, samples, Path(folder) / "server.log", faster, ending)


def say(line: str) -> None:
    """Print what happens, at which time of day, within a narrow terminal."""
    print(f"  {time.strftime('%H:%M:%S')}  {line}"[:NARROW_COLUMNS], flush=True)


def serve(bind: str, samples: Samples, log: Path, faster: float, ending: Ending) -> None:
    """Serve the demo until it is to end."""
    app, passwords = prepare(samples)
    play = Play(app, samples, say, faster)
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", bind, "--log-level", "warning"]
    with log.open("ab") as output:
        server = subprocess.Popen(command, cwd=PROJECT, start_new_session=True, stdout=output, stderr=output)
    try:
        wait_for(f"http://{bind}", server, log, ending)
        if not ending.is_wanted:
            tell(bind, passwords)
            print(f"  What the server says: {log}\n\n  What happens:\n", flush=True)
            play.start()
        while server.poll() is None and not ending.is_wanted:
            time.sleep(LOOK_SECONDS)
    finally:
        if ending.is_wanted:
            print("\n  stopping …", flush=True)
        play.stop()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
