"""The image, built by buildah on a Debian of mmdebstrap's making, and run: no registry of images is needed."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.support.image import Builder, Container
from tests.support.publishing import describe
from tests.support.roots import make_root
from tests.support.server import PROJECT, wait_until

CONTENT = bytes(range(256)) * 1000
GRACE = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]["web"]["stop_grace_period"]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Who has built the image."""
    folder = tmp_path_factory.mktemp("image")
    builder = Builder(folder)
    builder.make_base(make_root(folder, "python3", "python3-venv", "ca-certificates"))
    builder.build()
    yield builder
    shutil.rmtree(folder)


@contextmanager
def provider(container: Container, folder: Path) -> Iterator[None]:
    """Serve a repository on the container's own loopback."""
    (folder / "org/model").mkdir(parents=True)
    (folder / "org/model/weights.bin").write_bytes(CONTENT)
    manifest = {"files": [describe("weights.bin", CONTENT)]}
    (folder / "org/model/manifest.json").write_text(json.dumps(manifest))
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), "9000"]
    server = subprocess.Popen(container.enter_network(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait(30)


def is_healthy(container: Container, builder: Builder) -> bool:
    """Ask as the image says."""
    kind, *words = builder.configuration()["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert container.process.poll() is None, container.log()
    return container.run(*words).returncode == 0


@pytest.mark.scale
def test_the_image_migrates_serves_and_fetches_as_a_user_and_stops_in_time(builder: Builder, tmp_path: Path) -> None:
    root = builder.make_container()
    with Container(root, builder.configuration(), tmp_path / "log") as container:
        wait_until(lambda: is_healthy(container, builder), 90, "its health")
        assert re.search(r"^Uid:\t10001\t10001\t10001\t10001$", container.status(), re.MULTILINE)
        assert re.search(r"^CapEff:\t0+$", container.status(), re.MULTILINE)
        assert "Password: " in container.log()
        with provider(container, tmp_path / "served"):
            where = ["--kind", "http", "--url", "http://127.0.0.1:9000/", "--allow-private-network"]
            added = container.run("downloads-app", "providers", "add", "local", *where)
            assert added.returncode == 0, added.stderr
            fetched = container.run(
                "downloads-app", "downloads", "add", "local", "org/model", "--user", "admin", "--wait"
            )
            assert fetched.returncode == 0, fetched.stderr + container.log()
        assert container.stop(int(GRACE.removesuffix("s"))) == 0
        assert "Traceback" not in container.log(), container.log()
    (arrived,) = (root / "data/downloads").rglob("weights.bin")
    assert arrived.read_bytes() == CONTENT
    assert arrived.stat().st_uid == 10001
    assert not (root / "data/downloads.sqlite3-wal").exists()
