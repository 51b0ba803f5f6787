"""What failed stands below what is active: it is told at the top, a key away, and keeps the keyboard's focus."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.pictures import PHONE
from tests.browser.rows import DAMAGED, FAILED, HELD, WAITING, change, ended_now, rows_of
from tests.browser.stack import Stack

THREE = [ended_now(**FAILED), ended_now(**DAMAGED), ended_now(**FAILED)]
FAR_DOWN = 30


def test_what_is_active_stands_first_on_a_phone_and_leads_to_what_failed(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    with rows_of(stack, "clara", *THREE, HELD, WAITING) as ids:
        page = open_page("clara", viewport=PHONE)
        expect(page.locator(f"[data-id='{ids[3]}']")).to_be_in_viewport(ratio=1)
        told = page.get_by_role("button", name="3 failed, see below")
        expect(told).to_be_in_viewport(ratio=1)
        told.press("Enter")
        expect(page.locator("#failed h2")).to_be_focused()
        expect(page.locator("#failed .row").first).to_be_in_viewport(ratio=1)
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Dismiss all")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#failed")).to_have_count(0)
        expect(told).to_have_count(0)


def test_what_failed_is_found_where_it_is_too_far_down_to_be_drawn(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    with rows_of(stack, "clara", *[HELD] * FAR_DOWN, THREE[0]):
        page = open_page("clara", viewport=PHONE)
        told = page.get_by_role("button", name="1 failed, see below")
        expect(told).to_be_visible()
        expect(page.locator("#failed")).to_have_count(0)
        told.click()
        expect(page.locator("#failed .row")).to_be_in_viewport()
        expect(page.locator("#failed h2")).to_be_focused()


def test_a_row_that_fails_keeps_the_focus(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD, *[HELD] * FAR_DOWN) as ids:
        page = open_page("clara", viewport=PHONE)
        row = page.locator(f"[data-id='{ids[0]}']")
        row.get_by_role("button", name="Cancel").focus()
        change(stack, ids[0], **ended_now(**FAILED, worker_id=None))
        expect(page.locator(f"#failed [data-id='{ids[0]}']")).to_be_attached()
        expect(row.get_by_role("button", name="Try again")).to_be_focused()
        expect(page.locator("#announcer")).to_contain_text("Failed: org/x is not found (404)")


def test_what_failed_stands_first_where_nothing_is_active(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", *THREE, {"status": "paused"}):
        page = open_page("clara", viewport=PHONE)
        expect(page.locator("#rows .group")).to_have_count(2)
        expect(page.locator("#rows .group").first).to_have_id("failed")
        expect(page.locator("#failed .row").first).to_be_in_viewport(ratio=1)
