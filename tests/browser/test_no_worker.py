"""Where no worker runs, the page says so while downloads wait, and takes it back."""

import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from downloads_app.config import current_settings
from downloads_app.services.queue import workers
from tests.browser.axe import expect_no_violations
from tests.browser.profiles import sign_in
from tests.browser.rows import HELD, WAITING, change, rows_of
from tests.browser.stack import Stack, run_stack, run_worker
from tests.support.server import wait_until


@pytest.fixture(scope="module")
def workerless(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Stack]:
    """A stack whose worker nobody has started."""
    folder = tmp_path_factory.mktemp("workerless")
    shutil.copy(sqlite_template, folder / "stack.sqlite3")
    with run_stack(f"sqlite:///{folder / 'stack.sqlite3'}", folder, password_hash, has_worker=False) as running:
        yield running


NOTE_QUESTIONS = """
globalThis.askedAt = [];
const real = fetch;
globalThis.fetch = (...given) => {
  if (String(given[0]).endsWith("/readyz")) askedAt.push(Date.now());
  return real(...given);
};
"""
"""By the page's clock."""


@pytest.fixture
def page(workerless: Stack, new_context: Callable[..., BrowserContext]) -> Page:
    """A page of Clara's whose clock the test moves on."""
    page: Page = new_context().new_page()
    page.clock.install()
    page.add_init_script(NOTE_QUESTIONS)
    page.goto(workerless.proxy.url)
    sign_in(page, "clara")
    return page


def lives(stack: Stack) -> bool:
    with stack.app.app_context():
        return workers.is_any_alive(current_settings().lease_seconds)


def test_the_board_says_that_no_worker_runs_until_a_download_runs(workerless: Stack, page: Page) -> None:
    notice = page.locator("#no-worker")
    with rows_of(workerless, "clara", WAITING) as ids:
        expect(page.locator(f"[data-id='{ids[0]}']")).to_be_visible()
        page.clock.fast_forward(11_000)
        expect(notice).to_contain_text("No worker is running")
        expect(page.locator("#announcer")).to_contain_text("No worker is running")
        expect_no_violations(page)
        page.clock.fast_forward(10_000)
        page.get_by_role("link", name="Paused and waiting").press("Enter")
        expect(notice).to_be_visible()
        expect_no_violations(page)
        page.get_by_role("link", name="History").press("Enter")
        expect(page.get_by_role("heading", name="History")).to_be_visible()
        expect(notice).to_be_hidden()
        page.get_by_role("link", name="Active").press("Enter")
        expect(notice).to_be_visible()
        page.clock.fast_forward(31_000)
        page.wait_for_function("askedAt.length > 1")
        change(workerless, ids[0], **HELD)
        expect(notice).to_be_hidden()
        change(workerless, ids[0], download_speed=1000)
        speed = page.locator(f"[data-id='{ids[0]}'] .speed")
        expect(speed).to_have_text("1.00 kB/s")
        page.clock.fast_forward(11_000)  # and then its worker vanishes
        expect(speed).to_have_text("0 B/s")
        page.clock.fast_forward(31_000)
        expect(notice).to_be_visible()
        asked: list[float] = page.evaluate("askedAt")
        assert all(later - earlier >= 30_000 for earlier, later in pairwise(asked))


def test_what_waits_says_at_once_that_no_worker_runs_until_one_does(
    workerless: Stack, page: Page, tmp_path: Path
) -> None:
    notice = page.locator("#no-worker")
    with rows_of(workerless, "clara", WAITING):
        page.goto(f"{workerless.proxy.url}/waiting")
        expect(notice).to_contain_text("downloads-app downloads worker")
        with run_worker(workerless.server, tmp_path / "worker.log"):
            wait_until(lambda: lives(workerless), what="the worker's first sign")
            page.clock.fast_forward(31_000)
            expect(notice).to_be_hidden()
