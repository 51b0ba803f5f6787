"""Which provider a download is added from: the one chosen at first; what is said where none fits or answers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rows import WAITING, rows_of
from tests.browser.settings import go
from tests.browser.stack import Stack
from tests.support.hub import Hub

WHAT = "Repository, or the address"
NOBODY_SERVES = "https://elsewhere.example/model.bin"


@pytest.fixture
def page(hub: Hub, own_user: str, open_page: Callable[..., Page]) -> Page:
    """The page of somebody without downloads, where one adds a download; `hub` and `models` are the providers."""
    page = open_page(own_user)
    go(page, "add")
    return page


def test_the_provider_used_last_is_chosen(stack: Stack, page: Page, own_user: str) -> None:
    chosen = page.get_by_label("Provider").locator("option:checked")
    expect(chosen).to_have_text("models")  # none was used yet: one that can be searched
    with rows_of(stack, own_user, WAITING):
        go(page, "")
        go(page, "add")
        expect(chosen).to_have_text("hub")


def test_an_admins_choice_is_not_that_of_others(stack: Stack, hub: Hub, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", WAITING):
        page = open_page("root")
        go(page, "add")
        expect(page.get_by_label("Provider").locator("option:checked")).to_have_text("models")


def test_an_address_that_no_provider_serves_has_a_next_step(page: Page, open_page: Callable[..., Page]) -> None:
    page.get_by_label(WHAT).fill(NOBODY_SERVES)
    told = page.get_by_text("No provider here serves this address.")
    expect(told).to_have_text("No provider here serves this address. An admin has to add one first.")
    admin = open_page("root")
    go(admin, "add")
    admin.get_by_label(WHAT).fill(NOBODY_SERVES)
    admin.get_by_text("No provider here serves this address.").get_by_role("link", name="New provider").click()
    expect(admin.get_by_label("Name of the provider")).to_be_visible()


def test_a_plan_that_got_no_answer_keeps_nothing(page: Page) -> None:
    answer = {"code": 424, "status": "Failed Dependency", "message": "a.example: the host's name is not known"}
    page.route("**/downloads/plan", lambda route: route.fulfill(status=424, json=answer))
    page.get_by_label(WHAT).fill("models:lumen/other")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("the host's name is not known. The provider could not be reached. Try again later.")
    assert "kept" not in alert.inner_text()
