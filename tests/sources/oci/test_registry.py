"""Kind `oci` against a real registry: tokens, passwords, indexes, digests."""

import json

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.oci.source import OciSource
from tests.sources.oci.conftest import ARTIFACT, OLLAMA, OLLAMA_CONFIG, Tokens
from tests.support.docker_registry import INDEX, MANIFEST, PASSWORD, USER, DockerRegistry, Layer, make_manifest


def refuse(access: Access, repository: str, revision: str | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        OciSource(access).list_files(repository, revision)
    assert caught.value.message.isprintable()
    assert PASSWORD not in caught.value.message
    return caught.value


def test_an_ollama_model_of_the_library_is_listed_with_an_anonymous_token(with_tokens: Tokens) -> None:
    with_tokens.tokens.requests.clear()
    listing = OciSource(with_tokens.open()).list_files("tiny", "1b")
    assert listing.commit == with_tokens.digests["tiny"].removeprefix("sha256:")
    blobs = [*OLLAMA, OLLAMA_CONFIG]
    assert [(file.path, f"sha256:{file.sha256}", file.size_bytes) for file in listing.files] == [
        (path, blob.digest, len(blob.content))
        for path, blob in zip(
            ["tiny-1b.gguf", "template", "params.json", "license", "license-2", "config.json"], blobs, strict=True
        )
    ]
    assert all(authorization is None for _, authorization in with_tokens.tokens.requests)


@pytest.mark.parametrize("revision", [None, "latest", "digest", "bare digest"])
def test_an_artifact_is_listed_by_tag_or_digest(with_tokens: Tokens, revision: str | None) -> None:
    digest = with_tokens.digests["open"]
    asked = {"digest": digest, "bare digest": digest.removeprefix("sha256:")}.get(revision or "", revision)
    listing = OciSource(with_tokens.open()).list_files("open/artifact", asked)
    assert [file.path for file in listing.files] == [layer.title for layer in ARTIFACT]
    assert listing.commit == digest.removeprefix("sha256:")


def test_the_token_server_sees_the_password_only_where_its_host_is_allowed(with_tokens: Tokens) -> None:
    secret = {"username": USER, "password": PASSWORD}
    with_tokens.tokens.requests.clear()
    message = refuse(with_tokens.open(**secret), "closed/artifact", "v1").message
    assert "127.0.0.1" in message
    assert "allowed" in message
    assert [authorization for _, authorization in with_tokens.tokens.requests] == [None]
    allowed = with_tokens.open(**secret, allow_hosts=(with_tokens.tokens.url.removeprefix("http://"),))
    assert len(OciSource(allowed).list_files("closed/artifact", "v1").files) == len(ARTIFACT)


def test_a_wrong_password_is_told_as_such(with_tokens: Tokens) -> None:
    host = with_tokens.tokens.url.removeprefix("http://")
    error = refuse(with_tokens.open(username=USER, password="wrong", allow_hosts=(host,)), "closed/artifact", "v1")
    assert error.permanent
    assert "refuses the provider's password or token (401 Unauthorized)" in error.message


def test_what_is_missing_or_closed_is_told_in_one_line(with_tokens: Tokens, password_access: Access) -> None:
    assert "401 Unauthorized" in refuse(with_tokens.open(), "closed/artifact", "v1").message
    assert "is not found at this registry" in refuse(with_tokens.open(), "open/artifact", "none").message
    assert "is not found at this registry" in refuse(password_access, "org/none").message
    nobody = Access(password_access.url, allow_private_network=True)
    assert "a token or password is missing, or is refused" in refuse(nobody, "org/artifact").message


def test_a_registry_with_a_password_is_listed_and_asked_for_its_blobs(password_access: Access) -> None:
    source = OciSource(password_access)
    files = source.list_files("org/artifact", None).files
    assert [file.path for file in files] == [layer.title for layer in ARTIFACT]
    target = source.resolve(files)[files[0].path]
    assert not isinstance(target, SourceError)
    assert target.url == files[0].url
    assert target.headers[0].startswith("Authorization: Basic ")


def test_each_manifest_of_an_index_has_a_folder_and_a_lone_one_has_none(with_tokens: Tokens) -> None:
    registry, tokens = with_tokens.registry, with_tokens.tokens
    platforms = [("linux", "amd64", None), ("linux", "arm64", "v8"), ("unknown", "unknown", None)]
    rows = []
    for number, (system, machine, variant) in enumerate(platforms):
        layers = [Layer("application/octet-stream", b"x" * (number + 1), "model.bin")]
        config = Layer("application/vnd.oci.empty.v1+json", b"{}")
        digest = registry.push("open/images", f"part{number}", layers, config, tokens)
        platform = {"os": system, "architecture": machine} | ({"variant": variant} if variant else {})
        notes = {"vnd.docker.reference.type": "attestation-manifest"} if system == "unknown" else {}
        size = len(make_manifest(layers, config))
        row = {"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform, "annotations": notes}
        rows.append(row)

    def push_index(tag: str, manifests: list[dict[str, object]]) -> None:
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()
        registry.push_manifest("open/images", tag, body, INDEX, tokens)

    push_index("two", rows)
    push_index("one", [rows[1], rows[2]])
    source = OciSource(with_tokens.open())
    two = source.list_files("open/images", "two")
    assert [(file.path, file.size_bytes) for file in two.files] == [
        ("linux-amd64/model.bin", 1),
        ("linux-arm64-v8/model.bin", 2),
    ]
    assert [file.path for file in source.list_files("open/images", "one").files] == ["model.bin"]


def test_a_provider_is_checked_with_and_without_a_password(
    with_tokens: Tokens, with_password: DockerRegistry, password_access: Access
) -> None:
    OciSource(with_tokens.open()).check()
    OciSource(password_access).check()
    with pytest.raises(SourceError, match="a token or password is missing, or is refused"):
        OciSource(Access(with_password.url, allow_private_network=True)).check()
    with pytest.raises(SourceError):
        OciSource(Access(with_tokens.cdn.url, allow_private_network=True)).check()
