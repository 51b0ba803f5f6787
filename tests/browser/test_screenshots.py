"""Pictures of the page as people meet it, to be looked at: light, dark, on a phone, an admin's, each view, the sign-in.

They land in tests/screenshots, or in the folder that SCREENSHOTS names (`docs/images` renews the README's).
"""

import base64
import os
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.browser.stack import MEBIBYTE, Stack, make_content
from tests.support.server import PROJECT

FOLDER = Path(os.environ.get("SCREENSHOTS", PROJECT / "tests" / "screenshots"))
DESKTOP = {"viewport": {"width": 1100, "height": 800}, "device_scale_factor": 2}
PHONE: ViewportSize = {"width": 390, "height": 844}
ACTIVE = {
    "nimbus/nimbus-7b-instruct-GGUF": ("alice", {f"nimbus-7b-instruct-Q{q}.gguf": 8 * q for q in (2, 3, 4)}),
    "papers/tiny-embeddings": ("alice", {f"shards/embeddings-{number:03}.bin": 2 for number in range(30)}),
    "lumen/dictation-medium": ("alice", {"model.safetensors": 50, "tokenizer.json": 1}),
    "atelier/sketch-diffusion": ("bruno", {"text_encoder/model.safetensors": 15, "unet/model.safetensors": 60}),
    "atelier/upscaler-x4": ("bruno", {"weights/upscaler.safetensors": 30}),
}
"""Whose, and the sizes of the files in MiB."""
DRAWN_POINTS = 24


def queue_active(stack: Stack) -> list[str]:
    """Queue what is under way in the pictures; return the ids."""
    for name, (_, sizes) in ACTIVE.items():
        stack.put_repository(name, {path: size * MEBIBYTE for path, size in sizes.items()})
    return [stack.add_download(user, name) for name, (user, _) in ACTIVE.items()]


def queue_ending(stack: Stack) -> list[str]:
    """Queue one that completes soon and one whose bytes are not what its listing says; return the ids."""
    stack.put_repository("lumen/whisper-small", {"model.safetensors": MEBIBYTE})
    stack.put_repository("lumen/whisper-large", {"model-00002-of-00004.safetensors": MEBIBYTE})
    damaged = "lumen/whisper-large/model-00002-of-00004.safetensors"
    stack.files.files[damaged] = make_content("something else", MEBIBYTE)
    return [stack.add_download("alice", name) for name in ("lumen/whisper-small", "lumen/whisper-large")]


def wait_for_a_plot(page: Page, download_id: str) -> None:
    """Wait until the plots have a shape."""
    line = page.locator(f"[data-id='{download_id}'] .plot-line").element_handle()
    page.wait_for_function(f"line => line.getAttribute('d').split('L').length > {DRAWN_POINTS}", arg=line)


def test_the_page_is_photographed(
    stack: Stack, open_page: Callable[..., Page], new_context: Callable[..., BrowserContext]
) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    sign_in = new_context(**DESKTOP).new_page()
    sign_in.goto(stack.proxy.url)
    expect(sign_in.locator("#sign-in")).to_be_visible()
    sign_in.screenshot(path=FOLDER / "sign-in.png")
    stack.files.bytes_per_second = 0.2 * MEBIBYTE
    alice, admin = open_page("alice", **DESKTOP), open_page("root", **DESKTOP)
    ids = queue_active(stack)
    for page in (alice, admin):
        expect(page.locator("#connection-text")).to_have_text("Live")
    ending = queue_ending(stack)
    wait_for_a_plot(alice, ids[0])
    for page in (alice, admin):
        for download_id in ending:
            expect(page.locator(f":is(#ended, #failed) [data-id='{download_id}']")).to_be_visible()
    take(admin, "admin")
    take(alice, "light")
    alice.emulate_media(color_scheme="dark")
    take(alice, "dark")
    alice.emulate_media(color_scheme="light")
    take_settings(admin, stack.proxy.url)
    for view in ("history", "waiting"):
        alice.goto(f"{stack.proxy.url}/{view}")
        expect(alice.locator("#view h2")).to_be_visible()
        take(alice, view)
    take_adding(alice, stack.proxy.url)
    for download_id in ids:
        stack.cancel(download_id)


def take_adding(alice: Page, root: str) -> None:
    """Take pictures of the form with a plan, beside the admin's board, and of a phone."""
    alice.goto(f"{root}/add")
    alice.get_by_label("Repository, or the address").fill("nimbus/nimbus-7b-instruct-GGUF")
    alice.keyboard.press("Enter")
    expect(alice.locator(".plan-sum")).to_be_visible()
    take(alice, "add")
    join(alice, "adding-and-arriving", "add", "admin")
    alice.set_viewport_size(PHONE)
    take(alice, "phone-add")
    alice.goto(root)
    expect(alice.locator(".card .repository").first).to_contain_text("/")
    take(alice, "phone")


def take_settings(page: Page, root: str) -> None:
    """Take pictures of an admin's settings."""
    for view in ("account/keys", "admin/users", "admin/providers/new", "admin/queue"):
        page.goto(f"{root}/{view}")
        expect(page.locator(".part h2")).to_be_visible()
        take(page, view.replace("/", "-"))


def take(page: Page, name: str) -> None:
    """Take a picture; one that is almost empty is a fault."""
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    assert (FOLDER / f"{name}.png").stat().st_size > 20_000


def join(page: Page, name: str, left: str, right: str) -> None:
    """Put two pictures side by side into one: the README's, of adding and of arriving."""
    sources = [base64.b64encode((FOLDER / f"{one}.png").read_bytes()).decode() for one in (left, right)]
    pictures = "".join(f'<img width="1100" height="800" src="data:image/png;base64,{one}">' for one in sources)
    board = page.context.new_page()
    board.set_viewport_size({"width": 2240, "height": 840})
    board.set_content(f'<body style="margin:20px;display:flex;gap:0;background:#dfe3ea">{pictures}')
    board.wait_for_function("[...document.images].every((picture) => picture.complete)")
    board.screenshot(path=FOLDER / f"{name}.png", scale="css")
    board.close()
