"""What `npm pack` makes works where it is installed fresh."""

import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.clients import npm
from tests.clients.live_server import LiveServer
from tests.clients.processes import DEADLINE_SECONDS, running
from tests.support.server import wait_until

README = npm.CLIENT / "README.md"

USE = """
import { subscribeToDownloads, SubscriptionError, type DownloadInstance } from '@downloads-app/client';

const seen: DownloadInstance[] = [];
const { state } = subscribeToDownloads({
  url: 'http://127.0.0.1/',
  onUpdate: ({ downloads }) => seen.push(...downloads),
  signal: AbortSignal.abort(),
});
console.log(state, typeof SubscriptionError, seen.length);
"""


def test_the_package_holds_the_built_code_its_types_and_the_readme_alone(client_package: Path) -> None:
    with tarfile.open(client_package) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    entries = {
        f"{folder}/{entry}.{kind}"
        for folder in ("dist", "dist/cjs")
        for entry in ("index", "react")
        for kind in ("js", "d.ts")
    }
    assert entries | {"package.json", "README.md"} <= names
    assert all(
        re.fullmatch(r"package\.json|README\.md|dist/(cjs/)?(\w+\.(js|d\.ts)|package\.json)", name) for name in names
    )


def compiled(project: Path, client_folder: Path, name: str, code: str) -> str:
    """Compile a script in a project that has no compiler of its own; return what Node is to run."""
    (project / f"{name}.ts").write_text(code)
    tools = client_folder / "node_modules"
    npm.run(
        *(project, str(tools / ".bin" / "tsc"), "--strict", "--target", "es2022", "--module", "nodenext"),
        *("--types", "node", "--typeRoots", str(tools / "@types"), f"{name}.ts"),
    )
    return f"{name}.js"


def test_a_fresh_node_project_compiles_and_imports_it_without_react(node_project: Path, client_folder: Path) -> None:
    installed = {path.name for path in (node_project / "node_modules").iterdir() if not path.name.startswith(".")}
    assert installed == {"@downloads-app", "eventsource", "eventsource-parser"}
    script = compiled(node_project, client_folder, "use", USE)
    assert npm.run(node_project, "node", script) == "closed function 0\n"


def test_it_can_be_required_and_rendered_by_a_server(node_project: Path, client_folder: Path) -> None:
    script = """
        const { EventSource, subscribeToDownloads } = require('@downloads-app/client');
        const { createElement } = require('react');
        const { renderToString } = require('react-dom/server');
        const { useDownloadProgress } = require('@downloads-app/client/react');
        const Page = () => createElement('p', null, useDownloadProgress({ token: 'x' }).connection);
        console.log(typeof EventSource, typeof subscribeToDownloads, renderToString(createElement(Page)));
    """
    (node_project / "use.cjs").write_text(script)
    modules = {"NODE_PATH": str(client_folder / "node_modules")}
    # Without this flag Node 20.19 and newer would take an ES module too: older ones do not.
    printed = npm.run(node_project, "node", "--no-experimental-require-module", "use.cjs", env=modules)
    assert printed == "function function <p>connecting</p>\n"


@pytest.mark.parametrize("entry", ["index", "react"])
def test_it_is_small(client_folder: Path, client_package: Path, tmp_path: Path, entry: str) -> None:
    unpacked = npm.unpack_client(client_package, tmp_path)
    measure = f"""
        import {{ gzipSync }} from 'node:zlib';
        import {{ rolldown }} from 'rolldown';
        const bundle = await rolldown({{ input: 'dist/{entry}.js', external: ['react'], logLevel: 'silent' }});
        const {{ output }} = await bundle.generate({{ format: 'es', minify: true }});
        console.log(gzipSync(output[0].code).length);
    """
    printed = npm.run(unpacked, "node", "--input-type=module", "--eval", measure)
    assert int(printed) < 6 * 1024


def test_its_readmes_example_for_node_follows_the_real_server_and_ends(
    node_project: Path, client_folder: Path, live: LiveServer, tmp_path: Path
) -> None:
    (example,) = re.findall(r"^```ts\n(// watch\.ts\n.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    script = compiled(node_project, client_folder, "watch", example)
    told = {**npm.environment(), "DOWNLOADS_URL": live.url, "DOWNLOADS_TOKEN": live.token("alice")}
    download, output = live.start_download("alice"), tmp_path / "output"
    with running(["node", str(node_project / script)], told, output) as watch:
        wait_until(lambda: f"{download} " in output.read_text(), DEADLINE_SECONDS, "an update")
        live.cancel(download)
        assert watch.wait(DEADLINE_SECONDS) == 0
    assert output.read_text().splitlines()[-1] == "All downloads completed"


def test_a_fresh_vite_react_project_installs_type_checks_and_builds_it(vite_app: Path) -> None:
    page = vite_app / "dist"
    (script,) = page.glob("assets/*.js")
    assert f'src="./assets/{script.name}"' in (page / "index.html").read_text()
    assert "/api/downloads/subscribe" in script.read_text()
    lock = json.loads((vite_app / "node_modules" / ".package-lock.json").read_text())
    react = [name for name in lock["packages"] if name.endswith("node_modules/react")]
    assert react == ["node_modules/react"], "the hook must use the page's own React"


@pytest.mark.scale
def test_a_next_js_project_builds_it_and_renders_it_on_the_server(client_package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "next_app"
    shutil.copytree(npm.NEXT_APP, folder, ignore=shutil.ignore_patterns("node_modules", ".next"))
    npm.run(folder, "npm", "ci", *npm.INSTALL)
    npm.run(folder, "npm", "install", "--no-save", *npm.INSTALL, str(client_package))
    npm.run(folder, "npm", "run", "build", env={"NEXT_TELEMETRY_DISABLED": "1"})
    (rendered,) = folder.glob(".next/server/app/index.html")
    assert "connecting" in rendered.read_text()


@pytest.mark.parametrize("folder", [npm.CLIENT, npm.VITE_APP, npm.NEXT_APP, npm.CLIENT / "tests" / "react18"])
def test_no_lock_file_names_a_registry(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text())
    assert len(lock["packages"]) > 3
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
