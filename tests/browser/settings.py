"""What tests of several views share: how they get there, and what is expected of all of them."""

from collections.abc import Iterable

from playwright.sync_api import Page, expect

from tests.browser.axe import ANY, expect_no_violations

NARROWEST, WIDEST = 320, 3840
MOST_SHIFT = 0.05
GO = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
# From now on the page keeps its Cumulative Layout Shift: how far things move without anybody having pressed a key or a
# button, in the worst five seconds without a second's rest (https://web.dev/articles/cls).
WATCH_SHIFTS = """() => {
  let [sum, first, last] = [0, -Infinity, -Infinity];
  globalThis.shifts?.disconnect();
  globalThis.shifts = new PerformanceObserver((list) => {
    for (const { hadRecentInput, startTime, value } of list.getEntries()) {
      if (hadRecentInput) continue;
      if (startTime - last > 1000 || startTime - first > 5000) [sum, first] = [0, startTime];
      [sum, last] = [sum + value, startTime];
      window.shifted = Math.max(window.shifted, sum);
    }
  });
  globalThis.shifts.observe({ type: "layout-shift", buffered: false });
  window.shifted = 0;
}"""


def go(page: Page, path: str) -> None:
    """Show another view, as a link in the page does."""
    page.evaluate(GO, f"/{path}")


def show(page: Page, root: str, path: str) -> None:
    """Show a part of the account or of what admins manage, and wait until it has loaded."""
    if page.url.startswith(root) and page.locator("#views").is_visible():
        go(page, path)
    else:
        page.goto(f"{root}/{path}")
    expect(page.locator(".part h2")).to_be_visible()
    expect(page.get_by_text("Loading…")).to_have_count(0)


def expect_no_violations_in_any_mode(page: Page) -> None:
    """Expect axe-core to find nothing, in light, in dark, with more contrast, in forced colours."""
    expect_no_violations(page, modes=ANY)


def expect_no_overflow(page: Page, widths: Iterable[int] = (NARROWEST, WIDEST)) -> None:
    """Expect nothing to stand out of the window, by default on the narrowest phone and the widest screen."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
    page.set_viewport_size({"width": 1100, "height": 800})
