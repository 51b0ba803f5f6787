"""The browser's own notes: asked for on a click alone, shown to those who look elsewhere."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from downloads_app.models import utc_now
from tests.browser.profiles import sign_in
from tests.browser.rows import HELD, change, rows_of
from tests.browser.stack import Stack

RECORD = """
globalThis.asked = 0;
globalThis.notes = [];
let permission = "default";
globalThis.Notification = class {
  static get permission() { return permission; }
  static async requestPermission() { asked += 1; permission = "granted"; return permission; }
  constructor(title, options) {
    notes.push([title, options.body]);
    document.documentElement.dataset.notes = notes.length;
  }
};
"""
"""A browser without a screen shows no notes: what would be shown is noted down."""


def test_nothing_is_asked_on_load_and_the_end_is_told_where_it_was_allowed(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context()
    context.add_init_script(RECORD)
    page = context.new_page()
    page.goto(stack.proxy.url)
    sign_in(page, "clara")
    with rows_of(stack, "clara", HELD, HELD, HELD) as ids:
        expect(page.locator(".card")).to_have_count(3)
        assert page.evaluate("asked") == 0
        button = page.get_by_role("button", name="Tell me when one ends")
        change(stack, ids[0], status="completed", worker_id=None, started_at=utc_now(), completed_at=utc_now())
        expect(page.locator("#ended .row")).to_have_count(1)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        assert page.evaluate("[asked, notes.length]") == [1, 0]
        page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })")
        change(stack, ids[1], status="completed", worker_id=None, current_bytes=1_000_000, completed_at=utc_now())
        expect(page.locator("html")).to_have_attribute("data-notes", "1")
        assert page.evaluate("notes[0]") == ["made/model", "Completed · 1.00\u00a0MB"]
        page.evaluate("delete document.hidden")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
