"""From the hub's listing to the last byte: what the source lists, the worker's transfer fetches and verifies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.sources.registry import open_source
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Transfer
from tests.support.hub import Hub
from tests.support.hub_answers import HubRefusal
from tests.support.repositories import MEBIBYTE, SMALL_SIZES_BYTES, build_repository, make_content

SIZES_BYTES = {**SMALL_SIZES_BYTES, "model-00001-of-00002.safetensors": 9 * MEBIBYTE + 7}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    build_repository(tmp_path / "source", SIZES_BYTES)
    with Hub() as hub:
        hub.tokens |= {"good": {"org/model"}}
        hub.add("org/model", tmp_path / "source", gated=True)
        yield hub


def list_files(hub: Hub) -> tuple[Access, tuple[RemoteFile, ...]]:
    access = Access(hub.url, token="good", allow_private_network=True)
    return access, open_source("huggingface", access).list_files("org/model", None).files


def make_transfer(access: Access, files: tuple[RemoteFile, ...], folder: Path) -> Transfer:
    return Transfer(
        access,
        files,
        folder,
        limits=Limits(),
        report=lambda progress: None,
        file_done=lambda file, result: None,
        should_stop=lambda: False,
        may_write=lambda: True,
    )


def test_a_gated_repository_arrives_byte_for_byte_and_the_token_stays_with_the_hub(hub: Hub, tmp_path: Path) -> None:
    make_transfer(*list_files(hub), tmp_path / "target").run()
    for path, size in SIZES_BYTES.items():
        assert (tmp_path / "target" / path).read_bytes() == make_content(path, size), path
    assert hub.cdn_requests
    assert not any("authorization" in headers for _, headers in hub.cdn_requests)


def test_a_file_that_the_hub_will_not_send_over_plain_http_fails_with_that_reason(hub: Hub, tmp_path: Path) -> None:
    path = "model-00001-of-00002.safetensors"
    hub.repositories["org/model"].too_large.add(path)
    with pytest.raises(SourceError) as caught:
        make_transfer(*list_files(hub), tmp_path / "target").run()
    assert caught.value.permanent
    assert caught.value.message == f"{path} ({SIZES_BYTES[path]:,} bytes) is too large for plain HTTP at this hub"


def test_a_rate_limit_in_the_middle_is_waited_out(hub: Hub, tmp_path: Path) -> None:
    access, files = list_files(hub)
    hub.limit_rate(1, times=2)
    make_transfer(access, files, tmp_path / "target").run()
    assert not hub.refusals
    assert (tmp_path / "target" / "README.md").read_bytes() == make_content("README.md", SIZES_BYTES["README.md"])


def test_a_gate_that_closes_behind_the_listing_is_named(hub: Hub, tmp_path: Path) -> None:
    access, files = list_files(hub)
    hub.refusals.extend([HubRefusal(403, "GatedRepo", "restricted")] * 100)
    with pytest.raises(SourceError, match="is gated: its owner has to grant access"):
        make_transfer(access, files, tmp_path / "target").run()
