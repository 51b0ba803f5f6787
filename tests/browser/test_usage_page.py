"""The two examples of docs/endpoint-usage.md, as printed, in Chromium against the real server."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from downloads_app.config import current_settings
from downloads_app.services.accounts import tokens, users
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack
from tests.clients import npm
from tests.support.proxy import Proxy
from tests.support.server import PROJECT

SOURCE = PROJECT / "tests" / "clients" / "usage_page"
SHOWN = ("#example", "#hook")


@pytest.fixture(scope="module")
def built_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples, type-checked and bundled with the built client."""
    npm.install_client()
    shared = tmp_path_factory.mktemp("usage")
    folder = Path(shutil.copytree(SOURCE, shared / "page"))
    (folder / "client").symlink_to(npm.unpack_client(npm.pack_client(shared), shared))
    npm.run(folder, "node", "build.mjs", str(PROJECT / "docs" / "endpoint-usage.md"))
    npm.run(folder, "client/node_modules/.bin/tsc", "-p", ".")
    shutil.copy(folder / "index.html", folder / "dist")
    return folder / "dist"


@pytest.fixture
def usage_url(stack: Stack, built_page: Path) -> Iterator[str]:
    """Where the page is served, on the application's own origin."""
    types = "types { text/html html; text/javascript js; }"
    with Proxy(stack.server.port, f'location /usage/ {{ alias "{built_page}/"; {types} }}') as proxy:
        yield f"{proxy.url}/usage/"


def token_of(stack: Stack, username: str) -> str:
    """Return a fresh access token."""
    with stack.app.app_context():
        return tokens.issue_access(current_settings(), users.find_user(username))


def open_as(page: Page, url: str, token: str) -> None:
    """Open the page with a token; both examples subscribe at once."""
    page.goto(f"{url}index.html#token={token}")


def test_both_examples_follow_a_download_to_its_end(
    stack: Stack, new_context: Callable[..., BrowserContext], usage_url: str
) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("usage/model", {"model.bin": 20 * MEBIBYTE})
    download_id = stack.add_download("bruno", "usage/model")
    page = new_context().new_page()
    open_as(page, usage_url, token_of(stack, "bruno"))
    for shown in SHOWN:
        expect(page.locator(shown)).to_contain_text(f"{download_id} ")
    stack.files.bytes_per_second = None
    for shown in SHOWN:
        expect(page.locator(shown)).to_have_text("complete")


def test_both_examples_show_the_servers_error(
    stack: Stack, new_context: Callable[..., BrowserContext], usage_url: str
) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("usage/other", {"model.bin": 20 * MEBIBYTE})
    download_id = stack.add_download("bruno", "usage/other")
    page, token = new_context().new_page(), token_of(stack, "bruno")
    open_as(page, usage_url, token)
    for shown in SHOWN:
        expect(page.locator(shown)).to_contain_text(f"{download_id} ")
    answer = requests.post(
        f"{stack.server.url}/api/auth/logout", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code == 204
    for shown in SHOWN:
        expect(page.locator(shown)).to_have_text("error: Token has been revoked")
    stack.cancel(download_id)
    stack.files.bytes_per_second = None
