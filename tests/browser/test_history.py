"""The history of somebody who has downloaded all their life: read on without an end, filtered, and found again."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from downloads_app.services.accounts import users
from downloads_app.services.providers import catalog
from tests.browser.models import provided
from tests.browser.settings import go
from tests.browser.stack import Stack

SIZES = [2000, pytest.param(1_000_000, marks=pytest.mark.scale)]
PAGES_READ = {2000: 6, 1_000_000: 100}
SPAN_SECONDS = 300 * 86_400
"""All of it ended within so long a time, evenly."""
NEEDLE = "needle/in-a-haystack"
SLOWEST_MILLISECONDS = 5000
"""Of an answer, on a machine that has much else to do."""
BATCH = 10_000


@pytest.fixture(scope="module", params=SIZES)
def ended(request: pytest.FixtureRequest, stack: Stack, password_hash: str) -> Iterator[int]:
    """So many ended downloads of Mila's, at two providers; how many."""
    count: int = request.param
    with provided(stack, "elsewhere", "http", stack.files.url):
        with stack.app.app_context():
            mila = users.add_user(current_settings().downloads_dir, "mila", password_hash, False)
            add_rows(mila.id, count)
        yield count
        with stack.app.app_context():
            users.delete_user(users.find_user("mila"))


def add_rows(user_id: str, count: int) -> None:
    """Write them, as workers would have over the years."""
    hub, elsewhere = catalog.find_provider("hub"), catalog.find_provider("elsewhere")
    usual = [catalog.find_or_create_repository(hub, f"shelf-{number}/model-{number}").id for number in range(40)]
    few, needle = (catalog.find_or_create_repository(at, NEEDLE).id for at in (elsewhere, hub))
    at_hub, at_elsewhere, now = hub.id, elsewhere.id, utc_now()

    def row(number: int) -> dict[str, Any]:
        ended_at = now - timedelta(seconds=number * SPAN_SECONDS / count)
        is_few = number % 500 == 7
        repository = needle if number == count // 2 else few if is_few else usual[number % len(usual)]
        return {
            "id": str(uuid.uuid4()),
            "user_id": user_id,
            "provider_id": at_elsewhere if is_few else at_hub,
            "repository_id": repository,
            "revision": "main",
            "status": {0: "failed", 1: "cancelled"}.get(number % 100, "completed"),
            **dict.fromkeys(("created_at", "started_at", "updated_at", "completed_at"), ended_at),
        }

    for start in range(0, count, BATCH):
        db.session.execute(insert(Download), [row(number) for number in range(start, min(start + BATCH, count))])
        db.session.commit()


def test_it_is_read_on_and_on_and_the_page_holds_little_of_it(
    stack: Stack, ended: int, open_page: Callable[..., Page]
) -> None:
    page = open_page("mila", f"{stack.proxy.url}/history")
    lines, chunks = page.locator(".line"), page.locator(".chunk")
    expect(lines).to_have_count(50)
    for number in range(2, PAGES_READ[ended] + 1):
        with page.expect_response(lambda one: "cursor=" in one.url) as answer:
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(chunks).to_have_count(number)
        assert answer.value.request.timing["responseStart"] < SLOWEST_MILLISECONDS
    expect(lines.last).to_be_attached()
    assert lines.count() <= 200, "what is far away has no elements"
    page.get_by_role("searchbox").fill("haystack")
    expect(page).to_have_url(f"{stack.proxy.url}/history?search=haystack")
    expect(lines.first).to_contain_text(NEEDLE)
    page.get_by_label("Provider").select_option("hub")
    expect(lines).to_have_count(1)


def test_each_filter_stands_in_the_address_and_is_there_after_a_reload_and_back(
    stack: Stack, ended: int, open_page: Callable[..., Page]
) -> None:
    page = open_page("root", f"{stack.proxy.url}/history")
    lines = page.locator(".line")
    page.get_by_label("User").select_option("mila")
    expect(lines.first.locator(".line-provider")).to_have_text("hub · mila")
    page.get_by_label("Changed").select_option("in the last week")
    within_week = 7 * 86_400 * ended // SPAN_SECONDS + 1
    expect(lines).to_have_count(min(50, within_week))
    page.get_by_label("Status").select_option("failed")
    expect(page.locator(".line:not([data-status=failed])")).to_have_count(0)
    page.get_by_label("Changed").select_option("in the last year")
    page.get_by_label("Provider").select_option("elsewhere")
    expect(page.get_by_text("No ended download fits these filters.")).to_be_visible()  # those are never failed
    page.get_by_label("Status").select_option("completed")
    expect(lines).to_have_count(min(50, ended // 500))
    page.get_by_role("searchbox").fill("in-a-hay")
    page.wait_for_url("**/history?search=in-a-hay&**")
    asked = parse_qs(urlsplit(page.url).query)
    assert {name: len(values) for name, values in asked.items()} == dict.fromkeys(
        ("search", "status", "provider", "user", "within"), 1
    )
    page.reload()
    expect_filters(page)
    expect(lines).to_have_count(min(50, ended // 500))
    page.get_by_role("link", name="Active").click()
    expect(page.locator("#board")).to_be_visible()
    page.go_back()
    expect_filters(page)
    expect(lines).to_have_count(min(50, ended // 500))


def expect_filters(page: Page) -> None:
    expect(page.get_by_role("searchbox")).to_have_value("in-a-hay")
    for label, chosen in (
        ("Status", "completed"),
        ("Provider", "elsewhere"),
        ("User", "mila"),
        ("Changed", "in the last year"),
    ):
        expect(page.get_by_label(label).locator("option:checked")).to_have_text(chosen)


def test_each_view_has_an_address_that_survives_reload_and_back(
    stack: Stack, lasting_page: Callable[..., Page]
) -> None:
    page = lasting_page("root")
    views = {
        "add": "Add a download",
        "waiting": "Paused and waiting",
        "history?status=failed": "History",
        "account/keys": "API keys",
        "admin/queue": "Queue",
        "downloads/00000000-0000-4000-8000-000000000000": "There is no such download (any more).",
    }
    for path, seen in views.items():
        go(page, path)
        page.reload()
        expect(page.locator("#view").get_by_text(seen, exact=True).first).to_be_visible()
        expect(page).to_have_url(f"{stack.proxy.url}/{path}")
    for path, seen in reversed(list(views.items())[:-1]):
        page.go_back()
        expect(page.locator("#view").get_by_text(seen, exact=True).first).to_be_visible()
        expect(page).to_have_url(f"{stack.proxy.url}/{path}")
