"""What is paused and what waits, where there is more of it than a page holds."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.profiles import sign_in
from tests.browser.rows import WAITING, change, rows_of
from tests.browser.stack import Stack

PAUSED = {"status": "paused"}
SMALL_PAGES = """
const real = fetch;
globalThis.fetch = (address, ...rest) => real(String(address).replace("page_size=100", "page_size=3"), ...rest);
"""
"""The server's pages are as short as it is asked to make them: a test needs no hundred rows."""

SLOW_LINE = """
const real = fetch;
globalThis.fetch = async (address, ...rest) => {
  if (String(address).includes("status=")) await new Promise((over) => setTimeout(over, 6000));
  return real(address, ...rest);
};
"""
"""Answers take longer than the view's own pause between two questions (4 s)."""


def test_what_is_paused_or_waits_can_be_read_to_its_end_and_stays_true(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    with rows_of(stack, "clara", *[PAUSED] * 4, *[WAITING] * 8) as ids:
        page: Page = new_context().new_page()
        page.clock.install()
        page.add_init_script(SMALL_PAGES)
        page.goto(f"{stack.proxy.url}/waiting")
        sign_in(page, "clara")
        paused, waiting = (page.locator(f".line[data-status={status}]") for status in ("paused", "pending"))
        expect(paused).to_have_count(3)
        expect(waiting).to_have_count(3)
        paused.last.get_by_role("button").last.focus()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="More: Paused")).to_be_focused()
        page.keyboard.press("Enter")
        expect(paused).to_have_count(4)
        further = page.get_by_role("button", name="More: Waiting")
        further.press("Enter")
        expect(waiting).to_have_count(6)
        expect(further).to_be_focused()
        page.keyboard.press("Enter")
        expect(waiting).to_have_count(8)
        expect(page.locator(".group-heading small")).to_have_text(["4", "8"])
        expect(page.get_by_role("button", name="More")).to_have_count(0)
        change(stack, ids[-1], **PAUSED)
        page.clock.fast_forward(20_000)
        expect(waiting).to_have_count(7)
        expect(paused).to_have_count(5)


def test_answers_that_come_slower_than_they_are_asked_for_are_shown(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    with rows_of(stack, "clara", PAUSED):
        page: Page = new_context().new_page()
        page.add_init_script(SLOW_LINE)
        page.goto(f"{stack.proxy.url}/waiting")
        sign_in(page, "clara")
        expect(page.locator(".line[data-status=paused]")).to_have_count(1, timeout=20_000)
