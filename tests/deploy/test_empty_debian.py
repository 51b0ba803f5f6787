"""docs/deploy.md on an empty Debian: its commands, as printed and in their order, under a systemd of its own.

Two things differ from a reader's machine: the name is known to it alone, and nobody hands out a certificate, so the
test makes one.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from downloads_app import __version__
from tests.deploy.page import BLOCKS, NAME, type_in
from tests.deploy.versions import COPIED, SOURCE, publish_new_version, publish_source
from tests.support.certificates import write_certificate
from tests.support.machine import Machine
from tests.support.publishing import describe
from tests.support.roots import make_root, run_in
from tests.support.server import wait_until
from tests.support.units import UNITS

FROM_OUTSIDE = ("Packages", "The code")
"""What needs a registry; the machine that is booted then has loopback alone."""
CONTENT = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty Debian, on which the page was followed as far as it needs a registry."""
    root = make_root(tmp_path_factory.mktemp("debian"), "systemd-sysv")
    publish_source(root / SOURCE.lstrip("/"))
    with (root / "etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.0.1 localhost {NAME}\n")
    for heading in FROM_OUTSIDE:
        run_in(root, type_in(heading), lends_pip=heading == "The code")
    (root / "etc/pip.conf").unlink()
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def machine(root: Path) -> Iterator[Machine]:
    with Machine(root) as machine:
        yield machine


def curl(machine: Machine, path: str, *options: str, scheme: str = "https", checked: bool = True) -> str:
    """Ask the site from the machine's network, with this machine's curl; nothing is returned if it fails unchecked."""
    trusted = ["--cacert", f"{machine.root}/etc/letsencrypt/live/{NAME}/fullchain.pem"]
    named = ["--resolve", f"{NAME}:443:127.0.0.1", "--resolve", f"{NAME}:80:127.0.0.1", "--max-time", "60"]
    command = ["curl", "--silent", "--show-error", "--fail", *trusted, *named, *options, f"{scheme}://{NAME}{path}"]
    done = subprocess.run(machine.enter_network(*command), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 or not checked, done.stderr
    return done.stdout if done.returncode == 0 else ""


def readiness(machine: Machine) -> dict[str, Any]:
    """Return what the site says of itself; nothing while it does not answer."""
    found: dict[str, Any] = json.loads(curl(machine, "/readyz", checked=False) or "{}")
    return found


def ask(machine: Machine, path: str, token: str, body: Any = None) -> Any:
    options = ["--header", f"Authorization: Bearer {token}"] if token else []
    if body is not None:
        options += ["--json", json.dumps(body)]
    return json.loads(curl(machine, path, *options))


def make_database_and_settings(machine: Machine) -> None:
    for heading in ("The database", "Settings"):
        machine.run(type_in(heading))


def get_certificate(machine: Machine) -> None:
    """The command is understood, and its proof would be shown; the certificate itself is ours."""
    block = type_in("The certificate")
    assert BLOCKS["The certificate"].startswith("certbot certonly ")
    said = machine.run(block, checked=False).stdout
    assert "unrecognized arguments" not in said
    assert "usage:" not in said.lower()
    assert "acme" in said.lower() or "connection" in said.lower(), (
        said
    )  # it got as far as its server, which is not there
    show_proof(machine)
    live = machine.root / f"etc/letsencrypt/live/{NAME}"
    live.mkdir(parents=True)
    write_certificate(live, host=NAME)
    (live / "certificate.pem").rename(live / "fullchain.pem")
    (live / "key.pem").rename(live / "privkey.pem")
    shutil.copy(live / "fullchain.pem", machine.root / "usr/local/share/ca-certificates/test.crt")
    machine.run("update-ca-certificates")


def show_proof(machine: Machine) -> None:
    """What certbot would put there is answered under the name, by whatever site is there now."""
    folder = machine.root / "var/www/html/.well-known/acme-challenge"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "proof").write_text("shown")
    assert curl(machine, "/.well-known/acme-challenge/proof", scheme="http") == "shown"


def start_units(machine: Machine) -> None:
    """They run under all that they forbid."""
    machine.run(type_in("The service"))
    for unit in UNITS:
        machine.run(f"systemd-analyze security --no-pager --threshold=25 {unit}.service")
        assert machine.run(f"systemctl is-active {unit} && systemctl is-enabled {unit}").stdout == "active\nenabled\n"
    status = machine.run("cat /proc/$(systemctl show --value -p MainPID downloads-web)/status").stdout
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
    wait_until(lambda: "together, by io_uring" in machine.journal("downloads-web"), what="the sender's line")


def put_nginx_before(machine: Machine) -> None:
    """It shows the site, and still the certificate's proof."""
    machine.run(type_in("nginx"))
    wait_until(lambda: readiness(machine).get("status") == "ok", what="the site")
    assert "strict-transport-security: max-age=" in curl(machine, "/", "--include").lower()
    wait_until(  # just after the reload an old worker of nginx may still answer
        lambda: "location: https://" in curl(machine, "/x", "--include", scheme="http", checked=False).lower(),
        what="the redirect of our site",
    )
    show_proof(machine)


def make_admin(machine: Machine) -> str:
    """Return the password; the doctor finds nothing wrong."""
    said = machine.run(type_in("The first admin")).stdout
    (password,) = re.findall(r"^Password: (\S+)$", said, re.MULTILINE)
    machine.run(type_in("Does it work?"))
    return str(password)


def forget_a_path(machine: Machine) -> None:
    """The doctor finds a DOWNLOADS_DIR that not both units name, and is content when they do."""
    env, elsewhere = "/etc/downloads-app.env", "/srv/elsewhere"
    machine.run(f"install -d -m 2750 -o downloads -g www-data {elsewhere}; cp -a {env} /srv/env")
    machine.run(f"sed -i 's,^DOWNLOADS_DIR=.*,DOWNLOADS_DIR={elsewhere},' {env}")
    for unit in UNITS:
        said = machine.run("downloads-app doctor", checked=False)
        assert (said.returncode, "Read-only file system" in said.stdout) == (1, True), said.stdout
        drop_in = f"/etc/systemd/system/{unit}.service.d"
        machine.run(f"mkdir {drop_in}; printf '[Service]\\nReadWritePaths={elsewhere}\\n' > {drop_in}/override.conf")
        machine.run("systemctl daemon-reload")
    machine.run("downloads-app doctor")
    machine.run(f"cp -a /srv/env {env}; rm -r /etc/systemd/system/downloads-*.service.d; systemctl daemon-reload")


def fetch(machine: Machine, password: str) -> str:
    """A repository arrives, and nginx sends its files. Return a token."""
    folder = machine.root / "srv/provider/org/model"
    folder.mkdir(parents=True)
    (folder / "weights.bin").write_bytes(CONTENT)
    (folder / "manifest.json").write_text(json.dumps({"files": [describe("weights.bin", CONTENT)]}))
    machine.run("systemd-run --unit=provider python3 -m http.server --bind 127.0.0.1 --directory /srv/provider 9000")
    machine.run("until (echo > /dev/tcp/127.0.0.1/9000) 2>/dev/null; do sleep 0.1; done")
    machine.run("downloads-app providers add local --kind http --url http://127.0.0.1:9000/ --allow-private-network")
    machine.run("downloads-app downloads add local org/model --user admin --yes --wait")
    signed_in = ask(machine, "/api/auth/login", "", {"username": "admin", "password": password})
    token: str = signed_in["access_token"]
    (download,) = ask(machine, "/api/downloads", token)
    path = f"/api/downloads/{download['id']}/files/weights.bin"
    arrived = machine.root / "tmp-arrived"
    curl(machine, path, "--header", f"Authorization: Bearer {token}", "--output", str(arrived))
    assert arrived.read_bytes() == CONTENT
    kept = machine.run("find /var/lib/downloads-app/downloads -name weights.bin -printf '%m %u %g\\n'").stdout
    assert kept == "640 downloads www-data\n"
    return token


def reload(machine: Machine) -> None:
    """New processes serve, under the same fences, and the service has not been started anew."""
    master = machine.run("systemctl show --value -p MainPID downloads-web").stdout
    machine.run("systemctl reload downloads-web downloads-worker")
    wait_until(lambda: machine.journal("downloads-web").count("Booting worker") >= 4, what="two new processes")
    assert machine.run("systemctl show --value -p MainPID downloads-web").stdout == master
    wait_until(lambda: readiness(machine).get("status") == "ok", what="the site")


def look_at_logs(machine: Machine) -> None:
    """They are where the page says, are rotated, and tell of nothing that was refused."""
    log = machine.root / "var/log/nginx/downloads/access.log"
    assert all(json.loads(line)["request_id"] for line in log.read_text().splitlines())
    machine.run("logrotate --force /etc/logrotate.d/downloads-app")

    def is_written() -> bool:
        curl(machine, "/healthz")
        return log.stat().st_size > 0

    wait_until(is_written, what="a line in the new file")
    said = "".join(machine.journal(unit) for unit in UNITS)
    for word in ("Traceback", "not permitted", "Permission denied", "Read-only"):
        assert word not in said, said


def check_version(machine: Machine, token: str, version: str) -> None:
    """Service, database, and all that lies elsewhere are of this version; the data is there."""
    wait_until(lambda: readiness(machine).get("worker_alive"), what="the service")
    workers = json.loads(machine.run("downloads-app workers list --json").stdout)
    assert [worker["version"] for worker in workers] == [version]
    is_new = version == "99.0"
    assert ("9999" in machine.run("downloads-app db current").stdout) is is_new
    marked = machine.run(f"grep -l '^# 99.0$' {' '.join(COPIED.values())} || true").stdout.split()
    assert marked == (list(COPIED.values()) if is_new else [])
    (download,) = ask(machine, "/api/downloads", token)
    assert download["status"] == "completed"


def upgrade_and_go_back(machine: Machine, token: str) -> None:
    """After a backup the new code runs, on the same data; and then the old code again."""
    machine.run(type_in("Backups"))
    publish_new_version(machine.root / SOURCE.lstrip("/"))
    machine.run(type_in("Upgrading"))
    machine.run(type_in("The new code in its place"))
    check_version(machine, token, "99.0")
    machine.run(type_in("The way back"))
    machine.run(type_in("The new code in its place"))
    check_version(machine, token, __version__)


def stop_units(machine: Machine) -> None:
    """They stop by themselves, in time."""
    machine.run("systemctl stop downloads-web downloads-worker", seconds=60)
    for unit in UNITS:
        shown = machine.run(f"systemctl show -p Result -p ExecMainStatus {unit}").stdout
        assert sorted(shown.splitlines()) == ["ExecMainStatus=0", "Result=success"], machine.journal(unit)


@pytest.mark.scale
def test_the_page_leads_from_an_empty_debian_to_a_running_site_its_upgrade_and_the_way_back(machine: Machine) -> None:
    make_database_and_settings(machine)
    get_certificate(machine)
    start_units(machine)
    put_nginx_before(machine)
    password = make_admin(machine)
    forget_a_path(machine)
    token = fetch(machine, password)
    reload(machine)
    look_at_logs(machine)
    upgrade_and_go_back(machine, token)
    stop_units(machine)
