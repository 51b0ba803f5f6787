"""Downloads that failed stay on the board until they are dismissed, all of them, in every tab."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from downloads_app.models import utc_now
from tests.browser.profiles import sign_in
from tests.browser.rows import DAMAGED, FAILED, change, ended_now, rows_of
from tests.browser.stack import Stack

AT_A_PRIVATE_ADDRESS = (
    "is at the private address 10.0.0.7: an admin may allow that (providers change NAME --allow-private-network)"
)


def test_a_failure_stays_until_it_is_dismissed_in_all_tabs(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    with rows_of(stack, "clara", ended_now(**FAILED), ended_now(**DAMAGED), ended_now(**FAILED)) as ids:
        context = new_context()
        first, second = context.new_page(), context.new_page()
        first.goto(stack.proxy.url)
        sign_in(first, "clara")
        second.goto(stack.proxy.url)
        for page in (first, second):
            expect(page.locator("#failed .row")).to_have_count(3)
        row = first.locator(f"[data-id='{ids[0]}']")
        expect(row.locator(".outcome")).to_have_text("Failed: org/x is not found (404)")
        expect(row.locator(".advice")).to_contain_text("Look at its name")
        sums = first.locator(f"[data-id='{ids[1]}'] .advice")
        expect(sums).to_contain_text("something else than it announces")
        colour = row.locator(".fill").evaluate("fill => getComputedStyle(fill).backgroundColor")
        assert colour == "rgb(179, 38, 30)"
        first.bring_to_front()
        row.get_by_role("button", name="Dismiss").click()
        for page in (first, second):
            page.bring_to_front()
            expect(page.locator("#failed .row")).to_have_count(2)
        first.bring_to_front()
        first.reload()
        expect(first.locator("#failed .row")).to_have_count(2)
        first.get_by_role("button", name="Dismiss all").click()
        for page in (first, second):
            page.bring_to_front()
            expect(page.locator("#failed")).to_have_count(0)
        first.bring_to_front()
        change(stack, ids[0], completed_at=utc_now() + timedelta(seconds=5))  # it has failed once more
        first.reload()
        expect(first.locator("#failed .row")).to_have_count(1)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        (
            "Repository 'bog/one' is not in the list of addresses",
            "before an admin puts the provider's list of addresses",
        ),
        (
            "Line 3 of the list of addresses: it is not an address",
            "before an admin puts the provider's list of addresses",
        ),
        (
            f"nas {AT_A_PRIVATE_ADDRESS}",
            "before an admin lets the provider go there",
        ),
        (
            "http://a.example/x is not encrypted, and the provider's own address is https",
            "before an admin lets the provider go there",
        ),
        ("a.example: the server's certificate is not trusted, or is another host's", "has the provider trust it"),
        ("There is nothing to download in org/x: no file matches", "another choice of files"),
        ("'space/one' is no repository here: owner/name is expected", "Look at its name"),
        ("Refused the file name '../x' of the listing: it leaves its folder", "lists its files in another way"),
        ("a.example: the host's name is not known", "Try again later"),
        ("a.example: the connection was reset", "Nothing of it is here yet. Try again"),
    ],
)
def test_advice_fits_the_kind_of_failure(page: Page, reason: str, advice: str) -> None:
    assert advice in advise(page, reason, 0)
    assert "where it stopped" not in advise(page, reason, 0)


def test_what_has_begun_goes_on(page: Page) -> None:
    assert advise(page, "a.example: the connection was reset", 300) == "Try again: it goes on where it stopped."
    unknown = "a.example: the host's name is not known"
    assert advise(page, unknown, 300) == "The provider could not be reached. Try again later. What is here is kept."
    assert advise(page, unknown, 0) == "The provider could not be reached. Try again later."


@pytest.fixture(scope="module")
def page(lasting_page: Callable[..., Page]) -> Page:
    """A page whose modules are asked."""
    return lasting_page("bruno")


def advise(page: Page, reason: str, current_bytes: int) -> str:
    """Return what the page says to do about a failure."""
    module = page.locator("link[rel=modulepreload][href*='board/describe.js']").get_attribute("href")
    download = {"status": "failed", "error_message": reason, "progress_data": {"current_bytes": current_bytes}}
    ask = "async ([module, download]) => (await import(module)).adviceFor(download)"
    return str(page.evaluate(ask, [module, download]))


def test_all_that_failed_is_kept_and_counted(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", *[ended_now(**FAILED)] * 103):  # more than a page of REST
        page = open_page("clara")
        more = page.get_by_role("button", name="and 99 more have failed")
        more.click()
        expect(more).to_have_count(0)
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(page.locator("#failed .row").last).to_contain_text("Show fewer")


LONG = f"model.safetensors: its SHA-256 is {'2daeb1f3' * 8}, {'66aea98d' * 8} is expected"
PRIVATE = f"{'host-' * 12}example {AT_A_PRIVATE_ADDRESS}"
GATED = "Repository 'org/x' is not found, or it is private"


def test_reason_and_advice_are_whole_on_a_screen_and_said_once_in_the_history(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    rows = [ended_now(status="failed", error_message=reason) for reason in (LONG, PRIVATE, GATED)]
    with rows_of(stack, "clara", *rows) as ids:
        page = open_page("clara", viewport={"width": 1280, "height": 900})
        for text in ("outcome", "advice"):
            shown = page.locator(f"#failed .{text}")
            expect(shown).to_have_count(3)
            assert shown.evaluate_all("all => all.filter(one => one.scrollHeight > one.clientHeight + 1).length") == 0
        told = page.locator(f"[data-id='{ids[0]}'] .outcome")
        expect(told).to_have_text("Failed: model.safetensors: its SHA-256 is 2daeb1f32dae…, 66aea98d66ae… is expected")
        expect(told).to_have_attribute("title", LONG)
        rows_fit = "all => all.every(row => row.scrollHeight <= row.clientHeight + 1)"
        assert page.locator("#failed .row").evaluate_all(rows_fit)
        page.goto(f"{stack.proxy.url}/history")
        line = page.locator(f"[data-id='{ids[2]}']")
        expect(line.locator(".line-status")).to_have_text("Failed")
        expect(line.locator(".line-reason")).to_have_text(GATED)
        expect(page.locator(f"[data-id='{ids[0]}'] .line-reason")).to_have_text(LONG)
