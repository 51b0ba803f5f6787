"""The views beside the live board: adding, what waits and why, history, one download."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from downloads_app.services.providers import catalog
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, USERS, Stack
from tests.browser.test_access import expect_no_violations
from tests.browser.test_waiting import SMALL_PAGES
from tests.support.hub import Hub

SIZES = {"model-Q4_K_M.gguf": 300, "model-Q8_0.gguf": 600, "mmproj-F16.gguf": 50, "README.md": 10, "config.json": 2}


@pytest.fixture(scope="module")
def hub(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that can be searched, as a second provider."""
    folder = tmp_path_factory.mktemp("models")
    for path, kilobytes in SIZES.items():
        content = (b"GGUF" if path.endswith(".gguf") else b"") + path.encode() * 1000
        (folder / path).write_bytes(content[:1000] * kilobytes)
    with Hub() as running:
        running.add("nimbus/nimbus-7b-GGUF", folder)
        running.add("lumen/other", folder)
        with stack.app.app_context():
            catalog.add_provider(current_settings(), "models", "huggingface", running.url, allow_private_network=True)
            db.session.remove()
        yield running
        with stack.app.app_context():
            for download in db.session.query(Download).where(Download.provider.has(name="models")):
                db.session.delete(download)
            db.session.commit()
            catalog.remove_provider(catalog.find_provider("models"))


def test_a_model_is_found_by_a_part_of_its_name_and_added_with_the_keyboard(
    stack: Stack, hub: Hub, open_page: Callable[..., Page]
) -> None:
    stack.files.bytes_per_second = None
    page = open_page("alice")
    page.get_by_role("link", name="Add", exact=True).press("Enter")
    page.get_by_label("Provider").select_option("models")
    page.get_by_label("Repository, or the address").press_sequentially("nimbus")
    found = page.get_by_role("button", name="nimbus/nimbus-7b-GGUF")
    expect(found).to_contain_text("apache-2.0")
    expect_no_violations(page)
    found.press("Enter")
    choice = page.get_by_role("radio", name="Q4_K_M")
    expect(choice).to_be_checked()
    expect(page.locator(".choice", has_text="Q4_K_M")).to_contain_text("350 kB · 2 files")
    expect(page.locator(".plan-sum")).to_contain_text("2 files to fetch, 350 kB")
    page.locator(".tree summary").press("Enter")
    expect(page.get_by_role("checkbox", name="model-Q8_0.gguf")).not_to_be_checked()
    expect_no_violations(page)
    page.get_by_role("button", name="Download", exact=True).press("Enter")
    expect(page).to_have_url(f"{stack.proxy.url}/")
    expect(page.locator("#ended .row .repository")).to_have_text("nimbus/nimbus-7b-GGUF")
    page.get_by_role("link", name="History").press("Enter")
    page.get_by_role("link", name="nimbus/nimbus-7b-GGUF").press("Enter")
    expect(page.locator(".files-list li")).to_have_count(2)
    expect(page.locator(".command code")).to_contain_text("llama-server -m ")
    expect(page.locator(".command code")).to_contain_text("--mmproj ")
    expect(page.locator(".story li").first).to_contain_text("Completed")
    expect(page.locator(".story li").last).to_contain_text("Added")
    expect_no_violations(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="model-Q4_K_M.gguf").click()
    assert Path(saved.value.path()).read_bytes()[:4] == b"GGUF"


def test_what_is_added_is_on_the_board_at_once(stack: Stack, open_page: Callable[..., Page]) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("views/at-once", {"model.bin": 20 * MEBIBYTE})
    page = open_page("clara", f"{stack.proxy.url}/add")
    page.route("**/subscribe", lambda route: None)  # no event helps
    page.get_by_label("Repository, or the address").fill("hub:views/at-once")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Download", exact=True).click()
    row = page.locator("#rows .row", has_text="views/at-once")
    expect(row).to_have_count(1)
    stack.cancel(row.get_attribute("data-id") or "")


def test_a_repository_that_is_not_there_says_so(stack: Stack, hub: Hub, open_page: Callable[..., Page]) -> None:
    page = open_page("alice", f"{stack.proxy.url}/add")
    page.get_by_label("Repository, or the address").fill(f"{hub.url}/nobody/nothing/tree/main")
    page.get_by_role("button", name="Show the plan", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("nobody/nothing")
    expect(page.get_by_role("alert")).to_contain_text("Look at its name and revision")


def test_a_plan_is_made_of_the_revision_that_is_typed(stack: Stack, hub: Hub, open_page: Callable[..., Page]) -> None:
    page = open_page("alice", f"{stack.proxy.url}/add")
    page.get_by_label("Provider").select_option("hub")
    expect(page.get_by_label("Revision")).to_have_count(0)  # a web server has none
    page.get_by_label("Provider").select_option("models")
    page.get_by_label("Repository, or the address").fill("nimbus/nimbus-7b-GGUF")
    page.get_by_label("Revision").fill("v2")
    with page.expect_request("**/api/downloads/plan") as asked:
        page.keyboard.press("Enter")
    assert asked.value.post_data_json["revision"] == "v2"


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
    expect_no_violations(page)
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
    expect_no_violations(page)
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
    page.get_by_role("button", name="Keep the files").click()
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


def test_a_name_before_a_colon_that_is_no_providers_is_told(open_page: Callable[..., Page], stack: Stack) -> None:
    page = open_page("alice", f"{stack.proxy.url}/add")
    page.get_by_label("Repository, or the address").fill("llama3.2:1b")
    expect(page.locator("#view").get_by_role("status")).to_contain_text("There is no provider “llama3.2”.")
    page.get_by_label("Repository, or the address").fill("hub:llama3.2")
    expect(page.locator("#view").get_by_role("status")).to_have_count(0)
