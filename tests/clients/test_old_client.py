"""Old clients go on: the JavaScript client of before, and the paths and fields that its server told of."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from downloads_app import create_app
from tests.clients import npm
from tests.clients.live_server import PASSWORD, LiveServer, serve

OLD = Path(__file__).parent / "old_client"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[LiveServer]:
    with serve(tmp_path_factory.mktemp("live"), sqlite_template) as server:
        yield server


def test_the_client_of_before_signs_in_and_follows_a_download(
    live: LiveServer, client_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(OLD, tmp_path / "old", dirs_exist_ok=True)
    (tmp_path / "old" / "package.json").write_text('{"type": "module"}')
    (tmp_path / "old" / "node_modules").symlink_to(client_folder / "node_modules")
    told = {"DOWNLOADS_URL": live.url, "RELEASE_URL": live.release_url, "PASSWORD": PASSWORD}
    printed = npm.run(tmp_path / "old", "node", "follow.mjs", env=told)
    assert json.loads(printed) == {"seen": True, "status": "completed"}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Document, Document]:
    """The descriptions of then and of now."""
    app = create_app(instance_dir=tmp_path_factory.mktemp("instance"))
    now: Document = app.test_client().get("/api/openapi.json").get_json()
    return json.loads((OLD / "openapi.json").read_text()), now


def fields_of(document: Document, schema: Document, path: str = "") -> Iterator[str]:
    """Yield the fields of a schema, those of the objects within too."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "items" in schema:
        yield from fields_of(document, schema["items"], path)
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from fields_of(document, inner, f"{path}{name}.")


def shapes_of(document: Document) -> dict[str, tuple[set[str], set[str], set[str]]]:
    """Return of each operation its arguments, the fields of its body, and those of its answer."""
    found = {}
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method, operation in item.items():
            if method == "parameters":
                continue
            arguments = {one["name"] for one in [*shared, *operation.get("parameters", [])] if "name" in one}
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            sent = set(fields_of(document, body.get("schema", {})))
            good = next(answer for code, answer in operation["responses"].items() if code[0] == "2")
            schema = good.get("content", {}).get("application/json", {}).get("schema", {})
            found[f"{method} {path}"] = (arguments, sent, set(fields_of(document, schema)))
    return found


def test_paths_arguments_and_fields_of_before_are_there(documents: tuple[Document, Document]) -> None:
    then, now = (shapes_of(document) for document in documents)
    for operation, parts in then.items():
        assert operation in now
        for before, after, what in zip(parts, now[operation], ("arguments", "body", "answer"), strict=True):
            assert before <= after, (operation, what, before - after)


def test_nothing_more_is_asked_of_a_body(documents: tuple[Document, Document]) -> None:
    then, now = (document["components"]["schemas"] for document in documents)
    bodies = re.findall(r'"requestBody":.*?schemas/(\w+)"', json.dumps(documents[0]))
    assert "NewDownload" in bodies
    for name in bodies:
        assert set(now[name].get("required", [])) <= set(then[name].get("required", [])), name
