"""The image and compose.yaml: names, settings and nginx's rules agree with the rest of the project."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from downloads_app.config import Settings
from tests.support.server import PROJECT

LOCATION = re.compile(r"^ *location [^{]+\{.*?^ *\}$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """What compose.yaml says."""
    said: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text())
    return said


def test_web_and_worker_are_one_image_with_settings_that_exist(compose: dict[str, Any]) -> None:
    web, worker = compose["services"]["web"], compose["services"]["worker"]
    assert web["image"] == worker["image"]
    assert web["environment"] == worker["environment"]
    assert {name.lower() for name in web["environment"]} <= set(Settings.model_fields)


def test_nginx_alone_is_reached_from_outside_and_alone_is_trusted(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert all(port.startswith("127.0.0.1:") for port in services["nginx"]["ports"])
    address = services["nginx"]["networks"]["inside"]["ipv4_address"]
    assert services["web"]["environment"]["TRUSTED_PROXIES"] == address


def test_nginx_reads_its_file_and_finds_the_web_server_in_it(compose: dict[str, Any], tmp_path: Path) -> None:
    (mounted,) = compose["services"]["nginx"]["volumes"]
    file = PROJECT / mounted.split(":")[0]
    web = compose["services"]["web"]["networks"]["inside"]["ipv4_address"]
    assert f"server {web}:8000 " in file.read_text()
    (tmp_path / "logs").mkdir()
    command = ["nginx", "-t", "-p", str(tmp_path), "-c", str(file), "-g", f"pid {tmp_path}/pid; error_log stderr;"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_container_has_the_rules_of_the_machine() -> None:
    def rules(name: str) -> list[str]:
        text = re.sub(r" *#.*", "", (PROJECT / "deploy" / name).read_text())
        text = re.sub(r" *add_header Strict-Transport-Security .*", "", text)  # the container's speaks no TLS
        return [re.sub(r"\s+", " ", found) for found in LOCATION.findall(text)]

    alone = ("/_files/", "acme-challenge", "return 308")  # what needs the files' folder mounted, a certificate, HTTPS
    others = [rule for rule in rules("nginx.conf") if not any(word in rule for word in alone)]
    assert rules("compose-nginx.conf") == others


def test_the_image_runs_as_nobody_special_and_tells_its_health() -> None:
    lines = (PROJECT / "Containerfile").read_text().splitlines()
    assert "USER downloads" in lines[lines.index("FROM ${BASE}") :]
    assert any(line.startswith("HEALTHCHECK") for line in lines)
