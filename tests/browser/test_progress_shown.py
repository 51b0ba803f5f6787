"""What one running row says of its progress: the bar, its number, and the words beside them agree."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rows import HELD, change, rows_of
from tests.browser.stack import Stack

# What the fill shows 0.3 s after its number has changed, and how it is drawn first.
WATCH_A_BAR = """id => {
  const bar = document.querySelector(`[data-id='${id}'] .bar`), fill = bar.firstElementChild;
  globalThis.seen = [];
  new MutationObserver(() => setTimeout(() => {
    const filled = new DOMMatrix(getComputedStyle(fill).transform).a;
    globalThis.seen.push([Number(bar.getAttribute("aria-valuenow")), filled * 100]);
  }, 300)).observe(bar, { attributeFilter: ["aria-valuenow"] });
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
