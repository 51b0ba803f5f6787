"""Draws docs/images/terminal.svg: `downloads watch` and `top` as a real terminal shows them, beside a real worker.

.venv/bin/python -m docs.images.draw_terminal
"""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

from rich.console import Console
from rich.text import Text

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.models import Download
from downloads_app.services.accounts import users
from downloads_app.services.downloads import history
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import PROJECT, environment, migrate, wait_until
from tests.worker.running import working

TARGET = Path(__file__).with_name("terminal.svg")
COLUMNS, LINES = 100, 24
SECONDS = 4.0
REPOSITORIES = {
    "mistral/tiny-instruct": {"model-q4.gguf": 24_000_000, "model-q8.gguf": 40_000_000, "README.md": 4_000},
    "acme/speech-small": {"encoder.safetensors": 18_000_000, "decoder.safetensors": 11_000_000, "config.json": 900},
    "acme/vision-base": {"weights.safetensors": 60_000_000},
}


def draw() -> None:
    """Run the commands while a worker fetches, and write what they show."""
    with tempfile.TemporaryDirectory() as folder, FileServer() as server:
        url, instance = f"sqlite:///{folder}/demo.sqlite3", Path(folder) / "instance"
        migrate(url, instance)
        app = create_app(database_url=url, instance_dir=instance)
        with app.app_context():
            rows = _queue(server)
            with working(app, concurrency=2):
                wait_until(lambda: reload(rows[1]).current_bytes > 5_000_000, what="bytes")
                env = environment(url, instance) | {"TERM": "xterm-256color"}
                shown = [(command, _run_on_terminal(env, command)) for command in ("watch --files", "top")]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115, PTH123  (until the end)
    for command, screen in shown:
        console.print(Text(f"$ flask downloads {command}", style="bold"))
        console.print(Text.from_ansi(screen))
        console.print()
    drawn = console.export_svg(title="flask downloads")
    TARGET.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))  # of another host
    print(TARGET)


def _queue(server: FileServer) -> list[Download]:
    server.bytes_per_second = 350_000
    owner = users.create_user(current_settings().downloads_dir, "alice", "correct horse battery")
    provider = provide(server, "hub")
    for name, files in REPOSITORIES.items():
        publish(server, name, {path: bytes(size) for path, size in files.items()})
        queue_download(owner, provider, name)
    return list(reversed(history.list_downloads().rows))


def _run_on_terminal(env: dict[str, str], command: str) -> str:
    """Run a command on a pseudo-terminal for SECONDS; return its last whole screen."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    arguments = [sys.executable, "-m", "flask", "--app", "wsgi", "downloads", *command.split()]
    process = subprocess.Popen(arguments, cwd=PROJECT, env=env, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown, began = b"", 0.0
    while not began or time.monotonic() - began < SECONDS:
        if select.select([master], [], [], 0.5)[0]:
            shown += os.read(master, 65536)
            began = began or time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(30)
    os.close(master)
    return _last_screen(shown.decode())


def _last_screen(shown: str) -> str:
    """Return what stands after the last movement of the cursor to a frame's beginning, colours kept."""
    frames = re.split(r"\r?(?:\x1b\[1A\x1b\[2K|\x1b\[2K|\x1b\[H)+", shown)
    whole = [frame for frame in frames if frame.count("\n") >= 2]
    lines = [re.sub(r"\x1b\[[?0-9;]*[hlAJK]", "", line).rstrip() for line in whole[-1].replace("\r", "").split("\n")]
    return "\n".join(line for line in lines if line)


if __name__ == "__main__":
    draw()
