"""What the form of a download makes of names, addresses and chosen files; nothing is shown."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.profiles import Profiles
from tests.browser.stack import Stack


@pytest.fixture(scope="module")
def plain_page(stack: Stack, chromium: Browser) -> Iterator[Page]:
    """A page on which pure modules can be called, before anybody signs in."""
    with Profiles(chromium) as profiles:
        page = profiles.open().new_page()
        page.goto(stack.proxy.url)
        yield page


QUANTIZATIONS = {
    "Q4_K_M/model-Q4_K_M-00001-of-00003.gguf": "Q4_K_M",
    "UD-IQ2_XXS/model-00001-of-00002.gguf": "UD-IQ2_XXS",
    "model-BF16.gguf": "BF16",
    "mmproj-model-f16.gguf": None,
    "model.gguf": None,
    "Q4_K_M.txt": None,
}


def test_a_files_name_tells_its_quantization(plain_page: Page) -> None:
    assert {path: call(plain_page, "choices.js", "quantizationOf", path) for path in QUANTIZATIONS} == QUANTIZATIONS


PROVIDERS = [
    {"id": "1", "name": "hub", "kind": "huggingface", "url": "https://hub.example"},
    {"id": "2", "name": "files", "kind": "http", "url": "https://files.example/models/"},
    {"id": "3", "name": "ollama", "kind": "oci", "url": "https://registry.example"},
]
REFERENCES: dict[str, tuple[str, str, str | None, str | None] | None] = {
    "org/name": ("hub", "org/name", None, None),
    " org/name@v1 ": ("hub", "org/name", "v1", None),
    "files:some/folder": ("files", "some/folder", None, None),
    "https://hub.example/org/name": ("hub", "org/name", None, None),
    "https://hub.example/org/name/tree/dev": ("hub", "org/name", "dev", None),
    "https://huggingface.co/org/name/blob/main/a%20b/x.gguf": ("hub", "org/name", "main", "a b/x.gguf"),
    "https://hub.example/datasets/org/name": ("hub", "datasets/org/name", None, None),
    "https://files.example/models/some/folder/": ("files", "some/folder", None, None),
    "https://files.example/models/some/x.gguf": ("files", "some", None, "x.gguf"),
    "https://files.example/models/x.gguf": ("files", ".", None, "x.gguf"),
    "https://files.example/other/x.gguf": None,
    "https://hub.example.evil/org/name": None,
    "nowhere:org/name": None,
    "org/name:tag": None,  # a hub has no tags
    "ollama:llama3.2": ("ollama", "llama3.2", None, None),
    "ollama:library/llama3.2:1b": ("ollama", "library/llama3.2", "1b", None),
    "ollama:llama3.2@sha256:0123": ("ollama", "llama3.2", "sha256:0123", None),
    "two words": None,
    "": None,
}


def test_what_people_paste_is_understood(plain_page: Page) -> None:
    found = {}
    for given in REFERENCES:
        read = call(plain_page, "reference.js", "readReference", given, PROVIDERS, PROVIDERS[0])
        found[given] = read and (read["provider"]["name"], read["repository"], read["revision"], read["file"])
    assert found == REFERENCES
    read = call(plain_page, "reference.js", "readReference", "llama3.2:1b", PROVIDERS, PROVIDERS[2])
    assert (read["provider"]["name"], read["repository"], read["revision"]) == ("ollama", "llama3.2", "1b")


def test_chosen_files_become_patterns_that_mean_just_them(plain_page: Page) -> None:
    page, files = plain_page, [{"path": f"a[{number}]*?.bin"} for number in range(300)]
    make = """async ([files, first, last]) => {
      const { patternsFor } = await import('./static/views/choices.js');
      return patternsFor(files.slice(first, last), files);
    }"""
    assert page.evaluate(make, [files, 0, 300]) == {"include": [], "exclude": []}
    assert page.evaluate(make, [files, 7, 8]) == {"include": ["a[[]7][*][?].bin"], "exclude": []}
    assert page.evaluate(make, [files, 1, 300]) == {"include": [], "exclude": ["a[[]0][*][?].bin"]}
    assert page.evaluate(make, [files, 100, 250]) is None


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """Call a function of a module of the page."""
    script = "async ([module, name, given]) => (await import(`./static/views/${module}`))[name](...given)"
    return page.evaluate(script, [module, function, list(arguments)])
