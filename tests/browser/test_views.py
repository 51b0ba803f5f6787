"""The views beside the live board: what waits and why, the history and its filters."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, USERS, Stack
from tests.browser.test_waiting import SMALL_PAGES
from tests.support.hub import Hub


def test_what_is_paused_or_waits_stays_in_sight_after_a_reload(stack: Stack, open_page: Callable[..., Page]) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    for name in ("views/paused", "views/waits"):
        stack.put_repository(name, {"model.bin": 20 * MEBIBYTE})
    paused, waits = (stack.add_download("bruno", name) for name in ("views/paused", "views/waits"))
    page = open_page("bruno", f"{stack.proxy.url}/waiting")
    page.get_by_role("link", name="Active").click()
    page.get_by_role("button", name="Pause views/paused").click()
    page.get_by_role("button", name="Pause views/waits").click()
    page.get_by_role("link", name="Paused and waiting").click()
    lines = page.locator(".line")
    expect(lines).to_have_count(2)
    page.reload()
    expect(lines).to_have_count(2)
    expect(page).to_have_url(f"{stack.proxy.url}/waiting")
    with stack.app.app_context():
        row = db.session.get_one(Download, waits)
        row.status, row.wait_reason = "pending", "the server is down <b>for</b> now"
        row.not_before_at = utc_now() + timedelta(minutes=5)
        db.session.commit()
    reason = page.locator(f"[data-id='{waits}'] .line-reason")
    expect(reason).to_contain_text("next try in")
    expect(reason).to_contain_text(" · the server is down <b>for</b> now")
    line = page.locator(f"[data-id='{paused}']")
    line.get_by_role("button", name="Cancel views/paused").click()
    page.get_by_role("button", name="Do nothing").click()
    expect(line.locator(".line-status")).to_have_text("Paused")
    line.get_by_role("button", name="Cancel views/paused").click()
    page.get_by_role("button", name="Cancel the download").click()
    expect(line).to_have_count(0)
    stack.cancel(waits)


def test_history_is_filtered_read_on_and_cleared_with_or_without_files(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    stack.files.bytes_per_second = None
    for name in ("views/done", "views/kept"):
        stack.put_repository(name, {"model.bin": 1000})
    kept, done = (stack.add_download("bruno", name) for name in ("views/kept", "views/done"))
    for download_id in (kept, done):
        stack.wait_for_end(download_id)
    with stack.app.app_context():
        row = db.session.get_one(Download, kept)
        copied = {name: getattr(row, name) for name in ("user_id", "provider_id", "repository_id", "revision")}
        db.session.add_all(Download(**copied, status="cancelled", completed_at=row.completed_at) for _ in range(70))
        db.session.commit()
    page = open_page("bruno", f"{stack.proxy.url}/history?status=cancelled")
    lines = page.locator(".line[data-status='cancelled']")
    expect(lines.nth(49)).to_be_attached()
    lines.nth(49).scroll_into_view_if_needed()
    expect(lines.nth(69)).to_be_attached()
    first = page.locator(".chunk").first.locator(".line")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(first).to_have_count(0)  # what is far away has no elements
    expect(page.locator(".line").last).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    expect(first).to_have_count(50)
    page.get_by_label("Status").select_option("completed")
    expect(page).to_have_url(f"{stack.proxy.url}/history?status=completed")
    expect(page.locator(".line[data-status='cancelled']")).to_have_count(0)
    page.locator(f"[data-id='{done}']").get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove the files too").click()
    expect(page.locator(f"[data-id='{done}']")).to_have_count(0)
    page.locator(f"[data-id='{kept}']").get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()  # others have the same folder
    expect(page.locator(f"[data-id='{kept}']")).to_have_count(0)
    files = (Path(stack.app.instance_path) / "downloads" / "bruno" / "hub" / "views").rglob("model.bin")
    names = {path.parent.parent.name for path in files}
    assert "kept" in names
    assert "done" not in names


def test_an_admin_may_choose_each_user_and_each_provider(stack: Stack, open_page: Callable[..., Page]) -> None:
    page = open_page("root")
    page.add_init_script(SMALL_PAGES)
    page.goto(f"{stack.proxy.url}/history")
    for name in [*USERS, "hub"]:
        expect(page.locator(".filters option", has_text=re.compile(f"^{name}$"))).to_have_count(1)


def test_an_address_of_a_file_that_is_not_there_does_not_begin(
    stack: Stack, open_page: Callable[..., Page], hub: Hub
) -> None:
    page = open_page("bruno", f"{stack.proxy.url}/add")
    page.get_by_label("Repository, or the address").fill(f"{hub.url}/lumen/other/blob/main/nothing-Q4.gguf")
    page.keyboard.press("Enter")
    told = "No file matches: nothing-Q4.gguf is not among its files. Choose others."
    expect(page.locator(".plan .notice")).to_have_text(told)
    begin = page.get_by_role("button", name="Download", exact=True)
    expect(begin).to_be_disabled()
    page.get_by_role("radio", name="Everything").check()
    expect(begin).to_be_enabled()


@pytest.mark.parametrize("width", [320, 360, 390, 480])
def test_the_views_of_an_admin_stand_in_one_row_on_a_phone(
    stack: Stack, open_page: Callable[..., Page], width: int
) -> None:
    page = open_page("root", viewport={"width": width, "height": 800})
    links = page.locator("#views a")
    expect(links).to_have_count(5)
    middles, right = zip(*links.evaluate_all(PLACES), strict=True)
    assert max(middles[:4]) - min(middles[:4]) < 2
    heading = page.locator("h1").evaluate(MIDDLE)
    assert abs(middles[4] - heading) < 10, "Add is beside the name of the page"
    assert max(right) <= width


MIDDLE = "one => { const { top, bottom } = one.getBoundingClientRect(); return (top + bottom) / 2; }"
PLACES = f"all => all.map(one => [({MIDDLE})(one), one.getBoundingClientRect().right])"
