"""Adding a download: what is found, what a plan offers, and what is said where it cannot be had."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.services.accounts import users
from downloads_app.services.downloads import quota as quotas
from tests.browser.keyboard import enter, tab_to, type_sign_in, write
from tests.browser.models import tagged_registry
from tests.browser.rows import rows_of
from tests.browser.settings import go
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack
from tests.support.docker_registry import DockerRegistry
from tests.support.hub import Hub

WHAT = "Repository, or the address"


@pytest.fixture(scope="module")
def registry(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A registry with tags, as a third provider."""
    with tagged_registry(stack, tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def same_page(hub: Hub, registry: DockerRegistry, own_user: str, lasting_page: Callable[..., Page]) -> Page:
    """The user's page."""
    return lasting_page(own_user)


@pytest.fixture
def page(same_page: Page) -> Page:
    """That page, where one adds a download, with nothing typed yet."""
    go(same_page, "")
    go(same_page, "add")
    expect(same_page.get_by_label(WHAT)).to_be_focused()
    return same_page


def plan(page: Page, name: str, provider: str | None = None) -> Locator:
    """Ask for the plan of a repository; return where it is shown."""
    if provider:
        page.get_by_label("Provider").select_option(provider)
    page.get_by_label(WHAT).fill(name)
    page.keyboard.press("Enter")
    return page.locator(".plan")


def test_a_model_is_found_by_a_part_of_its_name_and_added_and_saved_by_keyboard_alone(
    stack: Stack, hub: Hub, own_user: str, new_context: Callable[..., BrowserContext]
) -> None:
    stack.files.bytes_per_second = None
    page = new_context().new_page()
    page.goto(stack.proxy.url)
    type_sign_in(page, own_user)
    enter(page, "Add")
    expect(page.get_by_label(WHAT)).to_be_focused()
    tab_to(page, "Provider")
    for key, name in (("h", "hub"), ("ArrowDown", "models")):
        page.keyboard.press(key)
        expect(page.get_by_label("Provider").locator("option:checked")).to_have_text(name)
    write(page, WHAT, "nimbus", key="Shift+Tab")
    expect(page.locator(".found-row")).to_contain_text("apache-2.0")
    tab_to(page, "nimbus/nimbus-7b-GGUF")
    page.keyboard.press("Enter")
    expect(page.locator(".plan-name")).to_be_focused()
    expect(page.get_by_role("radio", name="Q4_K_M")).to_be_checked()
    expect(page.locator(".choice", has_text="Q4_K_M")).to_contain_text("350 kB · 2 files")
    expect(page.locator(".plan-sum")).to_contain_text("2 files to fetch, 350 kB")
    tab_to(page, "Q4_K_M")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Q8_0")).to_be_checked()
    page.keyboard.press("ArrowUp")
    enter(page, "5 files, 2 chosen")
    tab_to(page, "README.md")
    expect(page.get_by_role("checkbox", name="model-Q8_0.gguf")).not_to_be_checked()
    enter(page, "Download")
    expect(page).to_have_url(f"{stack.proxy.url}/")
    expect(page.locator("#ended .row .repository")).to_have_text("nimbus/nimbus-7b-GGUF")
    save_by_keyboard(page)


def save_by_keyboard(page: Page) -> None:
    """Find the download in the history, learn how to use it, and save a file of it."""
    enter(page, "History", key="Shift+Tab")
    expect(page.locator(".line")).to_be_visible()
    enter(page, "nimbus/nimbus-7b-GGUF")
    expect(page.locator(".files-list li")).to_have_count(2)
    expect(page.locator(".command code")).to_contain_text("llama-server -m ")
    expect(page.locator(".command code")).to_contain_text("--mmproj ")
    expect(page.locator(".story li").first).to_contain_text("Completed")
    expect(page.locator(".story li").last).to_contain_text("Added")
    with page.expect_download() as saved:
        enter(page, "model-Q4_K_M.gguf")
    assert Path(saved.value.path()).read_bytes()[:4] == b"GGUF"


def test_what_is_added_is_on_the_board_at_once(stack: Stack, open_page: Callable[..., Page]) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("views/at-once", {"model.bin": 20 * MEBIBYTE})
    page = open_page("clara", f"{stack.proxy.url}/add")
    page.route("**/subscribe", lambda route: None)  # no event helps
    page.get_by_label(WHAT).fill("hub:views/at-once")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Download", exact=True).click()
    row = page.locator("#rows .row", has_text="views/at-once")
    expect(row).to_have_count(1)
    stack.cancel(row.get_attribute("data-id") or "")


def test_one_that_is_active_already_is_a_click_away(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", {"status": "pending", "revision": "main"}, name="views/twice") as ids:
        stack.put_repository("views/twice", {"model.bin": 100})
        page = open_page("clara", f"{stack.proxy.url}/add")
        plan(page, "hub:views/twice").get_by_role("button", name="Download", exact=True).click()
        told = page.locator(".plan [role=alert]")
        expect(told).to_have_text(f"Download {ids[0][:8]} of the same repository and revision is active already")
        told.get_by_role("link").click()
        expect(page).to_have_url(f"{stack.proxy.url}/downloads/{ids[0]}")


def test_what_cannot_be_had_says_what_to_do(page: Page, hub: Hub) -> None:
    for asked, reason, advice in (
        (
            f"{hub.url}/nobody/nothing/tree/main",
            "'nobody/nothing' is not found",
            "Look at its name on the provider's page",
        ),
        ("models:lumen/private", "or it is private", "an admin can give the provider a token"),
        ("models:lumen/gated", "'lumen/gated' is gated", "Accept its conditions on the provider's own page"),
        ("models:lumen/other@v9", "no revision 'v9'", "Look at its name and revision"),
    ):
        plan(page, asked)
        expect(page.get_by_role("alert")).to_contain_text(reason)
        expect(page.get_by_role("alert")).to_contain_text(advice)


def test_what_is_larger_than_the_disk_does_not_begin(stack: Stack, page: Page) -> None:
    listed = [{"path": "model.bin", "size": 10**15}]
    stack.files.put("adding/huge/manifest.json", json.dumps({"files": listed}).encode())
    notice = plan(page, "hub:adding/huge").locator(".notice")
    expect(notice).to_contain_text("It does not fit: 1.00 PB would come")
    expect(notice).to_contain_text("Remove what is no longer needed")
    expect(page.get_by_role("button", name="Download", exact=True)).to_be_disabled()


@pytest.fixture
def no_room_left(stack: Stack, own_user: str) -> Iterator[None]:
    """The user's quota leaves ten thousand bytes."""
    for left in (10_000, None):
        with stack.app.app_context():
            user = users.find_user(own_user)
            quota = None if left is None else quotas.used_bytes(current_settings().downloads_dir, user) + left
            users.set_quota(user, quota)
            db.session.remove()
        if left is not None:
            yield


@pytest.mark.usefixtures("no_room_left")
def test_what_is_more_than_the_quota_leaves_does_not_begin_but_a_part_of_it_may(page: Page) -> None:
    shown = plan(page, "lumen/sharded", "models")
    expect(shown.locator(".plan-sum")).to_contain_text("left of your quota")
    expect(shown.locator(".notice")).to_contain_text("It is more than your quota leaves: 10.0 kB.")
    expect(shown.locator(".notice")).to_contain_text("ask an admin for a larger quota")
    begin = page.get_by_role("button", name="Download", exact=True)
    expect(begin).to_be_disabled()
    shown.get_by_role("radio", name="Files of your choice").check()
    expect(shown.locator(".notice")).to_have_text("Choose at least one file.")
    shown.locator(".tree summary").click()
    shown.get_by_role("checkbox", name="config.json").check()
    expect(shown.locator(".notice")).to_have_count(0)
    expect(begin).to_be_enabled()


def test_the_shards_of_safetensors_are_one_and_go_with_their_tokenizer(page: Page) -> None:
    shown = plan(page, "lumen/sharded", "models")
    weights = shown.get_by_role("radio", name="Weights and tokenizer")
    expect(weights).to_be_checked()
    expect(shown.locator(".choice", has_text="Weights and tokenizer")).to_contain_text("322 kB · 5 files")
    expect(shown.locator(".choice", has_text="Everything")).to_contain_text("632 kB · 7 files")
    shown.locator(".tree summary").click()
    shards = shown.get_by_role("checkbox", name="model (of 00003).safetensors")
    expect(shards).to_be_checked()
    expect(shown.locator(".folder li", has_text="model (of 00003)")).to_contain_text("3 parts · 300 kB")
    expect(shown.get_by_role("checkbox", name="pytorch_model.bin")).not_to_be_checked()
    shards.uncheck()
    expect(shown.get_by_role("radio", name="Files of your choice")).to_be_checked()
    expect(shown.locator(".plan-sum")).to_contain_text("2 files to fetch, 22.0 kB")


def test_a_plan_is_made_of_the_revision_that_is_typed(page: Page) -> None:
    page.get_by_label("Provider").select_option("hub")
    expect(page.get_by_label("Revision")).to_have_count(0)  # a web server has none
    page.get_by_label("Provider").select_option("models")
    page.get_by_label("Revision").fill("v2")
    shown = plan(page, "nimbus/nimbus-7b-GGUF")
    expect(shown.locator(".plan-name")).to_contain_text("models · v2 · ")
    expect(shown.locator(".choice", has_text="Q6_K")).to_contain_text("40.0 kB · 1 file")
    page.get_by_label("Revision").fill("")
    page.keyboard.press("Enter")
    expect(shown.locator(".choice", has_text="Q4_K_M")).to_be_visible()


def test_a_tag_goes_with_the_name_as_people_write_it(page: Page) -> None:
    shown = plan(page, "tiny:1b", "registry")
    expect(shown.locator(".plan-name")).to_contain_text("tiny registry · 1b · ")
    expect(shown.locator(".tree summary")).to_contain_text("2 files")
    plan(page, "registry:library/tiny:2b")
    expect(page.get_by_role("alert")).to_contain_text("Look at its name and revision")


def test_a_name_before_a_colon_that_is_no_providers_is_told(page: Page) -> None:
    page.get_by_label("Provider").select_option("models")
    page.get_by_label(WHAT).fill("llama3.2:1b")
    expect(page.locator("#view").get_by_role("status")).to_contain_text("There is no provider “llama3.2”.")
    page.get_by_label(WHAT).fill("hub:llama3.2")
    expect(page.locator("#view").get_by_role("status")).to_have_count(0)


def test_the_arrows_lead_to_what_was_found_and_back(page: Page) -> None:
    row = {"downloads": 1, "likes": 1, "updated_at": None, "gated": False, "licence": None}
    found = [{"name": name, **row} for name in ("nimbus/one", "nimbus/two")]
    page.route("**/search?**", lambda route: route.fulfill(json=found))
    field, rows = page.get_by_label(WHAT), page.locator(".found-row")
    page.get_by_label("Provider").select_option("models")
    field.press("ArrowDown")
    expect(field).to_be_focused()
    field.press_sequentially("nimbus")
    expect(rows).to_have_count(2)
    for key, place in (("ArrowDown", rows.first), ("ArrowDown", rows.last), ("ArrowDown", rows.last)):
        page.keyboard.press(key)
        expect(place).to_be_focused()
    for place in (rows.first, field):
        page.keyboard.press("ArrowUp")
        expect(place).to_be_focused()
    field.dispatch_event("keydown", {"key": "ArrowDown", "isComposing": True})  # it chooses a word of an input method
    for key in ("Alt+ArrowDown", "Control+ArrowDown", "Meta+ArrowDown", "Home", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(field).to_be_focused()
    assert field.evaluate("(field) => [field.selectionStart, field.selectionEnd]") == [0, len("nimbus")]
    page.unroute("**/search?**")
