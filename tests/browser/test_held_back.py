"""The page behind a proxy that holds the stream back, and a page that is older than its server."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.profiles import sign_in
from tests.browser.rows import HELD, change, rows_of
from tests.browser.stack import Stack
from tests.support.proxy import Proxy

HOLDS_BACK = """
location = /api/downloads/subscribe {{
    proxy_pass http://127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_buffering on;
    proxy_buffers 64 64k;
    proxy_buffer_size 64k;
    proxy_ignore_headers X-Accel-Buffering;
    gzip on;
    gzip_types text/event-stream;
    gzip_min_length 1;
}}
"""
"""A careless proxy: it collects what the stream says, and compresses it, as some do for every answer."""


@pytest.fixture
def careless(stack: Stack) -> Iterator[Proxy]:
    """nginx that holds streams back."""
    with Proxy(stack.server.port, HOLDS_BACK.format(port=stack.server.port)) as proxy:
        yield proxy


def test_a_stream_that_is_held_back_is_told_once_and_rest_is_asked_until_it_works(
    stack: Stack, careless: Proxy, new_context: Callable[..., BrowserContext]
) -> None:
    with rows_of(stack, "clara", HELD) as ids:
        page: Page = new_context().new_page()
        page.clock.install()
        page.goto(careless.url)
        with page.expect_request("**/subscribe"):
            sign_in(page, "clara")
        page.clock.fast_forward(7000)
        expect(page.locator("#connection")).to_have_attribute("data-state", "polling")
        expect(page.locator(".toast")).to_have_count(1)
        expect(page.locator(".toast")).to_contain_text("holds back the live figures")
        amount = page.locator(f"[data-id='{ids[0]}'] .amount")
        change(stack, ids[0], current_bytes=500_000)
        expect(amount).to_have_text("500 kB of 1.00 MB")
        change(stack, ids[0], current_bytes=600_000)
        expect(amount).to_have_text("600 kB of 1.00 MB")
        expect(page.locator(".toast")).to_have_count(1)
        # The proxy learns better: the page finds out by itself.
        page.route("**/subscribe", lambda route: route.continue_(url=f"{stack.proxy.url}/api/downloads/subscribe"))
        page.clock.fast_forward(50_000)
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        change(stack, ids[0], current_bytes=700_000)
        expect(amount).to_have_text("700 kB of 1.00 MB")


def test_an_hour_of_sleep_ends_with_what_is_true_now(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD, HELD) as ids:
        page = open_page("clara")
        expect(page.locator(".card")).to_have_count(2)
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        page.context.set_offline(True)
        page.clock.install()
        page.clock.fast_forward("01:00:00")
        change(stack, ids[0], current_bytes=900_000)
        change(stack, ids[1], status="paused", worker_id=None)
        page.context.set_offline(False)
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        expect(page.locator(f"[data-id='{ids[0]}'] .amount")).to_have_text("900 kB of 1.00 MB")
        expect(page.locator("#paused .row")).to_have_count(1)


def test_a_page_that_is_older_than_its_server_offers_to_load_the_new_one(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    page = open_page("clara")
    expect(page.locator("#connection")).to_have_attribute("data-state", "idle")
    with rows_of(stack, "clara", HELD):
        expect(page.locator(".card")).to_have_count(1)
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")  # it may come after the row
        page.route("**/page-version", lambda route: route.fulfill(json={"version": "another"}))
        page.context.set_offline(True)
        expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
        page.context.set_offline(False)
        news = page.locator("#news")
        expect(news).to_contain_text("newer version")
        with page.expect_navigation():
            news.get_by_role("button", name="Load it").click()
        expect(page.locator(".card")).to_have_count(1)
