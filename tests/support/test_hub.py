"""The test hub is no fiction: the hub's own client downloads from it, whole repositories, with its own checks."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub import Hub
from tests.support.repositories import SMALL_SIZES_BYTES, build_repository, make_content

SNAPSHOT = """
import sys
from huggingface_hub import snapshot_download
print(snapshot_download(sys.argv[1], endpoint=sys.argv[2], local_dir=sys.argv[3], token=sys.argv[4] or False,
      revision=sys.argv[5] or None, repo_type=sys.argv[6] or None))
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub() as hub:
        build_repository(tmp_path / "source", SMALL_SIZES_BYTES)
        hub.tokens["good"] = {"org/gated"}
        hub.tokens["other"] = set()
        hub.add("org/open", tmp_path / "source")
        hub.add("org/private", tmp_path / "source", private=True)
        hub.add("org/gated", tmp_path / "source", gated=True)
        yield hub


def download_snapshot(
    hub: Hub, id: str, target: Path, *, token: str = "", revision: str = "", kind: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the real client in a process of its own: its sessions and settings are global."""
    return subprocess.run(
        [sys.executable, "-c", SNAPSHOT, id, hub.url, str(target), token, revision, kind],
        env={"HOME": str(target), "HF_HOME": str(target / "home"), "HF_HUB_DISABLE_TELEMETRY": "1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def read_files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: body for name, body in files.items() if not name.startswith((".cache/", "home/"))}


EXPECTED = {path: make_content(path, size) for path, size in SMALL_SIZES_BYTES.items()}


def test_the_real_client_downloads_a_whole_repository(hub: Hub, tmp_path: Path) -> None:
    result = download_snapshot(hub, "org/open", tmp_path / "target")
    assert result.returncode == 0, result.stderr
    assert read_files(tmp_path / "target") == EXPECTED
    assert hub.cdn_requests, "large files come from the other origin"


def test_the_real_client_downloads_a_private_and_a_gated_repository_with_a_token(hub: Hub, tmp_path: Path) -> None:
    for id in ("org/private", "org/gated"):
        result = download_snapshot(hub, id, tmp_path / id, token="good")
        assert result.returncode == 0, result.stderr
        assert read_files(tmp_path / id) == EXPECTED
    assert not any("authorization" in headers for _, headers in hub.cdn_requests)


def test_the_real_client_downloads_an_older_commit_and_a_data_set(hub: Hub, tmp_path: Path) -> None:
    repository = hub.add("datasets/org/rows", tmp_path / "source")
    first = repository.refs["main"]
    (tmp_path / "source" / "README.md").write_text("changed")
    assert repository.commit(tmp_path / "source") != first
    result = download_snapshot(hub, "org/rows", tmp_path / "target", revision=first, kind="dataset")
    assert result.returncode == 0, result.stderr
    assert set(read_files(tmp_path / "target")) == set(EXPECTED)


@pytest.mark.parametrize(
    ("id", "token", "revision", "error"),
    [
        ("org/missing", "good", "", "RepositoryNotFoundError"),
        ("org/private", "", "", "401"),
        ("org/gated", "other", "", "GatedRepoError"),
        ("org/open", "bad", "", "Invalid credentials in Authorization header"),
        ("org/open", "", "no-such", "RevisionNotFoundError"),
    ],
)
def test_the_real_client_understands_each_refusal(
    hub: Hub, tmp_path: Path, id: str, token: str, revision: str, error: str
) -> None:
    result = download_snapshot(hub, id, tmp_path / "target", token=token, revision=revision)
    assert result.returncode == 1
    assert error in result.stderr


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    build_repository(tmp_path / "org" / "model", {"a.bin": 10})
    command = [sys.executable, "-m", "tests.support.hub", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert json.loads(process.stdout.readline())["repositories"] == ["org/model"]
        finally:
            process.terminate()
