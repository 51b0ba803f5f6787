"""A page that uses the React hook, built with Vite and served beside the application."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.stack import MEBIBYTE, PASSWORD, SLOW_BYTES_PER_SECOND, Stack
from tests.support.proxy import Proxy


@pytest.fixture
def react_url(stack: Stack, vite_app: Path) -> Iterator[str]:
    """Where the built page is served, on the application's own origin."""
    types = "types { text/html html; text/javascript js; text/css css; }"
    static = f'location /react/ {{ alias "{vite_app}/dist/"; {types} }}'
    with Proxy(stack.server.port, static) as proxy:
        yield f"{proxy.url}/react/"


def test_the_react_page_follows_a_download_to_its_end(
    stack: Stack, new_context: Callable[..., BrowserContext], react_url: str
) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("react/model", {"model.bin": 20 * MEBIBYTE})
    page = new_context().new_page()
    page.goto(react_url)
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    download_id = stack.add_download("alice", "react/model")
    page.get_by_role("button", name="Sign in").click()
    bar = page.get_by_role("progressbar", name=download_id)
    expect(bar).to_have_attribute("max", str(20 * MEBIBYTE))
    value = bar.get_attribute("value") or ""
    expect(bar).not_to_have_attribute("value", value)
    stack.files.bytes_per_second = None
    expect(page.get_by_role("status").filter(has_text="All downloads completed")).to_be_visible()
    expect(bar).to_have_count(0)
