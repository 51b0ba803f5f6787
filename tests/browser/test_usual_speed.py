"""The speed by which a plan says how long it will take: what was copied in no time does not count."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

ASK = """async ([path, took]) => {
  const { usualSpeed } = await import(path);
  const start = Date.parse("2026-01-01T00:00:00Z");
  return usualSpeed(took.map(([bytes, seconds]) => ({
    progress_data: { current_bytes: bytes },
    started_at: new Date(start).toISOString(),
    completed_at: new Date(start + 1000 * seconds).toISOString(),
  })));
}"""


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        ([], None),
        ([(48_000_000, 0), (48_000_000, 1.9)], None),
        ([(48_000_000, 0), (48_000_000, 0), (48_000_000, 0), (20_000, 10)], 2_000),
        ([(10_000, 10), (90_000, 10), (20_000, 10)], 2_000),
    ],
    ids=["nothing came", "only copies", "a copy more often than not", "the middle one"],
)
def test_only_what_took_a_while_tells(page: Page, took: list[tuple[int, float]], expected: int | None) -> None:
    module = page.locator("link[rel=modulepreload][href*='views/usual_speed.js']").get_attribute("href")
    assert page.evaluate(ASK, [module, took]) == expected


@pytest.fixture(scope="module")
def page(lasting_page: Callable[..., Page]) -> Page:
    """Clara's page."""
    return lasting_page("clara")
