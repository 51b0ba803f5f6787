"""The examples of docs/clients.md, and the README's for a browser, run as they are printed against the real server."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.clients.live_server import PASSWORD, LiveServer
from tests.clients.processes import DEADLINE_SECONDS, running
from tests.support.server import PROJECT, wait_until

README, GUIDE = PROJECT / "README.md", PROJECT / "docs" / "clients.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHROMIUM: dict[str, Any] = {
    "executable_path": "/usr/bin/chromium",
    "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
}
SIGN_IN = """
async ([username, password]) => {
  const body = JSON.stringify({ username, password, cookies: true });
  const answer = await fetch('/api/auth/login', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body,
  });
  return answer.status;
}
"""


def printed(language: str, page: Path = GUIDE) -> list[str]:
    """Return the page's code blocks in that language."""
    return [code for name, code in BLOCK.findall(page.read_text()) if name == language]


@pytest.fixture
def env(live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody at a shell on the server, `downloads-app` in the PATH."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "downloads-app").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m downloads_app "$@"\n')
    (folder / "downloads-app").chmod(0o755)
    return {**live.server.env, "DOWNLOADS_URL": live.url, "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.fixture
def page(live: LiveServer) -> Iterator[Page]:
    """A page of the server's in Chromium, alice signed in with cookies."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**CHROMIUM)
        page = browser.new_page(bypass_csp=True)  # the code under test stands on a page of its user's own
        page.goto(f"{live.url}/healthz")
        assert page.evaluate(SIGN_IN, ["alice", PASSWORD]) == 200
        yield page
        browser.close()


def test_curl_shows_updates_and_ends_with_the_downloads(live: LiveServer, env: dict[str, str], tmp_path: Path) -> None:
    download, output = live.start_download("alice"), tmp_path / "output"
    first = f'event: update\ndata: {{"type":"update","downloads":[{{"id":"{download}"'
    with running(["bash", "-ec", "\n".join(printed("bash"))], env, output) as curl:
        wait_until(lambda: first in output.read_text(), DEADLINE_SECONDS, "an update")
        live.cancel(download)
        assert curl.wait(DEADLINE_SECONDS) == 0
    assert output.read_text().rstrip().endswith('data: {"type":"complete","message":"All downloads completed"}')


def test_the_python_example_is_the_file_and_is_short_and_typed() -> None:
    (code,) = printed("python")
    watch = PROJECT / "clients" / "python" / "watch.py"
    assert code == watch.read_text()
    assert len([line for line in code.splitlines() if line]) <= 25
    subprocess.run([sys.executable, "-m", "mypy", "--strict", str(watch)], cwd=PROJECT, check=True)


def test_python_survives_a_reload_and_ends_with_the_downloads(
    live: LiveServer, env: dict[str, str], tmp_path: Path
) -> None:
    download, output, (code,) = live.start_download("alice"), tmp_path / "output", printed("python")

    def updates() -> int:
        return output.read_text().count(f'update {{"type":"update","downloads":[{{"id":"{download}"')

    with running([sys.executable, "-c", code], {**env, "DOWNLOADS_TOKEN": live.token("alice")}, output) as watch:
        wait_until(updates, DEADLINE_SECONDS, "an update")
        live.reload()
        seen = updates()
        wait_until(lambda: updates() > seen + 1, DEADLINE_SECONDS, "updates after the reload")
        live.cancel(download)
        assert watch.wait(DEADLINE_SECONDS) == 0
    lines = output.read_text().splitlines()
    assert [line for line in lines if line.startswith("complete")] == lines[-1:]


def test_python_names_a_refused_token(env: dict[str, str]) -> None:
    (code,) = printed("python")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**env, "DOWNLOADS_TOKEN": "forged"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
    assert done.returncode == 1
    assert "401 UNAUTHORIZED" in done.stderr


def test_a_browsers_own_eventsource_follows_the_downloads_and_a_reload(live: LiveServer, page: Page) -> None:
    download, (code,) = live.start_download("alice"), printed("js")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.evaluate(f"{code}\nwindow.watched = source;")

    def wait_for(text: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not any(text in line for line in said):
            assert time.monotonic() < deadline, f"waited in vain for {text!r}; the page said {said[-20:]}"
            page.wait_for_timeout(50)  # lets Playwright hand over what the page said

    wait_for(f"{download} ")
    live.reload()
    wait_for("Connection lost, the browser reconnects")
    said.clear()
    wait_for(f"{download} ")
    live.cancel(download)
    wait_for("All downloads completed")
    assert page.evaluate("window.watched.readyState === EventSource.CLOSED")


def test_the_readmes_lines_for_a_browser_show_updates_and_end_with_the_downloads(live: LiveServer, page: Page) -> None:
    download, (code,) = live.start_download("alice"), printed("js", README)
    with page.expect_console_message(timeout=DEADLINE_SECONDS * 1000):
        page.evaluate(f"{code}\nwindow.watched = source;")
    live.cancel(download)
    page.wait_for_function("window.watched.readyState === EventSource.CLOSED", timeout=DEADLINE_SECONDS * 1000)
