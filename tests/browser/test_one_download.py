"""One download's own view, while it comes and when it is here."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, Route, expect

from downloads_app.extensions import db
from downloads_app.models import DownloadEvent, utc_now
from tests.browser.profiles import sign_in
from tests.browser.rows import rows_of
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack

FILES = {"config.json": 100, "model-00001-of-00002.safetensors": 6 * MEBIBYTE, "tokenizer.json": 2000}

NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
"""As over plain HTTP."""


def test_each_file_has_its_own_bar_and_the_speed_is_plotted_from_the_first_byte(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("one/model", FILES)
    download_id = stack.add_download("clara", "one/model")
    page = open_page("clara", f"{stack.proxy.url}/downloads/{download_id}")
    file = page.locator(".files-list li", has_text="model-00001")
    bar = file.get_by_role("progressbar", name="model-00001-of-00002.safetensors")
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d*$"))
    before = bar.get_attribute("aria-valuenow")
    expect(bar).not_to_have_attribute("aria-valuenow", before or "")
    expect(file.locator(".file-size")).to_contain_text("of 6.29 MB")
    expect(page.locator(".line .time-left, .line-facts")).to_contain_text("file")
    expect(page.locator(".speed-history .plot-line")).to_have_attribute("d", re.compile("^M.*L"))
    stack.files.bytes_per_second = None
    expect(page.locator(".line-status")).to_have_text("Completed")
    expect(file.get_by_role("link", name="model-00001-of-00002.safetensors")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("at most .* on average"))).to_be_visible()
    expect(page.locator(".command code")).to_have_text(
        [
            'vllm serve "$DOWNLOADS_DIR"/clara/hub/one/model/main',
            'AutoModel.from_pretrained(os.environ["DOWNLOADS_DIR"] + "/clara/hub/one/model/main")',
        ]
    )
    admin = open_page("root", f"{stack.proxy.url}/downloads/{download_id}")
    expect(admin.locator(".command code").first).to_have_text(re.compile(r"^vllm serve /.*/clara/hub/one/model/main$"))


def test_bytes_that_are_removed_after_a_cancel_are_shown_no_longer(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    row = {"path": "model.bin", "size_bytes": 1000, "sha256": None, "completed_at": None}
    left = [300, 200, 200, 0]  # the worker removes them a while after the row says "cancelled"

    def answer(route: Route) -> None:
        route.fulfill(json=[{**row, "current_bytes": left.pop(0) if len(left) > 1 else left[0]}])

    with rows_of(stack, "clara", {"status": "cancelled"}) as ids:
        page = open_page("clara", f"{stack.proxy.url}/waiting")
        page.route("**/files?*", answer)
        page.goto(f"{stack.proxy.url}/downloads/{ids[0]}")
        size = page.locator(".files-list .file-size")
        expect(size).to_contain_text("of 1.00 kB")
        expect(size).to_contain_text("to come")
        expect(page.get_by_role("progressbar", name="model.bin")).to_have_count(0)


def test_a_note_about_another_download_leads_to_it(stack: Stack, open_page: Callable[..., Page]) -> None:
    both = [{"status": status, "revision": "main"} for status in ("cancelled", "pending")]
    with rows_of(stack, "clara", *both) as ids:
        page = open_page("clara", f"{stack.proxy.url}/downloads/{ids[0]}")
        page.get_by_role("button", name="Try again").click()
        page.locator(".toast").get_by_role("link", name=f"Download {ids[1][:8]}").click()
        expect(page).to_have_url(f"{stack.proxy.url}/downloads/{ids[1]}")


def test_the_path_is_copied_also_where_the_page_has_no_clipboard(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    with rows_of(stack, "clara", {"status": "paused"}) as ids:
        page = new_context().new_page()
        page.add_init_script(NO_CLIPBOARD)
        page.goto(f"{stack.proxy.url}/downloads/{ids[0]}")
        sign_in(page, "clara")
        copy = page.get_by_role("button", name="Copy the path")
        copy.press("Enter")
        expect(copy).to_have_text("Copied")
        assert page.evaluate("getSelection().toString()") == page.locator(".with-copy span").inner_text()


def test_all_that_is_kept_of_its_story_can_be_read(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", {"status": "paused"}) as ids:
        event = {"download_id": ids[0], "at": utc_now(), "kind": "waiting", "attempt": 0, "current_bytes": 0}
        with stack.app.app_context():
            db.session.add_all(DownloadEvent(**event) for _ in range(130))
            db.session.commit()
        page = open_page("clara", f"{stack.proxy.url}/downloads/{ids[0]}")
        told = page.locator(".story li")
        expect(told).to_have_count(100)
        page.get_by_role("button", name="More").press("Enter")
        expect(told).to_have_count(130)
        expect(page.get_by_role("button", name="More")).to_have_count(0)
