"""Kind `oci` against registries that lie, lead elsewhere, or never end."""

import hashlib
import itertools
import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.sources.oci import manifests
from downloads_app.sources.oci.source import OciSource
from tests.support.docker_registry import INDEX, MANIFEST
from tests.support.pages import Page, Pages, serve_pages

GOOD = {"mediaType": "text/plain", "digest": f"sha256:{'a' * 64}", "size": 3}
SECRET = {"username": "somebody", "password": "the-secret-password"}
TITLE = "org.opencontainers.image.title"


def page(document: object, **headers: str) -> Page:
    return Page(json.dumps(document).encode(), MANIFEST, headers=headers)


def manifest(*layers: object, **fields: object) -> dict[str, object]:
    return {"schemaVersion": 2, "layers": layers} | fields


def list_paths(answer: Page | Callable[[str], Page], revision: str | None = None) -> list[str]:
    """List what a registry holds that answers each request so."""
    with serve_pages(answer if callable(answer) else lambda path: answer) as pages:
        source = OciSource(Access(pages.url, allow_private_network=True))
        return [file.path for file in source.list_files("org/r", revision).files]


def refuse(answer: Page | Callable[[str], Page], revision: str | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        list_paths(answer, revision)
    assert caught.value.permanent
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500
    return caught.value.message


def test_a_manifest_whose_bytes_are_not_those_of_its_digest_is_refused() -> None:
    body = page(manifest(GOOD))
    assert isinstance(body.body, bytes)
    found = hashlib.sha256(body.body).hexdigest()
    assert list_paths(body, f"sha256:{found}") == ["aaaaaaaaaaaa"]
    assert f"has the sha256 {found}" in refuse(body, f"sha256:{'b' * 64}")
    lying = Page(body.body, MANIFEST, headers={"Docker-Content-Digest": f"sha256:{'c' * 64}"})
    assert f"has the sha256 {found}" in refuse(lying)
    assert f"has the sha256 {found}" in refuse(lying, f"sha256:{found}")


@pytest.mark.parametrize(
    "layer",
    [
        GOOD | {"digest": f"sha512:{'a' * 128}"},
        GOOD | {"digest": "sha256:../../../etc/passwd"},
        GOOD | {"digest": f"sha256:{'A' * 64}"},
        GOOD | {"digest": f"sha256:{'a' * 64}\r\nX: y"},
        GOOD | {"digest": None},
        GOOD | {"size": -1},
        GOOD | {"size": True},
        GOOD | {"size": "3"},
        GOOD | {"size": None},
        GOOD | {"size": 2**64},
        "text",
        None,
    ],
)
def test_a_layer_that_cannot_be_checked_is_refused(layer: object) -> None:
    assert "its manifest" in refuse(page(manifest(layer))) or "size" in refuse(page(manifest(layer)))


@pytest.mark.parametrize("title", ["../evil", "/etc/passwd", "a/../../b", "..", "a\\b", "C:/x", "a\nb", "x" * 300])
def test_a_hostile_title_is_refused_by_name(title: str) -> None:
    assert "Refused the file name" in refuse(page(manifest(GOOD | {"annotations": {TITLE: title}})))


def test_two_files_of_one_name_are_refused() -> None:
    layers = [{**GOOD, "digest": f"sha256:{each * 64}", "annotations": {TITLE: "a"}} for each in "ab"]
    assert "names 'a' twice" in refuse(page(manifest(*layers)))


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        "text",
        {"schemaVersion": 1, "fsLayers": []},
        {"schemaVersion": 2, "layers": {}},
        {"schemaVersion": 2, "layers": [], "manifests": []},
        {"schemaVersion": 2, "manifests": ["x"]},
        {"schemaVersion": 2, "manifests": [GOOD] * (manifests.MAX_MANIFESTS + 1)},
        {"schemaVersion": 2, "layers": [GOOD] * (manifests.MAX_LAYERS + 1)},
    ],
)
def test_what_is_no_manifest_or_too_large_a_one_is_refused(document: object) -> None:
    refuse(page(document))


def test_a_manifest_that_does_not_end_is_left_alone() -> None:
    assert "longer than 4194304 bytes" in refuse(Page(itertools.repeat(b" " * 65536), MANIFEST))


def test_an_index_of_indexes_is_refused_and_a_hostile_platform_too() -> None:
    inner = {"schemaVersion": 2, "manifests": [GOOD]}
    body = json.dumps(inner).encode()
    row = {"mediaType": INDEX, "digest": f"sha256:{hashlib.sha256(body).hexdigest()}", "size": len(body)}
    outer = json.dumps({"schemaVersion": 2, "manifests": [row]}).encode()
    assert "index of indexes" in refuse(lambda path: Page(body if "sha256" in path else outer, INDEX))
    leaf = json.dumps(manifest(GOOD)).encode()
    rows = [
        {**row, "digest": f"sha256:{hashlib.sha256(leaf).hexdigest()}", "platform": {"os": name}}
        for name in ("../x", "b")
    ]
    index = json.dumps({"schemaVersion": 2, "manifests": rows}).encode()
    assert "Refused the file name" in refuse(lambda path: Page(leaf if "sha256" in path else index, INDEX))


def challenge(url: str) -> Page:
    return Page(b"{}", "application/json", 401, {"WWW-Authenticate": f'Bearer realm="{url}/token",service="s"'})


def always(page: Page) -> AbstractContextManager[Pages]:
    """Serve one page for everything."""
    return serve_pages(lambda path: page)


def redirect(url: str) -> Page:
    return Page(status=302, headers={"Location": url})


def ask(registry: Pages, **options: object) -> SourceError:
    access = Access(registry.url, allow_private_network=True, **{**SECRET, **options})  # type: ignore[arg-type]  # as given
    with pytest.raises(SourceError) as caught:
        OciSource(access).list_files("org/r", None)
    assert SECRET["password"] not in caught.value.message
    return caught.value


def shown_to(pages: Pages) -> list[str | None]:
    return [headers.get("authorization") for _, headers in pages.requests]


def test_a_token_server_elsewhere_gets_no_password_and_what_it_redirects_to_neither() -> None:
    with always(Page()) as thief, always(redirect(thief.url)) as tokens, always(challenge(tokens.url)) as registry:
        ask(registry)
        assert shown_to(tokens) == [None]
        ask(registry, allow_hosts=(tokens.url.removeprefix("http://"),))
        assert shown_to(tokens)[1] is not None
        assert set(shown_to(thief)) == {None}
        assert set(shown_to(registry)) == {None}


def test_a_registry_that_redirects_its_manifests_cannot_have_the_password_asked_for_elsewhere() -> None:
    basic = Page(b"{}", "application/json", 401, {"WWW-Authenticate": 'Basic realm="give"'})
    with always(basic) as thief, always(redirect(f"{thief.url}/v2/x")) as registry:
        assert "401 Unauthorized" in ask(registry).message
        assert set(shown_to(thief)) == {None}
        assert set(shown_to(registry)) == {None}, "it was not the registry that asked"


def test_a_token_server_in_the_private_network_is_not_even_reached() -> None:
    with always(Page()) as inside:
        with always(challenge(inside.url.replace("127.0.0.1", "localhost"))) as registry:
            assert "private address" in ask(registry).message
        assert not inside.requests


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b"[]",
        b"no json",
        json.dumps({"token": "a\r\nX-Evil: 1"}).encode(),
        json.dumps({"token": "a b"}).encode(),
        json.dumps({"token": "x" * 20_000}).encode(),
        json.dumps({"token": ["a"]}).encode(),
        json.dumps({"token": ""}).encode(),
        b" " * 300_000,
    ],
)
def test_what_is_no_token_is_never_sent(answer: bytes) -> None:
    with always(Page(answer, "application/json")) as tokens, always(challenge(tokens.url)) as registry:
        assert ask(registry).permanent
        assert set(shown_to(registry)) == {None}


def test_a_token_that_does_not_help_is_asked_for_once() -> None:
    answer = page({"access_token": "abc", "expires_in": "soon"})
    with always(answer) as tokens, always(challenge(tokens.url)) as registry:
        assert "401 Unauthorized" in ask(registry).message
        assert shown_to(registry) == [None, "Bearer abc"]
        assert tokens.paths == ["/token?service=s&scope=repository:org/r:pull"]


def test_a_token_of_the_provider_itself_is_shown_where_no_token_server_is_named() -> None:
    with always(Page(b"{}", "application/json", 401, {"WWW-Authenticate": "Bearer"})) as registry:
        ask(registry, username=None, password=None, token="ready-made")
        assert shown_to(registry) == [None, "Bearer ready-made"]


def test_what_was_listed_at_another_registry_is_shown_nothing() -> None:
    basic = Page(b"{}", "application/json", 401, {"WWW-Authenticate": 'Basic realm="give"'})
    with always(basic) as registry:
        source = OciSource(Access(registry.url, allow_private_network=True, **SECRET))  # type: ignore[arg-type]  # as given
        files = [RemoteFile(root, f"{root}/v2/org/r/blobs/x", 1, "x") for root in (registry.url, f"{registry.url}0")]
        own, foreign = source.resolve(files).values()
        assert not isinstance(own, SourceError)
        assert not isinstance(foreign, SourceError)
        assert own.headers
        assert not foreign.headers
