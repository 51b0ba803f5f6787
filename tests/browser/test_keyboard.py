"""Each view by keyboard alone, and axe-core's word on each of its states."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from downloads_app.models import utc_now
from tests.browser.axe import expect_no_violations
from tests.browser.keyboard import name_of_focus, tab_to
from tests.browser.rows import HELD, WAITING, rows_of
from tests.browser.stack import Stack

DONE = {"status": "completed", "total_bytes": 1000, "current_bytes": 1000, "completed_at": utc_now()}
FAILED = {"status": "failed", "error_message": "the sums differ: sha256 …", "completed_at": utc_now()}


def test_the_board(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD, HELD, WAITING, FAILED):
        page = open_page("clara")
        expect(page.get_by_role("checkbox", name="Choose made/model")).to_have_count(4)  # their names have come
        tab_to(page, "Choose made/model")
        page.keyboard.press("Space")
        tab_to(page, "Choose made/model")
        page.keyboard.press("Space")
        expect(page.get_by_role("toolbar")).to_contain_text("2 chosen")
        page.keyboard.press("Escape")
        expect(page.get_by_role("toolbar")).to_have_count(0)
        tab_to(page, "Cancel made/model")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert name_of_focus(page) == "Cancel made/model", "the focus is where it was"
        page.keyboard.press("Enter")
        tab_to(page, "Cancel the download")
        page.keyboard.press("Enter")
        expect(page.locator(".toast")).to_contain_text("made/model: Cancelled.")
        expect_no_violations(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_of_what_is_pointed_at_can_be_told_apart(
    stack: Stack, open_page: Callable[..., Page], scheme: str
) -> None:
    with rows_of(stack, "clara", HELD, FAILED):
        page = open_page("clara", color_scheme=scheme, reduced_motion="reduce")
        button = page.get_by_role("button", name="Pause made/model")
        button.hover()
        ratio = button.evaluate(CONTRAST)
        assert ratio >= 3, "WCAG 2.2, 1.4.11"


CONTRAST = """button => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const style = getComputedStyle(button);
  const [ink, ground] = [light(parse(style.color)), light(parse(style.backgroundColor))];
  return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
}"""


def test_what_waits(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", WAITING, WAITING):
        page = open_page("clara", f"{stack.proxy.url}/waiting")
        expect(page.locator(".line")).to_have_count(2)
        tab_to(page, "Choose made/model")
        page.keyboard.press("Space")
        tab_to(page, "Priority")
        page.keyboard.type("1")  # the field's text is chosen
        page.keyboard.press("Enter")
        expect(page.locator(".toast")).to_contain_text("Priority changed")
        tab_to(page, "Pause made/model")
        page.keyboard.press("Enter")
        expect(page.locator(".line[data-status='paused']")).to_have_count(1)


def test_the_history(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", DONE, {**DONE, "repository": "other/thing"}, FAILED) as ids:
        page = open_page("clara", f"{stack.proxy.url}/history")
        lines = page.locator(".line")
        expect(page.locator(f"[data-id='{ids[1]}']")).to_be_visible()
        tab_to(page, "Name")
        page.keyboard.type("other/th")
        expect(lines).to_have_count(1)
        expect(page).to_have_url(f"{stack.proxy.url}/history?search=other%2Fth")
        page.reload()
        expect(lines).to_have_count(1)
        tab_to(page, "Name")
        page.keyboard.press("End")
        page.keyboard.type("xyz")
        expect(page.get_by_text("No ended download fits these filters.")).to_be_visible()
        for _ in "xyz":
            page.keyboard.press("Backspace")
        expect(lines).to_have_count(1)
        tab_to(page, "Choose other/thing")
        page.keyboard.press("Space")
        tab_to(page, "Remove")
        tab_to(page, "Remove")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("This cannot be undone.")
        expect(dialog).to_contain_text("There are no files to remove.")
        tab_to(page, "Remove")
        page.keyboard.press("Enter")
        expect(lines).to_have_count(0)


def test_one_download(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", WAITING) as ids:
        page = open_page("clara", f"{stack.proxy.url}/downloads/{ids[0]}")
        expect(page.locator(".download-name")).to_have_text("made/model")
        tab_to(page, "Pause made/model")
        page.keyboard.press("Enter")
        expect(page.locator(".line")).to_have_attribute("data-status", "paused")
        expect(page.locator(".story li").first).to_contain_text("Paused")


def test_an_action_leaves_the_focus_at_its_row(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", WAITING) as ids:
        page = open_page("clara", f"{stack.proxy.url}/downloads/{ids[0]}")
        page.get_by_role("button", name="Pause made/model").press("Enter")
        resume = page.get_by_role("button", name="Resume made/model")
        expect(resume).to_be_focused()
        cancel = page.get_by_role("button", name="Cancel made/model")
        cancel.press("Enter")
        page.keyboard.press("Escape")
        expect(cancel).to_be_focused()
    with rows_of(stack, "clara", WAITING):
        page.goto(f"{stack.proxy.url}/waiting")
        page.get_by_role("button", name="Pause made/model").press("Enter")
        expect(resume).to_be_focused()  # among those that are paused


def test_a_row_that_goes_leaves_the_focus_to_one_beside_it(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", *[FAILED] * 3):
        page = open_page("clara")
        rows = page.locator("#failed .row")
        expect(rows).to_have_count(3)
        first, second, third = (str(row.get_attribute("data-id")) for row in rows.all())
        for gone in (first, third):
            page.locator(f"[data-id='{gone}']").get_by_role("button", name="Dismiss").press("Enter")
            expect(page.locator(f"[data-id='{second}'] a")).to_be_focused()
        page.goto(f"{stack.proxy.url}/history")
        lines = page.locator(".line")
        lines.first.get_by_role("button", name="Remove").press("Enter")
        page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
        expect(lines).to_have_count(2)
        expect(lines.first.get_by_role("link")).to_be_focused()
