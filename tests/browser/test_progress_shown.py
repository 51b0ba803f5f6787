"""What one running row says of its progress: the bar, its number, and the words beside them agree."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rows import HELD, change, rows_of
from tests.browser.settings import go
from tests.browser.stack import Stack

# What the fill shows when its number has changed and its movement is over, and how it is drawn first.
WATCH_A_BAR = """id => {
  const bar = document.querySelector(`[data-id='${id}'] .bar`), fill = bar.firstElementChild;
  globalThis.seen = [];
  new MutationObserver(() => requestAnimationFrame(async () => {
    await Promise.all(fill.getAnimations().map((movement) => movement.finished));
    const filled = new DOMMatrix(getComputedStyle(fill).transform).a;
    globalThis.seen.push([Number(bar.getAttribute("aria-valuenow")), filled * 100]);
  })).observe(bar, { attributeFilter: ["aria-valuenow"] });
}"""
NOTE_FIRST_BAR = """() => new MutationObserver((_, observer) => {
  const fill = document.querySelector("#rows .card .fill");
  if (!fill) return;
  observer.disconnect();
  globalThis.first = [new DOMMatrix(getComputedStyle(fill).transform).a, fill.getAnimations().length];
}).observe(document, { childList: true, subtree: true })"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_bar_shows_what_its_number_says(stack: Stack, open_page: Callable[..., Page], motion: str) -> None:
    with rows_of(stack, "clara", {**HELD, "current_bytes": 100_000}) as (download_id,):
        page = open_page("clara", reduced_motion=motion)
        page.add_init_script(f"({NOTE_FIRST_BAR})()")
        page.reload()
        bar = page.locator(f"[data-id='{download_id}'] .bar")
        expect(bar).to_have_attribute("aria-valuenow", "10")
        assert page.evaluate("first") == [pytest.approx(0.1), 0]
        page.evaluate(WATCH_A_BAR, download_id)
        change(stack, download_id, current_bytes=900_000)
        page.wait_for_function("() => seen.length > 0")
        assert page.evaluate("seen") == [[90, pytest.approx(90)]]
        seconds = bar.locator(".fill").evaluate("fill => parseFloat(getComputedStyle(fill).transitionDuration)")
        assert seconds <= (0 if motion == "reduce" else 0.2)


# What the page says of a row at these moments: its seconds, status, bytes; its time left is not known.
SAY_AT = """async ([describe, silence, moments]) => {
  const [{ timeLeft }, { listen }] = [await import(describe), await import(silence)];
  let known;
  return moments.map(([now, status, bytes, run]) => {
    const progress = { current_bytes: bytes, eta_seconds: null, download_speed: 0 };
    const download = { status, started_at: run, progress_data: progress };
    const heard = listen(known, download, now);
    known = heard.silence;
    return timeLeft(heard.download, known, now);
  });
}"""


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        ([(0, 0, "one"), (2, 0, "one"), (8, 0, "one"), (10, 0, "one")], ["starting"] * 3 + ["stalled"]),
        ([(0, 0, "one"), (2, 5, "one"), (11, 5, "one"), (12, 5, "one")], ["starting", "", "", "stalled"]),
        ([(0, 5, "one"), (9, 5, "one"), (10, 5, "one"), (12, 9, "one")], ["", "", "stalled", ""]),
        ([(0, 5, "one"), (10, 5, "one"), (12, 5, None), (30, 5, "two")], ["", "stalled", "waiting", "starting"]),
    ],
    ids=["no byte yet", "a first byte", "seen under way", "tried again with its bytes"],
)
def test_what_has_just_begun_is_not_stalled(
    page: Page, moments: list[tuple[int, int, str | None]], said: list[str]
) -> None:
    modules = [
        page.locator(f"link[rel=modulepreload][href*='board/{name}.js']").get_attribute("href")
        for name in ("describe", "silence")
    ]
    rows = [(now, "downloading" if run else "pending", size, run) for now, size, run in moments]
    assert page.evaluate(SAY_AT, [*modules, rows]) == said


def test_a_row_that_has_just_begun_is_starting(stack: Stack, page: Page) -> None:
    with rows_of(stack, "clara", {**HELD, "current_bytes": 0}) as (download_id,):
        left = page.locator(f"[data-id='{download_id}'] .time-left")
        expect(left).to_have_text("starting")
        change(stack, download_id, current_bytes=1000)
        expect(left).to_have_text("")
        go(page, f"downloads/{download_id}")
        expect(page.locator(".line-status")).to_have_text("Downloading")
        assert "stalled" not in page.locator("#view").inner_text()


def test_the_speed_of_a_worker_that_has_vanished_is_over(stack: Stack, page: Page) -> None:
    running = {**HELD, "download_speed": 1_000_000, "eta_seconds": 900}
    with rows_of(stack, "clara", running) as (download_id,):
        go(page, "")
        row = page.locator(f"[data-id='{download_id}']")
        expect(row.locator(".speed")).to_have_text("1.00 MB/s")
        expect(row.locator(".time-left")).to_contain_text("left")
        expect(row.locator(".time-left")).to_have_text("stalled")
        expect(row.locator(".speed")).to_have_text("0 B/s")
        expect(page.locator("#summary-facts")).not_to_contain_text("MB/s")
        change(stack, download_id, current_bytes=2000)
        expect(row.locator(".speed")).to_have_text("1.00 MB/s")
        go(page, f"downloads/{download_id}")
        line = page.locator(".line-facts")
        expect(line).to_contain_text("1.00 MB/s")
        expect(line).to_contain_text("stalled")
        expect(line).to_contain_text("0 B/s")


@pytest.fixture(scope="module")
def page(lasting_page: Callable[..., Page]) -> Page:
    """Clara's page."""
    return lasting_page("clara")
