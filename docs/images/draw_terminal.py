"""Draws docs/images/terminal.svg: `downloads watch` and `top` as a real terminal shows them, beside a real worker.

.venv/bin/python -m docs.images.draw_terminal
"""

import os
import re
import string
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.models import Download
from downloads_app.services.accounts import users
from downloads_app.services.downloads import history
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import environment, migrate, wait_until
from tests.support.terminal import CTRL_C, Terminal
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
                env = environment(url, instance)
                shown = [(command, _show(env, command)) for command in ("watch --files", "top")]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115, PTH123 - until the end
    for command, screen in shown:
        console.print(Text(f"$ downloads-app downloads {command}", style="bold"))
        console.print(screen)
        console.print()
    drawn = console.export_svg(title="downloads-app downloads")
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


def _show(env: dict[str, str], command: str) -> Text:
    """Run a command on a terminal for SECONDS and press Ctrl-C; return what it leaves there."""
    with Terminal(env, "downloads", *command.split(), columns=COLUMNS, lines=LINES) as terminal:
        terminal.wait_for(next(iter(REPOSITORIES)))
        end = time.monotonic() + SECONDS
        terminal.wait_until(lambda: time.monotonic() > end, "frames")
        terminal.type(CTRL_C)
        terminal.finish()
        rows = terminal.screen.buffer
        return Text("\n").join(_draw_row(rows[number]) for number in range(len(terminal.lines)))


def _draw_row(row: Mapping[int, pyte.screens.Char]) -> Text:
    """Return a line of the screen in its colours."""
    cells = (row[column] for column in range(COLUMNS))
    line = Text.assemble(*((cell.data, _style(cell)) for cell in cells))
    line.rstrip()
    return line


def _style(cell: pyte.screens.Char) -> Style:
    """Translate pyte's names of colours: it has the six digits of those beyond the first 16."""
    name = {"brown": "yellow"}.get(cell.fg, cell.fg).replace("bright", "bright_")
    is_number = len(name) == 6 and all(digit in string.hexdigits for digit in name)
    return Style(color=f"#{name}" if is_number else name, bold=cell.bold)


if __name__ == "__main__":
    draw()
