"""A browser's own EventSource that knows nothing of `complete`: it stops by itself, and can be opened again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.rows import add_download, change
from tests.support.server import Server

INTERVAL = 0.4
PATH = "/api/downloads/subscribe"
OPEN = f"""() => {{
    window.names = [];
    window.source = new EventSource("{PATH}");
    for (const name of ["update", "complete", "error"]) {{
        window.source.addEventListener(name, (event) => window.names.push(event.data ? name : "connection"));
    }}
}}"""


@contextmanager
def open_page(server: Server, raw: str) -> Iterator[Page]:
    """Open a page of the server's origin, signed in by cookie."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(bypass_csp=True)  # the script stands for a page of its user's own
        context.add_cookies([{"name": "access_token_cookie", "value": raw, "url": server.url, "httpOnly": True}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{server.url}/healthz")
        yield page
        browser.close()


def test_an_event_source_that_ignores_complete_asks_once_more_and_never_again(
    alice: User, make_server: Callable[..., Server]
) -> None:
    download = add_download(alice)
    server = make_server(stream_interval_seconds=INTERVAL)
    with open_page(server, tokens.issue_access(current_settings(), alice)) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate(OPEN)
        page.wait_for_function("window.names.includes('update')")
        change(download, status="completed")
        page.wait_for_function("window.source.readyState === EventSource.CLOSED")
        names = page.evaluate("window.names")
        assert names.count("complete") == 1
        assert names[-2:] == ["connection", "connection"]  # after `complete`, and for the 204 that stops it for good
        assert asked == [server.url + PATH] * 2

        add_download(alice)
        page.evaluate(OPEN)
        page.wait_for_function("window.names.includes('update')")
        assert asked == [server.url + PATH] * 3
