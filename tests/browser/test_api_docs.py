"""`/api/docs` in a browser: calls can be tried with the page's own session (`new_context` sees to the policy)."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.profiles import sign_in
from tests.browser.stack import Stack


def execute(page: Page, operation: str) -> None:
    """Open an operation and send its example."""
    block = page.locator(f"[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    block.locator(".execute").click()


def test_calls_are_tried_with_the_session_of_the_page(stack: Stack, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    page.goto(stack.proxy.url)
    sign_in(page, "root")
    expect(page.locator("#sign-in")).to_be_hidden()
    page.goto(f"{stack.proxy.url}/api/docs")
    execute(page, "getMe")
    expect(page.locator("[id$='-getMe'] .live-responses-table")).to_contain_text('"username": "root"')
    execute(page, "changeQueue")  # an unsafe method: it needs the CSRF value
    expect(page.locator("[id$='-changeQueue'] .live-responses-table")).to_contain_text('"paused_at": null')
