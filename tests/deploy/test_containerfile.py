"""What the Containerfile copies is there, and what it runs is the project's own command."""

import tomllib

from tests.deploy.containerfile import read_command, read_environment, read_instructions, read_last_stage, said
from tests.support.server import PROJECT

PACKAGING = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def let_through() -> set[str]:
    """Return what .dockerignore lets into a build."""
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_what_is_copied_exists_and_is_let_through() -> None:
    for name, rest in read_instructions():
        if name == "COPY" and not rest.startswith(("--from=", ". ")):
            assert rest.split()[0] in let_through()
    for path in let_through():
        assert (PROJECT / path).exists(), path


def test_what_the_package_is_made_of_is_let_through() -> None:
    project, wheel = PACKAGING["project"], PACKAGING["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        "pyproject.toml",
        project["readme"],
        *project["license-files"],
        *wheel["packages"],
        *wheel["force-include"],
    }
    assert needed <= let_through()
    assert PACKAGING["tool"]["hatch"]["version"]["path"].partition("/")[0] in let_through()


def test_it_runs_the_project_s_command_as_a_user_who_owns_the_data_alone() -> None:
    (entry,) = read_command("ENTRYPOINT")
    assert PACKAGING["project"]["scripts"][entry] == "downloads_app.__main__:main"
    assert said("USER") == "downloads"
    made = next(rest for name, rest in read_last_stage() if name == "RUN")
    assert f"install -d -o downloads -g downloads -m 0750 {said('VOLUME')}" in made
    assert said("WORKDIR") == said("VOLUME") == read_environment()["INSTANCE_DIR"]


def test_health_is_asked_where_it_listens() -> None:
    port = read_environment()["GUNICORN_BIND"].rpartition(":")[2]
    assert said("EXPOSE") == port
    assert f"http://127.0.0.1:{port}/readyz" in " ".join(read_command("HEALTHCHECK"))
    assert said("STOPSIGNAL") == "SIGTERM"
