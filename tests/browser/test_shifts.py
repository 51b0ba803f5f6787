"""Rows come and go, and nothing jumps: what is paused or waits, the history, one download from its queue to its end."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from downloads_app.services.downloads import lifecycle
from tests.browser.rows import WAITING, change, rows_of
from tests.browser.settings import MOST_SHIFT, WATCH_SHIFTS, go
from tests.browser.stack import MEBIBYTE, Stack

PAUSED = {"status": "paused"}
RUNS = {"status": "downloading", "worker_id": "a test"}
# The view reads its rows anew, as it does by itself some seconds later, and whenever something is done to a row.
LOOK = "() => dispatchEvent(new CustomEvent('downloads-changed', { detail: { rows: [], gone: [] } }))"
DONE = {"status": "completed", "total_bytes": 1000, "current_bytes": 1000, "completed_at": utc_now()}


@pytest.fixture(scope="module")
def page(lasting_page: Callable[..., Page]) -> Page:
    """Clara's page."""
    return lasting_page("clara")


def expect_no_shift(page: Page) -> None:
    page.wait_for_timeout(400)  # what has been moved last has been drawn and told
    assert page.evaluate("window.shifted") <= MOST_SHIFT


def test_what_is_paused_or_waits(stack: Stack, page: Page) -> None:
    paused, waiting = (page.locator(f".line[data-status={status}]") for status in ("paused", "pending"))
    with rows_of(stack, "clara", PAUSED, WAITING, WAITING, WAITING) as ids:
        go(page, "waiting")
        expect(waiting).to_have_count(3)
        page.evaluate(WATCH_SHIFTS)
        with rows_of(stack, "clara", WAITING, PAUSED):
            expect(waiting).to_have_count(4)
            expect(paused).to_have_count(2)
            for changed, columns in ((1, RUNS), (2, PAUSED), (0, WAITING)):
                change(stack, ids[changed], **columns)
                page.evaluate(LOOK)
                expect(page.locator(f"[data-id='{ids[changed]}']")).to_have_count(int(columns != RUNS))
        page.evaluate(LOOK)
        expect(waiting).to_have_count(2)
        expect_no_shift(page)


def test_the_history(stack: Stack, page: Page) -> None:
    lines = page.locator(".line")
    with rows_of(stack, "clara", *[DONE] * 60, name="shifts/history"):
        go(page, "history?search=shifts/history")
        expect(lines).to_have_count(50)
        page.evaluate(WATCH_SHIFTS)
        lines.first.get_by_role("button", name="Remove").press("Enter")
        page.wait_for_timeout(600)  # what moves now is not moved by the key that was pressed
        page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
        expect(lines).to_have_count(49)
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(lines).to_have_count(59)
        page.evaluate("scrollTo(0, 0)")
        expect(lines.first).to_be_in_viewport()
        expect_no_shift(page)


def test_one_download(stack: Stack, page: Page) -> None:
    stack.files.bytes_per_second = MEBIBYTE / 4
    sizes = {f"shard-{number}.bin": MEBIBYTE // 2 for number in range(6)}
    stack.put_repository("shifts/model", {"config.json": 100, **sizes, "model.safetensors": 2 * MEBIBYTE})
    row = {**PAUSED, "revision": "main", "not_before_at": None}
    with rows_of(stack, "clara", row, name="shifts/model") as (download_id,):
        go(page, f"downloads/{download_id}")
        expect(page.locator(".line[data-status=paused]")).to_be_visible()
        page.evaluate(WATCH_SHIFTS)
        with stack.app.app_context():
            lifecycle.resume(current_settings(), db.session.get_one(Download, download_id))
        expect(page.locator(".line[data-status=completed]")).to_be_visible()
        expect(page.locator(".files-list li[data-done=true]")).to_have_count(8)
        expect(page.locator(".command")).to_have_count(2)
        expect_no_shift(page)


def test_rows_stay_with_the_section_that_still_glides(page: Page) -> None:
    """A second change comes while the section is on its way, and a third when it is there."""
    go(page, "")
    glided = page.evaluate(
        """async () => {
          const { glide } = await import('./static/views/glide.js');
          const make = (name, ...inner) => {
            const made = document.createElement(name);
            made.append(...inner);
            return made;
          };
          const row = make('li', 'row'), story = make('ol', row);
          const section = make('section', story), place = make('div', section);
          story.className = 'story';
          document.body.append(place);
          const stop = glide(place);
          const seen = [];
          const grow = async (milliseconds) => {
            place.prepend(make('p', 'more'));
            await new Promise((done) => setTimeout(done, 40));
            seen.push([section.getAnimations().length > 0, row.getAnimations().length]);
            await new Promise((done) => setTimeout(done, milliseconds));
          };
          await grow(0); await grow(500); await grow(0);
          stop();
          place.remove();
          return seen;
        }"""
    )
    assert glided == [[True, 0], [True, 0], [True, 0]]


def test_what_is_on_its_way_goes_on_from_where_it_is_seen(page: Page) -> None:
    go(page, "")
    seen = page.evaluate(
        """async () => {
          const { glide } = await import('./static/views/glide.js');
          const section = document.createElement('section'), place = document.createElement('div');
          place.append(section);
          document.body.append(place);
          const stop = glide(place);
          const jumps = [];
          for (let turn = 0; turn < 3; turn += 1) {
            const before = section.getBoundingClientRect().top;
            const more = document.createElement('div');
            more.style.height = '200px';
            place.prepend(more);
            await Promise.resolve(); // what watches changes has its turn
            jumps.push(section.getBoundingClientRect().top - before);
            section.getAnimations().at(-1).currentTime = 30; // it is under way
          }
          stop();
          place.remove();
          return jumps;
        }"""
    )
    assert [round(jump) for jump in seen] == [0, 0, 0]


def test_the_links_to_the_views_stay_where_they_are(page: Page) -> None:
    places = "() => [...document.querySelectorAll('#views a')].map((link) => link.getBoundingClientRect().x)"
    seen = set()
    for view in ("active", "waiting", "history"):
        go(page, view)
        expect(page.locator("#views a[aria-current=page]")).to_have_count(1)
        seen.add(tuple(page.evaluate(places)))
    assert len(seen) == 1
