"""Two users and an admin watch real downloads to their ends, over HTTP/1.1 and HTTP/2."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack

HOSTILE_REPOSITORY = "evil/<img src=x onerror=document.title=666>"
HOSTILE_FILE = "<script>document.title=666<／script>&amp;.bin"
FILES = {"config.json": 0, "a b/ümläut 100%.bin": MEBIBYTE // 4, HOSTILE_FILE: 20 * MEBIBYTE}

# What the eye sees and what a screen reader is told, of every row, a hundred times a second.
SAMPLE_BARS = """() => {
  globalThis.samples = {};
  setInterval(() => {
    for (const row of document.querySelectorAll("#rows .card")) {
      const fill = new DOMMatrix(getComputedStyle(row.querySelector(".fill")).transform).a;
      const told = Number(row.querySelector(".bar").getAttribute("aria-valuenow") ?? 0);
      (globalThis.samples[row.dataset.id] ??= []).push([fill, told]);
    }
  }, 10);
}"""


def bars_rose(page: Page, download_id: str) -> list[list[float]]:
    samples: list[list[float]] = page.evaluate(f"samples['{download_id}'] ?? []")
    assert len(samples) > 20
    for part in (0, 1):
        values = [sample[part] for sample in samples]
        assert values == sorted(values), "a bar ran backwards"
    return samples


def test_each_watches_their_own_to_the_end_and_an_admin_all(stack: Stack, open_page: Callable[..., Page]) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    names = {"alice": HOSTILE_REPOSITORY, "bruno": "calm/model"}
    urls = {"alice": stack.proxy.url, "bruno": stack.front.url, "root": stack.front.url}
    for name in names.values():
        stack.put_repository(name, FILES)
    pages = {user: open_page(user, url) for user, url in urls.items()}
    for page in pages.values():
        expect(page.locator("#empty")).to_be_visible()
        page.evaluate(SAMPLE_BARS)
    ids = {user: stack.add_download(user, repository) for user, repository in names.items()}

    for user in names:
        row = pages[user].locator(f"[data-id='{ids[user]}']")
        expect(row.locator(".repository")).to_have_text(names[user])
        expect(row.locator(".provider")).to_have_text("hub")
        expect(row.locator(".files")).to_contain_text("of 3")
        expect(row.locator(".speed")).to_contain_text("/s")
    expect(pages["alice"].locator(".file", has_text=HOSTILE_FILE)).to_be_visible()
    expect(pages["root"].locator(".group-name")).to_have_text(["alice", "bruno"])
    stack.files.bytes_per_second = 2 * MEBIBYTE  # all that must be seen under way has been seen

    for user, other in (("alice", "bruno"), ("bruno", "alice")):
        page = pages[user]
        outcome = page.locator(f"#ended [data-id='{ids[user]}'] .outcome")
        expect(outcome).to_contain_text("Completed")
        assert page.locator(f"[data-id='{ids[other]}']").count() == 0
        assert names[other] not in page.inner_text("body")
        bars_rose(page, ids[user])
        expect(page).to_have_title("Downloads")
    for user in names:
        expect(pages["root"].locator(f"#ended [data-id='{ids[user]}'] .provider")).to_have_text(f"hub · {user}")
    protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
    assert [page.evaluate(protocol) for page in pages.values()] == ["http/1.1", "h2", "h2"]


def test_a_download_that_began_and_ended_between_two_looks_is_told(
    stack: Stack, open_page: Callable[..., Page]
) -> None:
    stack.files.bytes_per_second = None
    stack.put_repository("quick/model", {"config.json": 10})
    before = stack.add_download("bruno", "quick/model", revision="before")
    stack.wait_for_end(before)
    page = open_page("bruno")
    expect(page.locator("#empty")).to_be_visible()
    download_id = stack.add_download("bruno", "quick/model")
    expect(page.locator(f"#ended [data-id='{download_id}'] .outcome")).to_contain_text("Completed")
    expect(page.locator("#ended .row")).to_have_count(1)  # what ended before the page was opened is history
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#ended")).to_be_hidden()
