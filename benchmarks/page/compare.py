"""Preact with htm, Lit, and code by hand, all drawing the same 1,000 rows: script milliseconds a turn in Chromium."""

import shutil
import statistics
import subprocess
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.loopback import LoopbackServer

HERE = Path(__file__).parent
VENDORED = HERE.parents[1] / "downloads_app" / "web" / "page" / "static" / "vendor" / "preact" / "preact-htm.js"
WAYS = {"by hand": "rows_vanilla.js", "Preact and htm": "rows_preact.js", "Lit": "rows_lit.js"}
LIT = "lit-html@3.3.3"
TURNS = 60
WARM_UP = 10
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"


class Quiet(SimpleHTTPRequestHandler):
    """Serves the folder under the page's kind of policy, and logs nothing."""

    def end_headers(self) -> None:
        """Add the policy."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def compare(browser: Browser) -> dict[str, tuple[float, float]]:
    """Return the median and the largest time of a turn, by way, in milliseconds; the first turns are left out."""
    with tempfile.TemporaryDirectory(prefix="rows-") as name:
        folder = Path(name)
        _gather(folder)
        with LoopbackServer(partial(Quiet, directory=name)) as server:
            return {way: _measure(browser, server.server_port, module) for way, module in WAYS.items()}


def _gather(folder: Path) -> None:
    for path in HERE.glob("*.js"):
        shutil.copy(path, folder)
    shutil.copy(VENDORED, folder)
    (folder / "index.html").write_text("<!doctype html><title>rows</title><ul id=rows></ul>")
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", LIT], cwd=folder, check=True)
    shutil.copytree(folder / "node_modules" / "lit-html", folder, dirs_exist_ok=True)


def _measure(browser: Browser, port: int, module: str) -> tuple[float, float]:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    times: list[float] = page.evaluate(
        "async ([module, turns]) => (await import('./measure.js')).measure(`./${module}`, turns)", [module, TURNS]
    )
    assert page.locator("#rows li").count() == 1000, module
    page.close()
    return statistics.median(times[WARM_UP:]), max(times[WARM_UP:])
